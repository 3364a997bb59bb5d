import ArgumentParser
import Jansson

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Says yes to an approval that waits.")
    @OptionGroup var approval: ApprovalOptions

    func run() async throws { try await approval.answer("Approved") }
}

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Says no to an approval that waits: its action fails.")
    @OptionGroup var approval: ApprovalOptions

    func run() async throws { try await approval.answer("Rejected") }
}

struct ApprovalOptions: ParsableArguments {
    @Argument(help: "The pipeline.")
    var pipeline: String
    @Argument(help: "The stage.")
    var stage: String
    @Argument(help: "The action.")
    var action: String
    @Option(help: "What the record says of it, at most 512 characters.")
    var summary: String = ""
    @Option(help: "The execution, where several wait: in mode PARALLEL.")
    var execution: String?
    @OptionGroup var daemon: DaemonOptions

    func answer(_ status: String) async throws {
        let token: String
        if let execution { token = try await pendingToken(in: execution) } else { token = try await pendingToken() }
        let input: [String: JSON?] = [
            "pipelineName": .string(pipeline), "stageName": .string(stage), "actionName": .string(action),
            "token": .string(token), "result": ["status": .string(status), "summary": .string(summary)],
        ]
        try await daemon.tell("PutApprovalResult", input) { _ in nil }
    }

    /// Of the one that waits (APR-3).
    private func pendingToken() async throws -> String {
        let state = try await daemon.call("GetPipelineState", ["name": .string(pipeline)])
        let stage = state.list("stageStates").first { $0.text("stageName") == self.stage }
        let action = stage?.list("actionStates").first { $0.text("actionName") == self.action }
        if let token = action?["latestExecution"]?["token"]?.stringValue { return token }
        throw Answer(
            .no, "\(pipeline): \(self.stage)/\(self.action) waits for no approval; in mode PARALLEL give --execution")
    }

    private func pendingToken(in execution: String) async throws -> String {
        let id = try await daemon.execution(execution, of: pipeline)
        let answer = try await daemon.call(
            "ListActionExecutions", ["pipelineName": .string(pipeline), "filter": ["pipelineExecutionId": id]])
        let waiting = answer.list("actionExecutionDetails").first {
            $0.text("stageName") == stage && $0.text("actionName") == action && $0.text("status") == "InProgress"
        }
        if let token = waiting?["output"]?["executionResult"]?["externalExecutionId"]?.stringValue { return token }
        throw Answer(.no, "\(pipeline): \(stage)/\(action) of \(execution) waits for no approval")
    }
}
