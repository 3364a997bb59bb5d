/// What came of judging one plugin by one set of requirements. Spec: conformance.md, Results
public struct ConformanceResult: Hashable, Sendable {
    /// Of one rule.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// Nothing was found.
        case pass
        /// A MUST is broken.
        case fail
        /// A SHOULD is broken.
        case warn
        /// The capability is not declared, or the rule is newer than the set of requirements.
        case skip
        /// The capability is declared, and nothing shows it; counts as `fail` or `warn`.
        case notTestable
    }

    public struct Judged: Hashable, Sendable {
        public let rule: Rule
        public let status: Status
        /// Why it was skipped or could not be tested.
        public let reason: String?
        /// Seen once, and not again when it was tried alone.
        public let isFlaky: Bool
        public let findings: [Finding]

        public init(
            _ rule: Rule, _ status: Status, reason: String? = nil, isFlaky: Bool = false, findings: [Finding] = []
        ) {
            self.rule = rule
            self.status = status
            self.reason = reason
            self.isFlaky = isFlaky
            self.findings = findings
        }

        /// Whether it counts against the plugin: a MUST that is broken, or cannot be shown.
        public var counts: Bool {
            switch status {
            case .pass, .skip, .warn: false
            case .fail: true
            case .notTestable: rule.keyword.isBinding
            }
        }
    }

    public struct Plugin: Hashable, Sendable {
        public let name: String
        public let version: String
        /// Of the whole folder, hexadecimal.
        public let sha256: String
        public let protocols: [String]

        public init(name: String, version: String, sha256: String, protocols: [String]) {
            self.name = name
            self.version = version
            self.sha256 = sha256
            self.protocols = protocols
        }

        /// Name and version, as one line whatever the version is.
        var title: String { "\(name) \(String(version.map { $0.isNewline ? " " : $0 }))" }
    }

    /// The version of Penstock whose kit judged.
    public let kit: String
    public let requirements: String
    /// The profiles that were asked for.
    public let profiles: [Profile]
    public let plugin: Plugin
    public let rules: [Judged]
    public let seed: UInt64
    public let durationSeconds: Double
    /// RFC 3339
    public let startedAt: String
    /// System, sandbox, versions: names to values.
    public let environment: [String: String]

    public init(
        kit: String, requirements: String, profiles: [Profile], plugin: Plugin, rules: [Judged], seed: UInt64,
        durationSeconds: Double, startedAt: String, environment: [String: String]
    ) {
        self.kit = kit
        self.requirements = requirements
        self.profiles = profiles
        self.plugin = plugin
        self.rules = rules
        self.seed = seed
        self.durationSeconds = durationSeconds
        self.startedAt = startedAt
        self.environment = environment
    }

    public var passes: Bool { !rules.contains(where: \.counts) }
}
