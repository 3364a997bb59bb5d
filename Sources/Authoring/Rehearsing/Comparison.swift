import Conformance
import Jansson
import PluginHost
import PluginProtocol

/// How a plugin did otherwise than it did once, with the same job.
public struct Comparison: Hashable, Sendable {
    /// A part of what was compared, and how it differs: lines that were (`-`) and are (`+`), with equal ones between.
    public struct Part: Hashable, Sendable {
        public let title: String
        public let lines: [String]
    }

    /// Only those that differ.
    public let parts: [Part]
    /// The log is shown, but decides nothing: times and paths in it change with every run.
    static let logTitle = "log"

    public var isSame: Bool { parts.allSatisfy { $0.title == Self.logTitle } }

    /// - Parameters:
    ///   - outputs: of then; nil when they were not kept.
    public init(_ then: [Recording], _ now: [Recording], plugin: String, outputs: [String: [String: String]]?) {
        var parts = [
            Part("messages", then.flatMap(\.messageTexts), now.flatMap(\.messageTexts)),
            Part(
                "verdict", [then.last?.verdictText(plugin)].compactMap { $0 },
                [now.last?.verdictText(plugin)].compactMap { $0 }),
            Part(Self.logTitle, then.flatMap(\.logTexts), now.flatMap(\.logTexts)),
        ]
        if let outputs {
            parts.append(Part("output artifacts", outputs.listing, (now.last?.outputDigests ?? [:]).listing))
        }
        self.parts = parts.compactMap { $0 }
    }

    public var text: String {
        let told = parts.map { part in ([part.title] + part.lines.map { "  \($0)" }).joined(separator: "\n") }
        return (told + [isSame ? "The same as it was." : "Not the same as it was."]).joined(separator: "\n")
    }
}

extension Comparison.Part {
    /// Nil when nothing differs.
    fileprivate init?(_ title: String, _ then: [String], _ now: [String]) {
        let difference = now.difference(from: then)
        guard !difference.isEmpty else { return nil }
        self.init(title: title, lines: Self.merged(then, now, difference))
    }

    /// All lines of then and now, in their order, those that are in one only marked.
    private static func merged(_ then: [String], _ now: [String], _ difference: CollectionDifference<String>)
        -> [String]
    {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [String] = []
        var next = 0
        for (index, line) in then.enumerated() {
            while removed.contains(index) == false, inserted.contains(next) {
                lines.append("+ \(now[next])")
                next += 1
            }
            if removed.contains(index) {
                lines.append("- \(line)")
            } else {
                lines.append("  \(line)")
                next += 1
            }
        }
        return lines + now[next...].map { "+ \($0)" }
    }
}

extension Recording {
    /// What was said on standard output, with what changes from one run to the next left out.
    fileprivate var messageTexts: [String] {
        output.map { _, heard in
            guard let message = heard.message else { return heard.text }
            guard case .object(var members) = message.json else { return heard.text }
            for key in ["protocol", "jobId"] { members[key] = nil }
            return JSON.object(members).text
        }
    }

    fileprivate var logTexts: [String] { log.map(\.heard.text) }

    fileprivate func verdictText(_ plugin: String) -> String? {
        pastConversation(with: plugin)?.verdict.told
    }
}

extension Verdict {
    /// `Failed JobFailed (NoResult): …`
    fileprivate var told: String {
        switch self {
        case .succeeded: "Succeeded"
        case .continues(_, let token, _): "InProgress, with the token \(token)"
        case .failed(let failure): "Failed \(failure.shownType): \(failure.message)"
        case .abandoned: "Abandoned"
        }
    }
}

extension [String: [String: String]] {
    /// `Greeting/greeting.txt  9f86d0…`
    fileprivate var listing: [String] {
        sorted { $0.key < $1.key }.flatMap { artifact, files in
            files.sorted { $0.key < $1.key }.map { "\(artifact)/\($0.key)  \($0.value.prefix(16))" }
        }
    }
}
