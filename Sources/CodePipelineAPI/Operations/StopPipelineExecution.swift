import Engine
import Jansson
import Pipelines

/// STP-1…STP-4
@Sendable func stopPipelineExecution(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "pipelineExecutionId", "abandon", "reason")
    let name = try call.name("pipelineName")
    let id = try call.executionID()
    let request = StopRequest(
        kind: try call.input.optional("abandon")?.bool() == true ? .abandon : .wait,
        reason: try call.input.optional("reason")?.string(length: 0...200) ?? "", by: call.caller)
    let driver = try await call.driver(name)
    // AWS declares no other exception for an execution that is not there.
    guard let execution = try await driver.execution(id), execution.declaration.name == name else {
        throw APIError("PipelineExecutionNotStoppableException", "the pipeline \(name) has no execution \(id)")
    }
    try await call.refusable(name) { try await driver.submit(.stopRequested(request), of: id) }
    return ["pipelineExecutionId": .string(id.text)]
}
