import Engine
import Glibc
import Pipelines
import Runner
import Workspaces

/// Shows an execution as it goes.
protocol View: AnyObject {
    func show(_ moment: Moment)
    /// Nothing more will happen for now.
    func suspend()
    /// - Parameters:
    ///   - resumption: the command that goes on with it, if anything does.
    ///   - shells: the command that looks into what is kept of an action, by its `Stage/Action`.
    func end(_ execution: Execution, _ resumption: String, shells: [(action: String, command: String)])
}

extension ExecutionChange {
    /// The actions and rules that stand differently now, in the order of declaration; first those that run anew.
    var actions: [PlacedAction] {
        func every(_ execution: Execution?) -> [PlacedAction] {
            guard let execution else { return [] }
            let first = max(0, (before?.stages.count ?? 0) - 1)
            return execution.stages.indices.dropFirst(first).flatMap {
                execution.stages[$0].every(of: after.pipeline.stages[$0])
            }
        }
        let known = Dictionary(every(before).map { ($0.execution.id, $0.execution.state.name) }) { $1 }
        return (replaced + every(after)).filter { known[$0.execution.id] != $0.execution.state.name }
    }
}

extension ExecutionChange {
    /// The stages that are left out now (CND-5).
    var skippedStages: [String] {
        after.stages.indices.filter { index in
            let was = before.map { index < $0.stages.count && $0.status(ofStage: index) == .skipped } ?? false
            return !was && after.status(ofStage: index) == .skipped
        }.map { after.pipeline.stages[$0].name }
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
        case .failed(let failure):
            return "\(failure.code)\(failure.hostCode.map { " (\($0))" } ?? ""): \(failure.message)"
        case .running, .awaitingApproval, .abandoned: return external.summary.map(firstLine)
        }
    }
}

private func firstLine(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }
    return line.count > 60 ? "\(line.prefix(59))…" : String(line)
}

extension Execution {
    /// What a stop waits for, and how to wait no longer; nil unless it is stopping.
    var stoppingWords: String? {
        guard case .stopping = status else { return nil }
        let names = runningDispatches.map(\.attempt.action) + pendingApprovals.map(\.attempt.action)
        return "stopping, waits for \(names.joined(separator: ", ")); Ctrl-C again gives up"
    }

    /// What it goes back to; nil when it is no rollback.
    var rollbackWords: String? { start.rollback.map { " rolls \($0.stage) back to \($0.target)" } }

    /// Which actions are not what they seem; nil when none is.
    var stubWords: String? {
        let names = start.stubs.keys
        if names.isEmpty { return nil }
        let isAll = pipeline.stages.allSatisfy { stage in
            stage.actions.allSatisfy { start.stubs["\(stage.name)/\($0.name)"] != nil }
        }
        return "with stubs in place of \(isAll ? "all actions" : names.sorted().joined(separator: ", "))"
    }

    /// The last line of a run.
    func endWords(_ resumption: String) -> String {
        var text = "\(pipeline.name) \(status.name) in \(duration(from: startedAt, to: now()))"
        if let reason = status.reason { text += ": \(reason)" }
        if case .stopped = status { text += "; `\(resumption)` goes on" }
        return text
    }
}

func shellWords(_ shell: (action: String, command: String)) -> String {
    "the workspace of \(shell.action) is kept: `\(shell.command)` looks into it"
}

extension ExecutionStatus {
    var reason: String? {
        switch self {
        case .failed(let reason), .stopped(let reason), .cancelled(let reason), .cancelling(let reason): reason
        case .superseded(let newer): "by \(newer)"
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
        case .takenUp(let execution): introduce(execution, now(), " goes on")
        case .committed(let commit): for change in commit.executions { show(change) }
        case .log(let attempt, let line): if !quiet { say(line.time, "\(attempt.place) | \(printable(line.text))") }
        case .skipped(let count): if !quiet { say(now(), "\(count) log lines not shown; `penstock logs` has them") }
        case .approval(let request, _):
            if !quiet { say(now(), "\(request.attempt.place) waits for an approval") }
        case .interrupt, .inputEnded, .tick: break
        }
    }

    private func show(_ change: ExecutionChange) {
        let at = change.facts.last?.at ?? now()
        let execution = change.after
        if change.before == nil { introduce(execution, at, execution.rollbackWords ?? "") }
        if let words = execution.stoppingWords, change.before?.stoppingWords == nil { say(at, words) }
        for change in change.actions {
            let action = change.execution
            var failed = false
            if case .failed = action.state { failed = true }
            guard !quiet || failed else { continue }
            var text = "\(change.place) \(action.state.name)"
            if action.state.isOver { text += " in \(duration(from: action.startedAt, to: at))" }
            say(at, text + (action.remark.map { ": \(printableLines($0))" } ?? ""))
        }
        if !quiet { for stage in change.skippedStages { say(at, "\(stage) Skipped") } }
    }

    private func introduce(_ execution: Execution, _ at: Instant, _ what: String = "") {
        guard !quiet else { return }
        say(
            at,
            "\(execution.pipeline.name) version \(execution.start.pipelineVersion), execution \(execution.id)\(what)")
        if execution.start.sandbox == Sandbox.Profile.none.rawValue { say(at, "without a sandbox, as asked for") }
        if let words = execution.stubWords { say(at, "\(words), as asked for") }
    }

    func suspend() {}

    func end(_ execution: Execution, _ resumption: String, shells: [(action: String, command: String)]) {
        for shell in shells { say(now(), shellWords(shell)) }
        say(now(), execution.endWords(resumption))
    }

    private func say(_ at: Instant, _ text: String) { print("\(timeOfDay(at)) \(text)") }
}
