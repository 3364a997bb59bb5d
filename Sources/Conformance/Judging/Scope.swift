import PluginProtocol

/// Which rules a plugin is judged by, and with which of its cases.
public struct Scope: Hashable, Sendable {
    /// The set that is judged by; rules of the newest set that it lacks are told as skipped.
    public let requirements: Requirements
    public let newest: Requirements
    public let profiles: [Profile]
    /// Ids; all of the profiles when empty.
    public let rules: Set<String>
    /// Names; all of the plugin when empty.
    public let cases: Set<String>

    /// - Parameter profiles: empty for those of the rules, or all.
    public init(
        requirements: Requirements, newest: Requirements, profiles: [Profile] = [], rules: Set<String> = [],
        cases: Set<String> = []
    ) {
        (self.requirements, self.newest, self.rules, self.cases) = (requirements, newest, rules, cases)
        let asked =
            rules.isEmpty
            ? Profile.allCases
            : Profile.allCases.filter { profile in
                newest.rules.contains { rules.contains($0.id) && $0.profile == profile }
            }
        self.profiles = profiles.isEmpty ? asked : Profile.allCases.filter(profiles.contains)
    }

    public func fixtures(of folder: PluginFolder) -> [Fixture] {
        folder.fixtures.filter { cases.isEmpty || cases.contains($0.name) }
    }

    /// Each rule that the result is about, and whether it can be judged. Rules that other cases show than those that
    /// were chosen are left out.
    public func plan(for folder: PluginFolder) -> [(rule: Rule, applicability: Applicability)] {
        let chosen = fixtures(of: folder)
        return newest.rules.compactMap { newer in
            guard profiles.contains(newer.profile), rules.isEmpty || rules.contains(newer.id) else { return nil }
            guard let rule = requirements[newer.id] else {
                return (newer, .skip("newer than the requirements \(requirements.revision)"))
            }
            let whole = Applicability(of: rule, to: folder)
            if whole == .judge, !cases.isEmpty, Showing(of: rule).lack(in: chosen) != nil { return nil }
            return (rule, whole)
        }
    }

    /// Puts what was found beside what was planned. A breach that was seen is told, whatever was planned.
    /// - Parameter flaky: ids of rules whose findings were not seen again when they were tried alone: told, and passed.
    public func judged(
        _ folder: PluginFolder, by findings: [Finding], flaky: Set<String> = []
    ) -> [ConformanceResult.Judged] {
        let byRule = Dictionary(grouping: findings, by: \.rule)
        return plan(for: folder).map { rule, applicability in
            let found = requirements[rule.id] == nil ? [] : byRule[rule.id] ?? []
            guard found.isEmpty else {
                let isFlaky = flaky.contains(rule.id)
                let broken: ConformanceResult.Status = rule.keyword.isBinding ? .fail : .warn
                return .init(rule, isFlaky ? .pass : broken, isFlaky: isFlaky, findings: found)
            }
            switch applicability {
            case .judge: return .init(rule, .pass)
            case .skip(let reason): return .init(rule, .skip, reason: reason)
            case .notTestable(let reason): return .init(rule, .notTestable, reason: reason)
            }
        }
    }
}
