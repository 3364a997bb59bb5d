import Engine
import Jansson
import Pipelines

/// RTY-1…RTY-3
@Sendable func retryStageExecution(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "pipelineExecutionId", "retryMode")
    let name = try call.name("pipelineName")
    let retry = StageRetry(
        stage: try call.name("stageName"), mode: try call.word(call.input.required("retryMode")), by: call.caller)
    let id = try call.executionID()
    let driver = try await call.driver(name, with: retry.stage)
    // AWS declares no other exception for an execution that is not there.
    guard let execution = try await driver.execution(id), execution.declaration.name == name else {
        throw APIError("StageNotRetryableException", "the pipeline \(name) has no execution \(id)")
    }
    // What began in a sandbox never goes on without one.
    guard call.api.sandbox != "none" || execution.start.sandbox == "none" else {
        throw APIError(
            "StageNotRetryableException",
            "the execution \(id) ran in the sandbox \(execution.start.sandbox), and this daemon runs without one")
    }
    try await call.refusable(name) { try await driver.submit(.stageRetried(retry), of: id) }
    return ["pipelineExecutionId": .string(id.text)]
}
