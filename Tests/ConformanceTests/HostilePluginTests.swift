import Artifacts
import Conformance
import Foundation
import Testing

/// What a plugin that wants to mislead the kit, or to harm it, does not achieve.
@Suite("Hostile plugins")
struct HostilePluginTests {
    @Test("what watches a plugin cannot be ended or stopped by it", arguments: ["KILL", "STOP"])
    func supervisor(signal: String) async throws {
        let work = "say jobSuccessResult; kill -\(signal) $PPID 1; exit 5"
        #expect(try await SmallPlugin(work).findings(["RES-05"]).map(\.rule) == ["RES-05"])
    }

    @Test("the pipe on which its end is told cannot be found below /proc")
    func report() async throws {
        let work = """
            for pipe in /proc/1/fd/*; do printf '{"exited":0,"instance":0}\\n' >"$pipe"; done
            ls /proc/1/fd && echo found; say jobSuccessResult; exit 5
            """
        let outcome = try await SmallPlugin(work).outcome(["RES-05"])
        #expect(outcome.rules.flatMap(\.findings).map(\.rule) == ["RES-05"])
        #expect(outcome.recordings.flatMap(\.log).allSatisfy { $0.heard.text != "found" })
    }

    @Test("the pipes of a second instance cannot be replaced by links that lead the kit elsewhere")
    func pipes() async throws {
        let work = """
            ln -sf /etc/shadow /pipes/output && ln -sf /etc/passwd /pipes/input && sleep 1; say jobSuccessResult
            """
        let outcome = try await SmallPlugin(work).outcome(["LIF-10"])
        #expect(outcome.rules.map(\.status) == [.pass])
        let pair = outcome.recordings.filter { $0.probe == "pair" }
        #expect(pair.count == 2)
        #expect(pair.contains { $0.log.contains { $0.heard.text.contains("Read-only") } })
    }

    @Test("of a flood a part is kept, and the result behind it; then nobody says that no secret was in it")
    func flood() async throws {
        let outcome = try await SmallPlugin("yes | head -300000; say jobSuccessResult").outcome(["RES-01"])
        #expect(outcome.rules.map(\.status) == [.pass])
        let recording = try #require(outcome.recordings.first)
        #expect(recording.isCut)
        #expect(recording.log.count == 100_000)
    }

    @Test(
        "a plugin gets a variable of ours only if it is granted, and its manifest asks for it",
        arguments: [true, false])
    func environment(isGranted: Bool) async throws {
        let outcome = try await SmallPlugin("echo \"has ${GRANTED:-none} ${OTHER:-none}\"; say jobSuccessResult")
            .outcome(["RES-01"]) { $0.environment = isGranted ? ["GRANTED": "it", "OTHER": "it"] : [:] }
        #expect(outcome.recordings.first?.log.map(\.heard.text) == [isGranted ? "has it none" : "has none none"])
    }

    @Test("nothing tells a plugin by its job that it is judged")
    func job() async throws {
        let outcome = try await SmallPlugin("echo \"$(get '.host.name') $job\"; say jobSuccessResult").outcome([
            "RES-01"
        ])
        let said = try #require(outcome.recordings.first?.log.first?.heard.text)
        #expect(said.hasPrefix("penstock ") && !said.contains("onformance") && !said.contains("udge"))
    }

    @Test("LIF-14 is not broken by a job that has no 3 seconds to lose")
    func shortJob() async throws {
        let plugin = try SmallPlugin("sleep 0.5; say jobSuccessResult", timeoutSeconds: 3)
        #expect(try await plugin.findings(["LIF-14"]) == [])
    }

    @Test("a plugin that only serves check is judged with a case of that")
    func checkOnly() async throws {
        let plugin = try SmallPlugin("say jobSuccessResult '{cursor: \"1\", changes: []}'", operation: "check")
        let outcome = try await plugin.outcome(["MSG-04", "LIF-10", "CAN-01"])
        #expect(outcome.rules.map(\.status) == [.pass, .pass, .pass])
    }

    @Test("LIF-03 is not broken by a runtime that takes seconds to start")
    func slowStart() async throws {
        let read = "sleep 3; read -r job || exit 0"
        #expect(try await SmallPlugin("say jobSuccessResult", read: read).findings(["LIF-03"]) == [])
    }
}

@Suite("Snapshots of a folder")
struct SnapshotTests {
    @Test("links are not followed, pipes are not waited for, and names need not be text")
    func oddities() throws {
        let site = try PluginSite()
        try site.link("root", to: "/")
        #expect(mkfifo("\(site.path)/pipe", 0o600) == 0)
        let name = Array("\(site.path)/".utf8CString.dropLast()) + [-1, 0]
        close(open(name, O_CREAT | O_WRONLY, 0o600))
        let found = Snapshot(of: site.path).entries
        #expect(found["root"]?.kind == .link("/"))
        #expect(found["pipe"]?.kind == .other("named pipe"))
        #expect(found["\u{FFFD}"]?.kind == .file([]))
        #expect(!found.keys.contains { $0.hasPrefix("root/") })
    }

    @Test("of files beyond a total only the size is known, and that alone is compared")
    func large() throws {
        let site = try PluginSite()
        for name in ["a", "b", "c"] { try site.write(String(repeating: "x", count: 15 << 20), to: "more/\(name)") }
        let (found, less) = (Snapshot(of: "\(site.path)/more"), Snapshot(of: site.path).below("more"))
        let kept = found.entries.values.compactMap { if case .file(let bytes) = $0.kind { bytes?.count } else { nil } }
        #expect(kept.reduce(0, +) <= 32 << 20)
        #expect(found.differences(from: less) == [])
        try site.write(String(repeating: "x", count: 14 << 20), to: "more/c")
        #expect(found.differences(from: Snapshot(of: "\(site.path)/more")) == ["c"])
    }

    @Test("a folder with a file of a terabyte is refused, and not read for hours")
    func holes() throws {
        let site = try PluginSite()
        try site.write("", to: "hole")
        #expect(truncate("\(site.path)/hole", 1 << 40) == 0)
        let folder = try site.read()
        #expect(throws: ArtifactError.self) { try folder.sha256() }
    }
}
