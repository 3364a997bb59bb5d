import Engine
import Pipelines

extension Story {
    /// What has become of an execution, one line each.
    static func changes(_ before: Execution?, _ after: Execution, _ name: (ExecutionID) -> String) -> [String] {
        var lines: [String] = []
        if before == nil, let rollback = after.start.rollback {
            lines.append(
                "rolls \(rollback.stage) back to \(name(rollback.target)) (\(after.start.trigger.type))")
        }
        for (index, stage) in after.stages.enumerated() {
            let old = before.flatMap { index < $0.stages.count ? $0.stages[index] : nil }
            let declared = after.pipeline.stages[index]
            lines += changes(.beforeEntry, declared.beforeEntry, old, stage)
            for action in declared.actions {
                lines += change(action.name, old?.actions[action.name], stage.actions[action.name])
            }
            lines += changes(.onSuccess, declared.onSuccess, old, stage)
            lines += changes(.onFailure, declared.onFailure, old, stage)
            let status = after.status(ofStage: index)
            if old == nil || before?.status(ofStage: index) != status {
                lines.append("stage \(declared.name): \(status.rawValue)")
            }
        }
        if before?.status != after.status {
            lines.append("execution: \(after.status.name)\(reason(after.status, name))")
        }
        return lines
    }

    private static func changes(
        _ kind: ConditionKind, _ declared: StageConditions?, _ old: StageExecution?, _ new: StageExecution
    ) -> [String] {
        guard let condition = new.conditions[kind] else { return [] }
        let former = old?.conditions[kind]
        var lines = (declared?.conditions.flatMap(\.rules) ?? []).flatMap {
            change($0.name, former?.rules[$0.name], condition.rules[$0.name])
        }
        if former?.state != condition.state { lines.append("condition \(kind.rawValue): \(condition.state.name)") }
        return lines
    }

    private static func change(_ name: String, _ old: ActionExecution?, _ new: ActionExecution?) -> [String] {
        guard let new else { return [] }
        var lines: [String] = []
        if let summary = new.external.summary, summary != old?.external.summary {
            lines.append("\(name) says: \(summary)")
        }
        guard new.state.name != old?.state.name || new.id != old?.id else { return lines }
        if case .failed(let failure) = new.state {
            let code = failure.hostCode.map { " (\($0))" } ?? ""
            lines.append("\(name): Failed\(code), \(failure.message)")
        } else {
            lines.append("\(name): \(new.state.name)")
        }
        return lines
    }

    private static func reason(_ status: ExecutionStatus, _ name: (ExecutionID) -> String) -> String {
        switch status {
        case .failed(let reason), .stopped(let reason), .cancelled(let reason): ", \(reason)"
        case .cancelling(let reason): ", is being cancelled: \(reason)"
        case .superseded(let newer): " by \(name(newer))"
        case .inProgress, .stopping, .succeeded: ""
        }
    }
}
