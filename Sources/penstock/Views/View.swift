import Engine
import Glibc
import Pipelines
import Runner

/// Shows an execution as it goes.
protocol View: AnyObject {
    func show(_ moment: Moment)
    /// Nothing more will happen for now.
    func suspend()
    func end(_ execution: Execution)
}

/// What became of one action in a commit.
struct ActionChange {
    let stage: String
    let action: String
    let execution: ActionExecution
}

extension Commit {
    /// The actions that stand differently after this commit, in the order of declaration.
    var changes: [ActionChange] {
        let old = before?.stages ?? []
        return after.stages.indices.dropFirst(max(0, old.count - 1)).flatMap { index in
            after.pipeline.stages[index].actions.compactMap { action in
                let previous = index < old.count ? old[index][action.name] : nil
                guard let execution = after.stages[index][action.name],
                    execution.state.name != previous?.state.name || execution.id != previous?.id
                else { return nil }
                return ActionChange(stage: after.pipeline.stages[index].name, action: action.name, execution: execution)
            }
        }
    }
}

extension ActionExecution {
    /// What there is to say about how it ended: a revision, a summary, why it failed.
    var remark: String? {
        switch state {
        case .succeeded(let result):
            let revision = result.revision.map { revision in
                "\(revision.id.prefix(12))\(revision.summary.map { " \"\(firstLine($0))\"" } ?? "")"
            }
            return revision ?? external.summary.map(firstLine)
        case .failed(let failure): return "\(failure.code): \(failure.message)"
        case .running, .awaitingApproval, .abandoned: return external.summary.map(firstLine)
        }
    }
}

private func firstLine(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    return line.count > 60 ? "\(line.prefix(59))…" : String(line)
}

extension ExecutionStatus {
    var reason: String? {
        switch self {
        case .failed(let reason), .stopped(let reason): reason
        case .inProgress, .stopping, .succeeded: nil
        }
    }
}

/// One line an event, for pipes and files.
final class PlainView: View {
    private let quiet: Bool

    init(quiet: Bool) {
        self.quiet = quiet
        // A line is to be seen when it is said, also through a pipe.
        setvbuf(standardOutput, nil, _IOLBF, 0)
    }

    func show(_ moment: Moment) {
        switch moment {
        case .committed(let commit): show(commit)
        case .log(let attempt, let line):
            if !quiet { say(line.time, "\(attempt.stage)/\(attempt.action) | \(printable(line.text))") }
        case .approval(let request, _):
            if !quiet { say(now(), "\(request.attempt.stage)/\(request.attempt.action) waits for an approval") }
        case .interrupt, .inputEnded, .tick: break
        }
    }

    private func show(_ commit: Commit) {
        let at = commit.facts.last?.at ?? now()
        if commit.before == nil, !quiet {
            let start = commit.after.start
            say(at, "\(commit.after.pipeline.name) version \(start.pipelineVersion), execution \(commit.after.id)")
            if start.sandbox == SandboxChoice.none.rawValue { say(at, "without a sandbox, as asked for") }
        }
        for change in commit.changes {
            let action = change.execution
            var failed = false
            if case .failed = action.state { failed = true }
            guard !quiet || failed else { continue }
            var text = "\(change.stage)/\(change.action) \(action.state.name)"
            if action.state.isOver { text += " in \(duration(from: action.startedAt, to: at))" }
            say(at, text + (action.remark.map { ": \($0)" } ?? ""))
        }
    }

    func suspend() {}

    func end(_ execution: Execution) {
        let reason = execution.status.reason.map { ": \($0)" } ?? ""
        say(
            now(),
            "\(execution.pipeline.name) \(execution.status.name) in \(duration(from: execution.startedAt, to: now()))\(reason)"
        )
    }

    private func say(_ at: Instant, _ text: String) { print("\(timeOfDay(at)) \(text)") }
}
