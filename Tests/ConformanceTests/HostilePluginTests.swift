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
}
