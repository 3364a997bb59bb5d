/// Breaches that are known and are not to fail a build: lines of `RULE` or `RULE@case`, with `#` comments.
///
/// A breach that is not in it fails as ever; so does a line that nothing breaks any more.
public struct Baseline: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// From 1.
        public let line: Int
        public let rule: String
        /// Nil for all cases, and for a rule that cannot be tested.
        public let fixture: String?
    }

    public let file: String
    public let entries: [Entry]

    /// - Throws: when the file cannot be read, or names what is no rule: all such lines at once.
    public init(reading file: String, rules: [Rule]) throws(UnreadableInput) {
        guard let text = try readFile(file, limitBytes: 1 << 20) else {
            throw UnreadableInput(file, "has more than 1 MiB; a baseline has a line for each known breach")
        }
        try self.init(parsing: String(decoding: text, as: UTF8.self), file: file, rules: rules)
    }

    init(parsing text: String, file: String, rules: [Rule]) throws(UnreadableInput) {
        let ids = rules.map(\.id)
        var entries: [Entry] = []
        var problems: [String] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let word = words.first else { continue }
            let parts = word.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if words.count > 1 || parts.last == "" {
                problems.append("line \(index + 1): must be RULE or RULE@case")
            } else if !ids.contains(parts[0]) {
                problems.append("line \(index + 1): there is no rule \(parts[0])\(suggestion(for: parts[0], in: ids))")
            }
            entries.append(Entry(line: index + 1, rule: parts[0], fixture: parts.count > 1 ? parts[1] : nil))
        }
        guard problems.isEmpty else { throw UnreadableInput(file, problems.joined(separator: "; ")) }
        (self.file, self.entries) = (file, entries)
    }

    func expects(_ finding: Finding) -> Bool {
        entries.contains { $0.rule == finding.rule && ($0.fixture == nil || $0.fixture == finding.fixture) }
    }

    /// Whether all that is wrong with a rule is known.
    func expects(_ judged: ConformanceResult.Judged) -> Bool {
        switch judged.status {
        case .pass, .skip: false
        case .fail, .warn: judged.findings.allSatisfy(expects)
        case .notTestable: entries.contains { $0.rule == judged.rule.id && $0.fixture == nil }
        }
    }

    /// The lines that are out of date, as sentences. Rules and cases that were not chosen have no say.
    func stale(in rules: [ConformanceResult.Judged], _ folder: PluginFolder, _ scope: Scope) -> [String] {
        let names = folder.fixtures.map(\.name)
        return entries.compactMap { entry in
            let name = entry.fixture.map { "\(entry.rule)@\($0)" } ?? entry.rule
            func stale(_ reason: String) -> String { "\(file):\(entry.line): \(name) is out of date: \(reason)" }
            if let fixture = entry.fixture, !names.contains(fixture), folder.fixtureProblems.isEmpty {
                return stale("there is no case \(fixture)\(suggestion(for: fixture, in: names))")
            }
            guard let judged = rules.first(where: { $0.rule.id == entry.rule }) else { return nil }
            if let fixture = entry.fixture {
                let isChosen = scope.cases.isEmpty || scope.cases.contains(fixture)
                let isSeen = judged.findings.contains { $0.fixture == fixture }
                return isChosen && !isSeen ? stale("the case keeps the rule now; remove the line") : nil
            }
            let isBroken = judged.status != .pass && judged.status != .skip || judged.isFlaky
            return isBroken ? nil : stale("the plugin keeps the rule now; remove the line")
        }
    }
}
