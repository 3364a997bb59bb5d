import Engine
import Jansson
import Pipelines

/// RBK-1…RBK-4
@Sendable func rollbackStage(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "targetPipelineExecutionId")
    let name = try call.name("pipelineName")
    let stage = try call.name("stageName")
    let id = try call.executionID("targetPipelineExecutionId")
    let driver = try await call.driver(name, with: stage)
    let target = try await call.execution(id, of: name, driver)
    return try await call.refusable(name) {
        let state = await driver.state
        let start = Start(
            execution: call.api.newID(), pipelineVersion: state.version,
            trigger: .init(type: "ManualRollback", detail: call.caller),
            rollback: try state.rollback(of: stage, to: target), sandbox: call.api.sandbox)
        try await driver.start(start)
        return ["pipelineExecutionId": .string(start.execution.text)]
    }
}
