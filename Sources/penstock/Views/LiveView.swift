import CSystem
import Engine
import Glibc
import Pipelines
import Runner

/// A terminal's view: one line an action, with its time and what it said last; drawn over itself.
final class LiveView: View {
    private var execution: Execution?
    private var lastWords: [ActionExecutionID: String] = [:]
    private var drawnLines = 0
    private var isDirty = false
    private let asks: Bool
    /// While somebody types an answer nothing is drawn over it.
    private var questions = 0

    /// - Parameter asks: whether a question is printed below the view for each approval.
    init(asks: Bool) { self.asks = asks }

    func show(_ moment: Moment) {
        switch moment {
        case .takenUp(let execution):
            self.execution = execution
            isDirty = true
        case .committed(let commit):
            execution = commit.after
            isDirty = true
            if questions > commit.after.pendingApprovals.count {
                questions = commit.after.pendingApprovals.count
                // The question and its answer stay above what is drawn next.
                drawnLines = 0
            }
        case .log(let attempt, let line):
            lastWords[attempt.id] = printable(line.text)
            isDirty = true
        case .approval:
            draw()
            if asks { questions += 1 }
        case .tick: if isDirty || execution?.runningDispatches.isEmpty == false { draw() }
        case .interrupt, .inputEnded: break
        }
    }

    func suspend() {
        draw()
        // What is said next does not stand behind the question.
        if questions > 0 { print() }
    }

    func end(_ execution: Execution) {
        self.execution = execution
        questions = 0
        draw()
        print(execution.endWords)
    }

    private func draw() {
        guard let execution, questions == 0 else { return }
        isDirty = false
        let width = max(20, terminalColumns())
        let lines = lines(of: execution).map { String($0.prefix(width - 1)) }
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        for line in lines { text += "\u{1B}[2K\(line)\n" }
        drawnLines = lines.count
        fputs(text, standardOutput)
        fflush(standardOutput)
    }

    private func lines(of execution: Execution) -> [String] {
        let sandbox = execution.start.sandbox == SandboxChoice.none.rawValue ? ", without a sandbox" : ""
        var lines = ["\(execution.pipeline.name) version \(execution.start.pipelineVersion), \(execution.id)\(sandbox)"]
        let nameWidth = execution.pipeline.stages.flatMap(\.actions).map(\.name.count).max() ?? 0
        for (index, stage) in execution.pipeline.stages.enumerated() {
            lines.append(stage.name)
            for action in stage.actions {
                let admitted = index < execution.stages.count ? execution.stages[index][action.name] : nil
                let name = action.name + String(repeating: " ", count: nameWidth - action.name.count)
                lines.append("  \(mark(admitted?.state)) \(name)  \(admitted.map(words) ?? "")")
            }
        }
        // Always there, so that the view keeps its height.
        lines.append(execution.stoppingWords ?? "")
        return lines
    }

    private func mark(_ state: ActionState?) -> String {
        switch state {
        case nil: "·"
        case .running: "▶"
        case .awaitingApproval: "?"
        case .succeeded: "✔"
        case .failed: "✘"
        case .abandoned: "–"
        }
    }

    private func words(_ action: ActionExecution) -> String {
        let time = duration(from: action.startedAt, to: action.state.isOver ? action.updatedAt : now())
        if case .awaitingApproval = action.state { return "\(time)  waits for an approval" }
        return "\(time)  \(printable((action.state.isOver ? action.remark : nil) ?? lastWords[action.id] ?? ""))"
    }
}

private func terminalColumns() -> Int {
    let columns = Int(csystem_terminal_columns(STDOUT_FILENO))
    return columns > 0 ? columns : 80
}
