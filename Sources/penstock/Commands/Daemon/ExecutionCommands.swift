import ArgumentParser
import Jansson

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops an execution: what runs may end, unless it is abandoned.")

    @Argument(help: "The pipeline.")
    var pipeline: String
    @Argument(help: "The execution's id, or its first characters.")
    var execution: String
    @Flag(help: "Give up what runs.")
    var abandon = false
    @Option(help: "Why, at most 200 characters.")
    var reason: String?
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let id = try await daemon.execution(execution, of: pipeline)
        try await daemon.tell(
            "StopPipelineExecution",
            [
                "pipelineName": .string(pipeline), "pipelineExecutionId": id, "abandon": .bool(abandon),
                "reason": reason.map(JSON.string),
            ]
        ) { _ in nil }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Runs the failed actions of a stage again, or all of them.")

    @OptionGroup var place: StagePlace
    @Argument(help: "The execution's id, or its first characters.")
    var execution: String
    @Flag(help: "Those that succeeded, too.")
    var allActions = false

    func run() async throws {
        let id = try await place.execution(execution)
        try await place.tell(
            "RetryStageExecution",
            ["pipelineExecutionId": id, "retryMode": allActions ? "ALL_ACTIONS" : "FAILED_ACTIONS"])
    }
}

struct OverrideCommand: AsyncParsableCommand {
    enum Condition: String, ExpressibleByArgument, CaseIterable {
        case beforeEntry, onSuccess
    }

    static let configuration = CommandConfiguration(
        commandName: "override", abstract: "Lets an execution go on in spite of a condition of a stage.")

    @OptionGroup var place: StagePlace
    @Argument(help: "The execution's id, or its first characters.")
    var execution: String
    @Option(help: "beforeEntry or onSuccess.")
    var condition: Condition

    func run() async throws {
        let id = try await place.execution(execution)
        try await place.tell(
            "OverrideStageCondition",
            ["pipelineExecutionId": id, "conditionType": condition == .beforeEntry ? "BEFORE_ENTRY" : "ON_SUCCESS"])
    }
}
