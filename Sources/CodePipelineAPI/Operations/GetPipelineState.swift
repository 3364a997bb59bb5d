import Engine
import Jansson
import Pipelines

/// TRN-6, EXE-10
@Sendable func getPipelineState(_ call: Call) async throws -> JSON {
    try call.takes("name")
    let name = try call.name("name")
    let state = try await call.driver(name).state
    let record = try await call.record(name)
    var stages: [JSON] = []
    for stage in state.pipeline.stages {
        let gate = state.gates[stage.name] ?? Gate()
        var members = gate.json(state.executions)
        members["stageName"] = .string(stage.name)
        if state.pipeline.executionMode == .parallel {
            members["actionStates"] = .array(stage.actions.map { ["actionName": .string($0.name)] })
        } else {
            let latest = try await call.latest(gate, state)
            let actions = try await call.history.latestActions(of: name, stage: stage.name)
            members.merge(StageState(stage, latest, actions.mapValues(\.execution)).json) { $1 }
        }
        stages.append(.object(members))
    }
    return [
        "pipelineName": .string(name), "pipelineVersion": .integer(Int64(state.version)),
        "stageStates": .array(stages), "created": record.created.timestamp, "updated": record.updated.timestamp,
    ]
}

extension Call {
    /// The execution that was in a stage last.
    fileprivate func latest(_ gate: Gate, _ state: PipelineState) async throws -> Execution? {
        guard let id = gate.latest else { return nil }
        if let execution = state.executions[id] { return execution }
        return try await history.recall(id)
    }
}

extension Gate {
    /// Who waits, and why. AWS has no member for what holds executions back at the end of a stage.
    fileprivate func json(_ executions: [ExecutionID: Execution]) -> [String: JSON] {
        let waiting = waiting.compactMap { executions[$0.execution] }.map { execution -> JSON in
            [
                "pipelineExecutionId": .string(execution.id.text), "status": .string(execution.status.name),
                "type": .string(execution.start.executionType),
            ]
        }
        var members: [String: JSON] = ["inboundTransitionState": inbound.json, "inboundExecutions": .array(waiting)]
        members["inboundExecution"] = waiting.first
        if outbound.lastChangedAt != nil { members["outboundTransitionState"] = outbound.json }
        return members
    }
}

extension Transition {
    fileprivate var json: JSON {
        .object(present: [
            "enabled": .bool(isEnabled), "lastChangedBy": lastChangedBy.map(JSON.string),
            "lastChangedAt": lastChangedAt?.timestamp, "disabledReason": disabledReason.map(JSON.string),
        ])
    }
}
