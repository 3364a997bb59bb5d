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
    @OptionGroup var place: StagePlace
    @Argument(help: "The action.")
    var action: String
    @Option(help: "What the record says of it, at most 512 characters.")
    var summary: String = ""
    @Option(help: "The execution, where several wait: in mode PARALLEL.")
    var execution: String?

    func answer(_ status: String) async throws {
        let token: String
        if let execution { token = try await pendingToken(in: execution) } else { token = try await pendingToken() }
        let result: JSON = ["status": .string(status), "summary": .string(summary)]
        try await place.tell(
            "PutApprovalResult", ["actionName": .string(action), "token": .string(token), "result": result])
    }

    /// Of the one that waits (APR-3).
    private func pendingToken() async throws -> String {
        let state = try await place.daemon.call("GetPipelineState", ["name": .string(place.pipeline)])
        let stage = state.list("stageStates").first { $0.text("stageName") == place.stage }
        let action = stage?.list("actionStates").first { $0.text("actionName") == self.action }
        if let token = action?["latestExecution"]?["token"]?.stringValue { return token }
        throw Answer(
            .no,
            "\(place.pipeline): \(place.stage)/\(self.action) waits for no approval; in mode PARALLEL give --execution")
    }

    private func pendingToken(in execution: String) async throws -> String {
        let id = try await place.execution(execution)
        let answer = try await place.daemon.call(
            "ListActionExecutions", ["pipelineName": .string(place.pipeline), "filter": ["pipelineExecutionId": id]])
        let waiting = answer.list("actionExecutionDetails").first {
            $0.text("stageName") == place.stage && $0.text("actionName") == action && $0.text("status") == "InProgress"
        }
        if let token = waiting?["output"]?["executionResult"]?["externalExecutionId"]?.stringValue { return token }
        throw Answer(.no, "\(place.pipeline): \(place.stage)/\(action) of \(execution) waits for no approval")
    }
}
