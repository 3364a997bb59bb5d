import ArgumentParser
import Engine
import Jansson
import Pipelines
import Runner
import Store

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one execution: its actions, revisions, variables and artifacts.")

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try common.history()
        let execution = try await store.find(self.execution).execution
        let actions = try await store.actions(of: execution.id)
        switch common.format {
        case .json: showJSON(execution, actions)
        case .human: show(execution, actions)
        }
    }

    private func show(_ execution: Execution, _ actions: [ActionRecord]) {
        let reason = execution.status.reason.map { ": \($0)" } ?? ""
        print(
            "\(execution.pipeline.name) version \(execution.start.pipelineVersion)  \(execution.status.name)\(reason)")
        print("execution  \(execution.id)")
        print(
            "started    \(dateAndTime(execution.startedAt)) by \(execution.start.trigger.detail) (\(execution.start.trigger.type))"
        )
        if let rollback = execution.start.rollback { print("rollback   \(rollback.stage) to \(rollback.target)") }
        if execution.attempt > 1 { print("attempt    \(execution.attempt)") }
        print("sandbox    \(execution.start.sandbox)")
        for (name, value) in execution.variables.sorted(by: { $0.key < $1.key }) {
            print("variable   \(name)=\(printable(value))")
        }
        for (action, directory) in execution.start.sourceDirectories.sorted(by: { $0.key < $1.key }) {
            print("source     \(action)=\(directory)")
        }
        for (action, stub) in execution.start.stubs.sorted(by: { $0.key < $1.key }) {
            print("stub       \(action) \(printable(stub.words))")
        }
        for record in actions {
            show(record)
            let kept = KeptWorkspaces(directory: "\(common.stateDirectory)/kept")
            guard kept.hasAny(of: execution.id, record.execution.id) else { continue }
            let name = record.place.description
            print("  its workspace is kept: `\(common.shell(execution.id.text, name))` looks into it")
        }
    }

    private func show(_ record: ActionRecord) {
        let action = record.execution
        var state = action.state.name
        if case .awaitingApproval = action.state { state += ", waits for an approval" }
        let time = duration(from: action.startedAt, to: action.state.isOver ? action.updatedAt : now())
        let earlier = record.isCurrent ? "" : "  (an earlier attempt)"
        print("\n\(record.place)  \(state)  \(time)\(earlier)")
        if let remark = action.remark { print("  \(printableLines(remark).replacing("\n", with: "\n  "))") }
        guard case .succeeded(let result) = action.state else { return }
        for (name, value) in result.outputVariables.sorted(by: { $0.key < $1.key }) {
            print("  \(name)=\(printable(value))")
        }
        for (name, digest) in result.artifacts.sorted(by: { $0.key < $1.key }) {
            print("  artifact \(name)  \(digest)")
        }
    }

    private func showJSON(_ execution: Execution, _ actions: [ActionRecord]) {
        guard case .object(var members) = execution.json(at: now()) else { return }
        members["event"] = nil
        members["variables"] = .strings(execution.variables)
        members["actions"] = .array(
            actions.map { record in
                guard
                    case .object(var action) = PlacedAction(place: record.place, execution: record.execution).json(
                        in: execution, at: record.execution.updatedAt)
                else {
                    return .null
                }
                action["event"] = nil
                action["isCurrent"] = .bool(record.isCurrent)
                return .object(action)
            })
        print(JSON.object(members).text)
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
