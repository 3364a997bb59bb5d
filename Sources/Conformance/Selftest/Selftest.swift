import Glibc
import Workspaces

/// The proof of the kit: every mutant is found out, for what it does and for nothing else, and no good plugin is blamed.
public struct Selftest: Sendable {
    /// Path of `spec/`.
    public let specification: String
    public let requirements: Requirements
    public let launcher: String
    /// How many plugins are judged at once: most of the time each only waits.
    public var width = 6
    /// Every mutant by all rules, and not only by those of its own group and of every run.
    public var isWhole = false
    public var scale = 1.0

    public init(specification: String, requirements: Requirements, launcher: String) {
        self.specification = specification
        self.requirements = requirements
        self.launcher = launcher
    }

    /// What the kit said of one plugin, beside what it should have said.
    public struct Outcome: Hashable, Sendable {
        /// `FRM-01-banner`, or `good/python`.
        public internal(set) var name: String
        /// Rules that it was to be found breaking and was not.
        public var missed: Set<String> = []
        /// What else was found.
        public var unexpected: [Finding] = []
        /// Why nothing was said of it at all.
        public var fault: String?

        public var isProven: Bool { missed.isEmpty && unexpected.isEmpty && fault == nil }
    }

    /// Judges the given plugins. Some rules are judged by time, of which each has less when there are many at once: one
    /// that is judged wrongly among others is judged once more by itself, and that counts.
    /// - Parameters:
    ///   - good: names below `spec/good`.
    ///   - report: is told each outcome as it comes, in no order; of what is judged twice both.
    /// - Returns: all outcomes.
    public func run(
        _ mutants: [Mutant], good: [String], report: @escaping @Sendable (Outcome) -> Void
    ) async -> [Outcome] {
        var trials: [@Sendable () async -> Outcome] = good.map { name in { await judge(good: name) } }
        trials += mutants.map { mutant in { await judge(mutant) } }
        var outcomes: [Int: Outcome] = [:]
        await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, trial) in trials.enumerated() {
                if index >= width, let (judged, outcome) = await group.next() { outcomes[judged] = outcome }
                group.addTask {
                    let outcome = await trial()
                    report(outcome)
                    return (index, outcome)
                }
            }
            for await (judged, outcome) in group { outcomes[judged] = outcome }
        }
        for (index, outcome) in outcomes where !outcome.isProven {
            let alone = await trials[index]()
            report(alone)
            outcomes[index] = alone
        }
        return outcomes.values.sorted { $0.name < $1.name }
    }

    private func judge(good name: String) async -> Outcome {
        let folder = "\(specification)/good/\(name)"
        var outcome = Outcome(name: "good/\(name)")
        do {
            if access("\(folder)/\(Mutant.fileName)", F_OK) == 0 {
                outcome = await judge(try Mutant(reading: folder))
                outcome.name = "good/\(name)"
            } else {
                outcome.unexpected = try await broken(in: folder, by: Set(requirements.rules.map(\.id))).findings
            }
        } catch {
            outcome.fault = "\(error)"
        }
        return outcome
    }

    private func judge(_ mutant: Mutant) async -> Outcome {
        var outcome = Outcome(name: mutant.name)
        do {
            let made = try makeTemporaryFolder()
            defer { try? Workspace(root: made, owner: nil).remove() }
            try mutant.assemble(in: "\(made)/\(mutant.name)", specification: specification)
            let found = try await broken(in: "\(made)/\(mutant.name)", by: rules(for: mutant))
            let known = mutant.also.union([mutant.breaks].compactMap { $0 })
            outcome.missed = Set([mutant.breaks].compactMap { $0 }).subtracting(found.rules)
            outcome.unexpected = found.findings.filter { !known.contains($0.rule) }
        } catch {
            outcome.fault = "\(error)"
        }
        return outcome
    }

    private func rules(for mutant: Mutant) -> Set<String> {
        let group = mutant.breaks?.prefix(3) ?? ""
        let chosen = requirements.rules.filter { rule in
            isWhole || rule.id.hasPrefix(group) || rule.check == "every run"
        }
        return Set(chosen.map(\.id))
    }

    private func broken(
        in folder: String, by rules: Set<String>
    ) async throws -> (rules: Set<String>, findings: [Finding]) {
        let scope = Scope(requirements: requirements, newest: requirements, rules: rules)
        var trial = Trial(of: try PluginFolder(reading: folder), scope, launcher: launcher)
        trial.scale = scale
        let judged = try await trial.outcome().rules.filter { [.fail, .warn].contains($0.status) }
        return (Set(judged.map(\.rule.id)), judged.flatMap(\.findings))
    }
}
