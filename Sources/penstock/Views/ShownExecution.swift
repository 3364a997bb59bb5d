import Engine
import Jansson
import Pipelines
import Runner

/// One execution with everything that ran in it, now or at a moment of its past.
struct ShownExecution: Shown {
    /// One admission of an action or a rule.
    struct Row {
        let placed: PlacedAction
        let isCurrent: Bool
    }

    let execution: Execution
    let actions: [Row]
    let at: Instant
    let common: CommonOptions
    /// The number of the last event, and of how many; nil for the present.
    var event: (number: Int, count: Int)?

    var human: String { printableLines((head + stages).joined(separator: "\n")) }

    private var head: [String] {
        let (start, status) = (execution.start, execution.status)
        let reason = status.reason.map { ": \($0)" } ?? ""
        var lines = [
            "\(execution.pipeline.name) version \(start.pipelineVersion)  \(status.name)\(reason)",
            "execution  \(execution.id)",
        ]
        if let event { lines.append("at         \(dateAndTime(at)), after event \(event.number) of \(event.count)") }
        lines.append(
            "started    \(dateAndTime(execution.startedAt)) by \(start.trigger.detail) (\(start.trigger.type))")
        if let rollback = start.rollback { lines.append("rollback   \(rollback.stage) to \(rollback.target)") }
        if execution.attempt > 1 { lines.append("attempt    \(execution.attempt)") }
        lines.append("sandbox    \(start.sandbox)")
        if let awaited = execution.awaitedStage {
            lines.append("waits for  the stage \(execution.pipeline.stages[awaited].name)")
        }
        func add(_ title: String, _ pairs: [String: String], _ sign: String = "=") {
            for (name, value) in pairs.sorted(by: { $0.key < $1.key }) {
                lines.append("\(title.padded(to: 10)) \(name)\(sign)\(printable(value))")
            }
        }
        add("variable", execution.variables)
        add("source", start.sourceDirectories)
        add("stub", start.stubs.mapValues(\.words), " ")
        return lines
    }

    private var stages: [String] {
        execution.stages.indices.flatMap { index in
            let name = execution.pipeline.stages[index].name
            let status = execution.status(ofStage: index)
            let rows = actions.filter { $0.placed.place.stage == name }.flatMap(lines)
            return rows + (status == .skipped ? ["", "\(name)  \(status.rawValue)"] : [])
        }
    }

    private func lines(_ row: Row) -> [String] {
        let (place, action) = (row.placed.place, row.placed.execution)
        var state = action.state.name
        if case .awaitingApproval = action.state { state += ", waits for an approval" }
        let time = duration(from: action.startedAt, to: action.state.isOver ? action.updatedAt : at)
        let earlier = row.isCurrent ? "" : "  (an earlier attempt)"
        var lines = ["", "\(place)  \(state)  \(time)\(earlier)"]
        if let remark = action.remark { lines.append("  \(printableLines(remark).replacing("\n", with: "\n  "))") }
        if case .succeeded(let result) = action.state {
            for (name, value) in result.outputVariables.sorted(by: { $0.key < $1.key }) {
                lines.append("  \(name)=\(printable(value))")
            }
            for (name, digest) in result.artifacts.sorted(by: { $0.key < $1.key }) {
                lines.append("  artifact \(name)  \(digest)")
            }
        }
        if KeptWorkspaces(directory: "\(common.stateDirectory)/kept").hasAny(of: execution.id, action.id) {
            let command = common.shell(execution.id.text, place.description)
            lines.append("  its workspace is kept: `\(command)` looks into it")
        }
        return lines
    }

    var json: JSON {
        guard case .object(var members) = execution.json(at: at) else { return .null }
        members["event"] = event.map { .integer(Int64($0.number)) }
        members["variables"] = .strings(execution.variables)
        members["stages"] = .array(
            execution.stages.indices.map { index in
                [
                    "name": .string(execution.pipeline.stages[index].name),
                    "status": .string(execution.status(ofStage: index).rawValue),
                ]
            })
        members["actions"] = .array(
            actions.map { row in
                let updatedAt = row.placed.execution.updatedAt
                guard case .object(var action) = row.placed.json(in: execution, at: updatedAt) else { return .null }
                action["event"] = nil
                action["isCurrent"] = .bool(row.isCurrent)
                return .object(action)
            })
        return .object(members)
    }
}

extension Stub {
    /// What it answers: `succeeds`, `fails after 5 s: JobFailed: out of order`.
    var words: String {
        func after(_ seconds: Int) -> String { seconds > 0 ? " after \(seconds) s" : "" }
        switch self {
        case .action(let stub):
            switch stub.outcome {
            case .succeeds: return "succeeds\(after(stub.delaySeconds))"
            case .fails(let failure): return "fails\(after(stub.delaySeconds)): \(failure.code): \(failure.message)"
            }
        case .approval(.answers(let status, _, let seconds)): return "\(status.rawValue.lowercased())\(after(seconds))"
        case .approval(.expires(let seconds)): return "expires\(after(seconds ?? 0))"
        }
    }
}
