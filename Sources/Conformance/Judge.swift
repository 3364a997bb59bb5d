/// Tries a plugin in every scenario that the chosen rules need, and tells what breaks them.
struct Judge: Sendable {
    /// Ids of the rules that are asked about.
    let rules: Set<String>
    /// Ids of those that a worker has to obey in its one-shot runs: they are looked at for WRK-04.
    var demandedOneShot: Set<String> = []
    /// So many of one rule are told: more of the same help nobody.
    private static let told = 5
    /// Rules about how long something takes: on a busy machine they can be broken by chance.
    private static let timed: Set<String> = [
        "RES-02", "FRM-10", "LIF-03", "LIF-04", "LIF-05", "LIF-06", "LIF-07", "LIF-08", "LOG-04", "PRG-03", "PRG-04",
        "CNT-07", "CAN-01", "CAN-04", "CAN-06", "WRK-01", "WRK-03",
    ]

    struct Outcome: Sendable {
        var findings: [Finding] = []
        /// Rules about time that were broken once, and not when they were tried again alone.
        var flaky: Set<String> = []
        /// Id of a rule to the reason why it could not be judged: a fixture that does not work.
        var unjudged: [String: String] = [:]
        var recordings: [Recording] = []
    }

    /// - Throws: `KitFault` when the kit cannot do its work.
    func judge(_ setting: Bench.Setting) async throws -> Outcome {
        var outcome = try await play(probes, setting)
        let suspects = outcome.findings.filter { Self.timed.contains($0.rule) }
        if !suspects.isEmpty {
            let again = try await play(probes.filter { probe in suspects.contains { $0.probe == probe.name } }, setting)
            outcome.flaky = Set(suspects.map(\.rule)).subtracting(again.findings.map(\.rule))
            outcome.recordings += again.recordings
        }
        outcome.findings += oneShotFindings(outcome)
        outcome.findings.removeAll { !rules.contains($0.rule) }
        return outcome
    }

    /// What a worker does wrong when it is run one-shot, as one finding. Spec: WRK-04
    private func oneShotFindings(_ outcome: Outcome) -> [Finding] {
        let broken = outcome.findings.filter { finding in
            demandedOneShot.contains(finding.rule) && !outcome.flaky.contains(finding.rule)
                && finding.probe.map { !$0.hasPrefix("worker-") } ?? false
        }
        guard let first = broken.first else { return [] }
        let names = Set(broken.map(\.rule)).sorted().joined(separator: ", ")
        let evidence = "when it is run one-shot it breaks \(names); \(first.rule): \(first.evidence)"
        return [
            Finding(
                "WRK-04", fixture: first.fixture, probe: first.probe, evidence: evidence, hint: Rule.hint(for: "WRK-04")
            )
        ]
    }

    private func play(_ probes: [Probe], _ setting: Bench.Setting) async throws -> Outcome {
        let bench = try Bench(setting)
        do {
            let outcome = try await play(probes, on: bench)
            await bench.close()
            return outcome
        } catch {
            await bench.close()
            throw error
        }
    }

    /// The scenarios that are played: those with a rule that is asked about, and for rules that are judged in every run
    /// those in which each fixture is run as it stands.
    private var probes: [Probe] {
        let rules = rules.union(demandedOneShot)
        let passive = Set(Check.everyRun.map(\.rule))
        return Probe.all.filter { probe in
            !rules.isDisjoint(with: probe.rules)
                || ["fixtures", "long", "chain"].contains(probe.name) && !rules.isDisjoint(with: passive)
        }
    }

    private func play(_ probes: [Probe], on bench: Bench) async throws -> Outcome {
        var outcome = Outcome()
        for probe in probes {
            do {
                outcome.findings += try await probe.run(bench)
            } catch let fault as KitFault where fault.fixture != nil {
                for rule in probe.rules { outcome.unjudged[rule] = "fixture \(fault.fixture!): \(fault)" }
            }
        }
        outcome.recordings = await bench.recordings
        outcome.findings += outcome.recordings.flatMap(\.findings)
        let looked = rules.union(demandedOneShot)
        outcome.findings = told(outcome.findings.filter { looked.contains($0.rule) })
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
