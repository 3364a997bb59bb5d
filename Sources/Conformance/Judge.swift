/// Tries a plugin in every scenario that the chosen rules need, and tells what breaks them.
struct Judge: Sendable {
    /// Ids of the rules that are asked about.
    let rules: Set<String>
    /// Ids of those that a worker has to obey in its one-shot runs: they are looked at for WRK-04.
    var demandedOneShot: Set<String> = []
    /// So many of one rule and case are told: more of the same help nobody.
    private static let told = 3
    /// How many scenarios are played at once: most of the time each only waits.
    private static let width = 4
    /// Rules about how long something takes: on a busy machine they can be broken by chance.
    private static let timed: Set<String> = [
        "RES-02", "FRM-10", "LIF-03", "LIF-04", "LIF-05", "LIF-06", "LIF-07", "LIF-08", "LIF-12", "LOG-04", "PRG-03",
        "PRG-04",
        "CNT-07", "CAN-01", "CAN-04", "CAN-06", "WRK-01", "WRK-03",
    ]

    /// Rules about all that it writes.
    private static let everywhere = ["SEC-01", "SEC-03", "SEC-05", "SEC-06"]

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
        // Each scenario has a world of its own, unless its fixture is let out into the machine's.
        let isAlone = setting.network && setting.fixtures.contains(where: \.needsNetwork)
        var outcome = try await play(probes, setting, width: isAlone ? 1 : Self.width)
        let suspects = outcome.findings.filter { Self.timed.contains($0.rule) }
        if !suspects.isEmpty {
            let again = try await play(
                probes.filter { probe in suspects.contains { $0.probe == probe.name } }, setting, width: 1)
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

    /// In these each fixture is run as it stands.
    private static let plain: Set<String> = ["fixtures", "long", "chain"]

    /// The scenarios that are played: those with a rule that is asked about, and for rules that are judged in every run
    /// the plain ones.
    private var probes: [Probe] {
        let rules = rules.union(demandedOneShot)
        let passive = Set(Check.everyRun.map(\.rule))
        return Probe.all.filter { probe in
            !rules.isDisjoint(with: probe.rules)
                || Self.plain.contains(probe.name) && !rules.isDisjoint(with: passive)
        }
    }

    private func play(_ probes: [Probe], _ setting: Bench.Setting, width: Int) async throws -> Outcome {
        let bench = try Bench(setting)
        do {
            let outcome = try await play(probes, on: bench, width: width)
            await bench.close()
            return outcome
        } catch {
            await bench.close()
            throw error
        }
    }

    private func play(_ probes: [Probe], on bench: Bench, width: Int) async throws -> Outcome {
        var played: [(index: Int, outcome: Outcome)] = []
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            for (index, probe) in probes.enumerated() {
                if index >= width, let next = try await group.next() { played.append(next) }
                group.addTask { (index, try await play(probe, on: bench)) }
            }
            for try await next in group { played.append(next) }
        }
        var outcome = Outcome()
        for (_, part) in played.sorted(by: { $0.index < $1.index }) {
            outcome.findings += part.findings
            outcome.unjudged.merge(part.unjudged) { first, _ in first }
        }
        let order = Dictionary(uniqueKeysWithValues: probes.enumerated().map { ($1.name, $0) })
        outcome.recordings = await bench.recordings.enumerated().sorted {
            (order[$0.element.probe] ?? 0, $0.offset) < (order[$1.element.probe] ?? 0, $1.offset)
        }.map(\.element)
        outcome.findings += outcome.recordings.flatMap(\.findings)
        if outcome.recordings.contains(where: \.isCut) {
            for rule in Self.everywhere { outcome.unjudged[rule] = "it wrote more than the kit looks at" }
        }
        let looked = rules.union(demandedOneShot)
        outcome.findings = told(outcome.findings.filter { looked.contains($0.rule) })
        return outcome
    }

    private func play(_ probe: Probe, on bench: Bench) async throws -> Outcome {
        var outcome = Outcome()
        do {
            outcome.findings = try await probe.run(bench)
        } catch let fault as KitFault where fault.fixture != nil {
            let rules = probe.rules + (Self.plain.contains(probe.name) ? Check.everyRun.map(\.rule) : [])
            for rule in rules { outcome.unjudged[rule] = "case \(fault.fixture!): \(fault)" }
        }
        return outcome
    }

    private func told(_ findings: [Finding]) -> [Finding] {
        var counts: [[String?]: Int] = [:]
        var seen: Set<Finding> = []
        return findings.filter { finding in
            guard seen.insert(finding).inserted else { return false }
            counts[[finding.rule, finding.fixture], default: 0] += 1
            return counts[[finding.rule, finding.fixture]]! <= Self.told
        }
    }
}
