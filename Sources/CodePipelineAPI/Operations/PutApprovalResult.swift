import Engine
import Jansson
import Pipelines

/// APR-4
@Sendable func putApprovalResult(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "actionName", "result", "token")
    let name = try call.name("pipelineName")
    let stage = try call.name("stageName")
    let action = try call.name("actionName")
    let token = try call.uuid(call.input.required("token"))
    let result = try call.input.required("result").object(of: "summary", "status")
    let status: ApprovalAnswer.Status = try call.word(result.required("status"))
    let summary = try result.required("summary").string(length: 0...512)
    let driver = try await call.driver(name, with: stage)
    let answer = ApprovalAnswer(token: token, status: status, summary: summary, by: call.caller)
    let attempt = try await call.pendingApproval(name, stage, action, token, driver)
    try await call.refusable(name) {
        try await driver.submit(.approvalAnswered(attempt, answer), of: attempt.execution)
    }
    return ["approvedAt": call.api.now().timestamp]
}

extension Call {
    fileprivate func pendingApproval(
        _ name: String, _ stage: String, _ action: String, _ token: String, _ driver: Driver
    ) async throws -> Attempt {
        let state = await driver.state
        let pending = state.executions.values.flatMap(\.pendingApprovals).first { $0.token == token }
        if let pending, pending.attempt.stage == stage, pending.attempt.action == action { return pending.attempt }
        let declared = state.pipeline.stages.first { $0.name == stage }?.actions ?? []
        guard declared.contains(where: { $0.name == action }) else {
            throw APIError("ActionNotFoundException", "\(name): the stage \(stage) has no action \(action)")
        }
        if try await history.wasAnswered(token: token, of: name) {
            throw APIError("ApprovalAlreadyCompletedException", "\(name): \(stage)/\(action) has been answered already")
        }
        throw APIError(
            "InvalidApprovalTokenException", "\(name): the token belongs to no pending approval of \(stage)/\(action)")
    }
}
