import Foundation
import Testing

@testable import Conformance

/// What becomes of rules that cannot be judged: none of them may look green.
@Suite("Trial", .serialized)
final class TrialTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "trial-\(UUID())").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Judges a good plugin, or a mutant's base with its fault, with a change.
    private func judged(
        _ mutant: String, rules: Set<String>, change: ((inout String) -> Void)? = nil, secrets: [String: String] = [:]
    ) async throws -> [String: ConformanceResult.Judged] {
        try Mutant(reading: spec.appending(path: mutant).path).assemble(in: folder, specification: spec.path)
        if let change {
            let path = "\(folder)/conformance/cases.json"
            var cases = try String(contentsOfFile: path, encoding: .utf8)
            change(&cases)
            try cases.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let set = try requirements()
        var trial = Trial(
            of: try PluginFolder(reading: folder), Scope(requirements: set, newest: set, rules: rules),
            launcher: launcher)
        trial.secrets = secrets
        return Dictionary(uniqueKeysWithValues: try await trial.outcome().rules.map { ($0.rule.id, $0) })
    }

    @Test("a setup that fails is the fixture's fault: the rules are not testable, and the plugin is not blamed")
    func setup() async throws {
        let judged = try await judged(
            "good/worker", rules: ["FRM-01", "RES-11"],
            change: { $0 = $0.replacing("\"traits\":", with: "\"setup\": [\"exit 7\"], \"traits\":") })
        for rule in ["FRM-01", "RES-11"] {
            #expect(judged[rule]?.status == .notTestable)
            #expect(judged[rule]?.reason?.contains("status 7") == true, "\(String(describing: judged[rule]))")
        }
    }

    @Test("a real secret is found, and not told (SEC-01)")
    func realSecret() async throws {
        let mutant = try #require(
            try FileManager.default.contentsOfDirectory(atPath: spec.appending(path: "mutants").path).first {
                $0.hasPrefix("SEC-01-")
            })
        let judged = try await judged(
            "mutants/\(mutant)", rules: ["SEC-01"], secrets: ["Token": "correct-horse-battery"])
        let finding = try #require(judged["SEC-01"]?.findings.first)
        #expect(!finding.evidence.contains("correct-horse-battery"))
    }

    @Test("a check that does not say where it stands breaks MSG-03")
    func withoutCursor() async throws {
        try FileManager.default.copyItem(atPath: spec.appending(path: "good/perl").path, toPath: folder)
        let path = "\(folder)/bin/plugin"
        let plugin = try String(contentsOfFile: path, encoding: .utf8)
        try plugin.replacing("cursor => '1', changes", with: "changes").write(
            toFile: path, atomically: false, encoding: .utf8)
        let set = try requirements()
        let trial = Trial(
            of: try PluginFolder(reading: folder), Scope(requirements: set, newest: set, rules: ["MSG-03"]),
            launcher: launcher)
        let found = try await trial.outcome().rules.flatMap(\.findings)
        #expect(Set(found.map(\.fixture)) == ["checks", "checks-again"], "\(found)")
    }

    @Test("what the kit itself says wrong is its own fault (KIT-01)")
    func ownMessages() throws {
        let good = try FileManager.default.contentsOfDirectory(atPath: spec.appending(path: "vectors/good").path)
            .filter { $0.hasPrefix("job-") }
        #expect(!good.isEmpty)
        for name in good {
            let job = [UInt8](try Data(contentsOf: spec.appending(path: "vectors/good/\(name)")))
            #expect(KitFault(inMessage: job) == nil, "\(name)")
        }
        for wrong in ["{}", "{\"type\": \"job\"", String(repeating: " ", count: 1 << 20)] {
            let fault = KitFault(inMessage: Array(wrong.utf8))
            #expect(fault?.description.hasPrefix("KIT-01: ") == true && fault?.fixture == nil)
        }
    }

    @Test("of many findings about one rule and case the first three are told, and none twice (FRM-01)")
    func many() async throws {
        let work = "for i in 1 1 2 3 4 5; do echo text$i >&3; done; say jobSuccessResult"
        let findings = try await SmallPlugin(work).findings(["FRM-01"])
        #expect(findings.count == 3 && Set(findings).count == 3, "\(findings)")
    }

    @Test("every rule is judged where its requirement says")
    func registry() throws {
        for rule in try requirements().rules where rule.check != "manifest" {
            if rule.check == "every run" {
                #expect(Check.everyRun.contains { $0.rule == rule.id }, "\(rule.id)")
            } else {
                #expect(Probe.all.first { $0.name == rule.check }?.rules.contains(rule.id) == true, "\(rule.id)")
            }
        }
    }
}
