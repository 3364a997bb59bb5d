import Engine
import Jansson
import Pipelines

/// TRN-1, TRN-2
@Sendable func disableStageTransition(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "transitionType", "reason")
    let reason = try call.name("reason", NamePattern(marks: "!@ ().*?-", length: 1...300))
    return try await changeTransition(call, reason: reason)
}

/// TRN-3
@Sendable func enableStageTransition(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "transitionType")
    return try await changeTransition(call, reason: nil)
}

private func changeTransition(_ call: Call, reason: String?) async throws -> JSON {
    let name = try call.name("pipelineName")
    let change = TransitionChange(
        stage: try call.name("stageName"), side: try call.word(call.input.required("transitionType")),
        disabledReason: reason, by: call.caller)
    let driver = try await call.driver(name, with: change.stage)
    try await call.refusable(name) { try await driver.submit(.transitionChanged(change)) }
    return [:]
}
