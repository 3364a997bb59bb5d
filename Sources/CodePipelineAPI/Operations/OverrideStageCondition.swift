import Engine
import Jansson
import Pipelines

/// CND-8
@Sendable func overrideStageCondition(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "pipelineExecutionId", "conditionType")
    let name = try call.name("pipelineName")
    let stage = try call.name("stageName")
    let id = try call.executionID()
    let type: ConditionType = try call.word(call.input.required("conditionType"))
    let driver = try await call.driver(name, with: stage)
    guard let execution = try await driver.execution(id), execution.declaration.name == name else {
        throw APIError("ConditionNotOverridableException", "the pipeline \(name) has no execution \(id)")
    }
    let override = ConditionOverride(stage: stage, condition: type.kind, by: call.caller)
    try await call.refusable(name) { try await driver.submit(.conditionOverridden(override), of: id) }
    return [:]
}

private enum ConditionType: String, CaseIterable {
    case beforeEntry = "BEFORE_ENTRY"
    case onSuccess = "ON_SUCCESS"

    var kind: ConditionKind {
        switch self {
        case .beforeEntry: .beforeEntry
        case .onSuccess: .onSuccess
        }
    }
}
