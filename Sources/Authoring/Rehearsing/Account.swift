import Conformance
import Jansson
import PluginHost
import PluginProtocol

/// What came of a rehearsal, for people.
public struct Account: Sendable {
    public let rehearsal: Rehearsal
    public let verdict: Verdict
    private let rules: Requirements
    /// Whether the fixture is a case of the plugin's, with an expectation of its own.
    private let isCase: Bool

    /// - Parameter rules: what their findings are told with.
    public init(of rehearsal: Rehearsal, by plugin: String, _ rules: Requirements, isCase: Bool) {
        self.rehearsal = rehearsal
        guard let conversation = rehearsal.last.pastConversation(with: plugin) else {
            preconditionFailure("a rehearsal gives its plugin a job")
        }
        verdict = conversation.verdict
        (self.rules, self.isCase) = (rules, isCase)
    }

    /// Whether an author may be content: it ended as expected, and no MUST is broken.
    public var isGood: Bool {
        rehearsal.disappointment == nil && !breaches.contains { $0.rule.keyword.isBinding } && ended
    }

    private var ended: Bool {
        if isCase { return true }
        switch verdict {
        case .succeeded, .continues: return true
        case .failed, .abandoned: return false
        }
    }

    public var isAbandoned: Bool {
        if case .abandoned = verdict { true } else { false }
    }

    /// Each rule that is broken, with what was seen first.
    public var breaches: [(rule: Rule, finding: Finding)] {
        var seen: Set<String> = []
        return rehearsal.findings.compactMap { finding in
            guard let rule = rules[finding.rule], seen.insert(finding.rule).inserted else { return nil }
            return (rule, finding)
        }
    }

    public var text: String { ([headline] + details + outputs + expectation + broken).joined(separator: "\n") }

    private var headline: String {
        let errand = rehearsal.last.errands.first
        let span =
            errand.flatMap { errand in errand.terminalAt.map { " after \(($0 - errand.at).formattedSeconds) s" } } ?? ""
        let jobs = rehearsal.steps.count == 1 ? "" : ", in \(rehearsal.steps.count) jobs"
        return switch verdict {
        case .succeeded: "Succeeded\(span)\(jobs)"
        case .continues(_, _, let seconds): "InProgress\(span)\(jobs): goes on in \(seconds) s"
        case .failed(let failure): "Failed\(span)\(jobs): \(failure.shownType): \(failure.message)"
        case .abandoned: "Abandoned\(span)\(jobs)"
        }
    }

    private var details: [String] {
        guard case .succeeded(let result) = verdict else { return [] }
        let revision = result.currentRevision.map { ["revision  \($0.revision)"] } ?? []
        return (revision + result.outputVariables.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }).map {
            "  \($0)"
        }
    }

    private var outputs: [String] {
        guard case .succeeded = verdict, let remains = rehearsal.last.errands.first?.remains else { return [] }
        return remains.outputs.sorted { $0.key < $1.key }.flatMap { artifact, folder in
            let files = folder.files
            let told = files.prefix(20).map { "    \($0.path)  \($0.sizeBytes) bytes" }
            let more = files.count > told.count ? ["    … and \(files.count - told.count) more"] : []
            return [
                "  output \(artifact): \(files.isEmpty ? "empty" : "\(files.count) file\(files.count == 1 ? "" : "s")")"
            ] + told + more
        }
    }

    private var expectation: [String] {
        guard isCase else { return [] }
        return [rehearsal.disappointment.map { "Not what the case expects: \($0)" } ?? "As the case expects."]
    }

    private var broken: [String] {
        breaches.flatMap { rule, finding in
            ["Breaks \(rule.id): \(rule.sentence)", "  \(finding.evidence)", "  \(finding.hint)"]
        }
    }
}

extension Failure {
    /// `JobFailed (NoResult)`
    var shownType: String { type.rawValue + (hostCode.map { " (\($0.rawValue))" } ?? "") }
}

extension Snapshot {
    /// Its regular files and links, by path.
    var files: [(path: String, sizeBytes: Int)] {
        entries.filter { $0.value.kind != .directory }.map { ($0.key, $0.value.sizeBytes) }.sorted { $0.path < $1.path }
    }
}

extension Recording {
    /// As the host has it; nil when there was no job.
    func pastConversation(with plugin: String) -> PastConversation? {
        guard let errand = errands.first else { return nil }
        var happenings: [PastConversation.Happening] = []
        for entry in entries {
            switch entry.what {
            case .heard(let heard): happenings.append(.line(heard.line))
            case .ended(let stream): happenings.append(.ended(stream))
            case .exited(let exit): happenings.append(.exited(exit))
            case .done("SIGTERM"): happenings.append(.cancelled(.user))
            case .done(let what) where what.hasPrefix("SIGTERM") && errand.isOverdue: happenings.append(.timedOut)
            case .sent(let bytes) where isCancel(bytes): happenings.append(.cancelled(.user))
            case .sent, .inputEnded, .done: break
            }
        }
        return PastConversation(errand.job, by: plugin, happenings)
    }

    private func isCancel(_ bytes: [UInt8]) -> Bool {
        guard let json = try? JSON(parsing: bytes), case .cancel? = try? HostMessage(json) else { return false }
        return true
    }
}
