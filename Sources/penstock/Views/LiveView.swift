import CLinux
import Engine
import Glibc
import Pipelines
import Runner
import Workspaces

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
        case .committed(let commit): for change in commit.executions { show(change.after) }
        case .log(let attempt, let line):
            lastWords[attempt.id] = printable(line.text)
            isDirty = true
        case .approval:
            draw()
            if asks { questions += 1 }
        case .tick: if isDirty || execution?.runningDispatches.isEmpty == false { draw() }
        case .skipped, .interrupt, .inputEnded: break
        }
    }

    private func show(_ execution: Execution) {
        if let shown = self.execution, shown.id != execution.id {
            // What it followed from stays above it.
            draw()
            drawnLines = 0
        }
        self.execution = execution
        isDirty = true
        guard questions > execution.pendingApprovals.count else { return }
        questions = execution.pendingApprovals.count
        // The question and its answer stay above what is drawn next.
        drawnLines = 0
    }

    func suspend() {
        draw()
        // What is said next does not stand behind the question.
        if questions > 0 { print() }
    }

    func end(_ execution: Execution, _ resumption: String, shells: [(action: String, command: String)]) {
        if execution.id == self.execution?.id {
            self.execution = execution
            questions = 0
            draw()
        }
        for shell in shells { print(shellWords(shell)) }
        print(execution.endWords(resumption))
    }

    private func draw() {
        guard let execution, questions == 0 else { return }
        isDirty = false
        let (rows, columns) = terminalSize()
        let width = max(20, columns)
        // What has left the screen cannot be drawn over: only the last drawing may be longer than it.
        let lines = lines(of: execution, fitting: execution.status.isOver ? .max : rows - 1).map {
            String($0.prefix(width - 1))
        }
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        for line in lines { text += "\u{1B}[2K\(line)\n" }
        drawnLines = lines.count
        fputs(text, standardOutput)
        fflush(standardOutput)
    }

    /// Where they are too many, what has not begun and what is over are left out, stage by stage.
    private func lines(of execution: Execution, fitting rows: Int) -> [String] {
        let sandbox = execution.start.sandbox == Sandbox.Profile.none.rawValue ? ", without a sandbox" : ""
        let rollback = execution.rollbackWords ?? ""
        let title =
            "\(execution.pipeline.name) version \(execution.start.pipelineVersion), \(execution.id)\(rollback)\(sandbox)"
        // On a line of its own: at the end of the title a narrow terminal would not show it.
        let head = [title] + [execution.stubWords].compactMap { $0 }
        // Always there, so that the view keeps its height.
        let last = execution.stoppingWords ?? ""
        var stages = execution.pipeline.stages.indices.map { lines(ofStage: $0, in: execution) }
        let current = execution.stages.count - 1
        let dispensable = Array((current + 1)..<max(stages.count, current + 1)).reversed() + Array(0..<max(0, current))
        for index in dispensable where stages.joined().count + head.count + 1 > rows { stages[index] = [] }
        return head + stages.joined().prefix(max(1, rows - head.count - 1)) + [last]
    }

    private func lines(ofStage index: Int, in execution: Execution) -> [String] {
        let stage = execution.pipeline.stages[index]
        let nameWidth = execution.pipeline.stages.flatMap(\.actions).map(\.name.count).max() ?? 0
        let isSkipped = index < execution.stages.count && execution.status(ofStage: index) == .skipped
        if isSkipped { return ["\(stage.name)  Skipped"] }
        return [stage.name]
            + stage.actions.map { action in
                let admitted = index < execution.stages.count ? execution.stages[index].actions[action.name] : nil
                let name = action.name + String(repeating: " ", count: nameWidth - action.name.count)
                return "  \(mark(admitted?.state)) \(name)  \(admitted.map(words) ?? "")"
            }
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

private func terminalSize() -> (rows: Int, columns: Int) {
    var (rows, columns): (Int32, Int32) = (0, 0)
    csystem_terminal_size(STDOUT_FILENO, &rows, &columns)
    return (rows > 0 ? Int(rows) : 24, columns > 0 ? Int(columns) : 80)
}
