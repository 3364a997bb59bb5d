/// Tries a plugin in every scenario that the chosen rules need, and tells what breaks them.
public struct Judge: Sendable {
    /// Ids of the rules that are asked about.
    public let rules: Set<String>
    /// So many of one rule are told: more of the same help nobody.
    private static let told = 5

    public init(rules: Set<String>) { self.rules = rules }

    /// What was found, and which rules could not be judged because of a fixture that does not work.
    public struct Outcome: Sendable {
        public var findings: [Finding] = []
        /// Id of a rule to the reason.
        public var unjudged: [String: String] = [:]
    }

    /// The scenarios that are played: those with a rule that is asked about, and for rules that are judged in every run
    /// at least the fixtures.
    private var probes: [Probe] {
        let passive = Set(Check.everyRun.map(\.rule))
        return Probe.all.filter { probe in
            !rules.isDisjoint(with: probe.rules) || probe.name == "fixtures" && !rules.isDisjoint(with: passive)
        }
    }

    /// - Throws: `KitFault` when the kit cannot do its work.
    public func judge(on bench: Bench) async throws -> Outcome {
        var outcome = Outcome()
        for probe in probes {
            do {
                outcome.findings += try await probe.run(bench)
            } catch let fault as KitFault where fault.fixture != nil {
                for rule in probe.rules { outcome.unjudged[rule] = "fixture \(fault.fixture!): \(fault)" }
            }
        }
        for recording in await bench.recordings {
            for check in Check.everyRun { outcome.findings += check.findings(in: recording) }
        }
        outcome.findings = told(outcome.findings.filter { rules.contains($0.rule) })
        return outcome
    }

    private func told(_ findings: [Finding]) -> [Finding] {
        var counts: [String: Int] = [:]
        return findings.filter { finding in
            counts[finding.rule, default: 0] += 1
            return counts[finding.rule]! <= Self.told
        }
    }
}
