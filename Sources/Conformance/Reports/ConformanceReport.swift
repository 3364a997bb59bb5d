/// All that is told of a result, in one form or another.
public struct ConformanceReport: Hashable, Sendable {
    /// How somebody else sees a finding again.
    public struct Reproduction: Hashable, Sendable {
        /// The plugin's folder, as a shell takes it for one word.
        public let directory: String
        /// Of `conformance run`, as they were given, each as a shell takes it: `--network`.
        public let options: [String]

        public init(directory: String, options: [String] = []) {
            self.directory = directory
            self.options = options
        }

        func command(for finding: Finding, of rule: Rule, seed: UInt64) -> String {
            if rule.profile == .manifest { return "penstock conformance lint \(directory)" }
            let place = finding.fixture.map { ["--case", $0] } ?? []
            let words = ["run", directory, "--rule", rule.id] + place + ["--seed", "\(seed)"] + options
            return "penstock conformance \(words.joined(separator: " "))"
        }
    }

    public let result: ConformanceResult
    let reproduction: Reproduction
    let baseline: Baseline?
    /// Lines of the baseline that are out of date, as sentences.
    public let stale: [String]

    public init(
        _ result: ConformanceResult, of folder: PluginFolder, _ scope: Scope, reproduction: Reproduction,
        baseline: Baseline? = nil
    ) {
        self.result = result
        self.reproduction = reproduction
        self.baseline = baseline
        stale = baseline?.stale(in: result.rules, folder, scope) ?? []
    }

    /// Whether nothing counts but what the baseline knows, and nothing of that is out of date.
    public var passes: Bool { stale.isEmpty && result.rules.allSatisfy { !$0.counts || isExpected($0) } }

    func isExpected(_ judged: ConformanceResult.Judged) -> Bool { baseline?.expects(judged) ?? false }

    func command(for finding: Finding, of judged: ConformanceResult.Judged) -> String {
        reproduction.command(for: finding, of: judged.rule, seed: result.seed)
    }

    func rules(_ status: ConformanceResult.Status) -> [ConformanceResult.Judged] {
        result.rules.filter { $0.status == status }
    }

    /// `62 rules: 60 passed, 2 warned`
    public var sum: String {
        let parts: [(ConformanceResult.Status, String)] = [
            (.pass, "passed"), (.fail, "failed"), (.warn, "warned"), (.notTestable, "not testable"), (.skip, "skipped"),
        ]
        let counts = parts.map { (rules($0).count, $1) }.filter { $0.0 > 0 }.map { "\($0) \($1)" }
        return "\(result.rules.count) \(result.rules.count == 1 ? "rule" : "rules"): \(counts.joined(separator: ", "))"
    }

    /// `requirements 1.0 (penstock/1), profiles manifest, core`
    var subject: String {
        let profiles = result.profiles.map(\.rawValue).joined(separator: ", ")
        return "requirements \(result.requirements) (\(protocolName)), profiles \(profiles)"
    }

    /// The rules that were skipped, by the reason.
    var skipped: [(reason: String, rules: String)] {
        Dictionary(grouping: rules(.skip)) { $0.reason ?? "" }
            .map { ($0, $1.map(\.rule.id).joined(separator: ", ")) }.sorted { $0.1 < $1.1 }
    }
}

/// What the requirements are about.
let protocolName = "penstock/1"

extension ConformanceResult.Judged {
    /// More findings of one rule say nothing new to a reader, unless each is a place in a file; the JSON has all.
    var shownFindings: ArraySlice<Finding> { findings.prefix(rule.profile == .manifest ? .max : 3) }
}

extension Double {
    /// With one digit: `8.4`.
    var tenths: String {
        let tenths = Int((self * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
