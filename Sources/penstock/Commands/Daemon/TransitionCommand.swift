import ArgumentParser
import Jansson

struct TransitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transition", abstract: "Holds executions back before or after a stage, and lets them go on.",
        subcommands: [Enable.self, Disable.self])

    struct Place: ParsableArguments {
        @Argument(help: "The pipeline.")
        var pipeline: String
        @Argument(help: "The stage.")
        var stage: String
        @Flag(help: "What leads out of the stage, and not into it.")
        var outbound = false
        @OptionGroup var daemon: DaemonOptions

        func change(_ operation: String, reason: String? = nil) async throws {
            try await daemon.tell(
                operation,
                [
                    "pipelineName": .string(pipeline), "stageName": .string(stage),
                    "transitionType": outbound ? "Outbound" : "Inbound", "reason": reason.map(JSON.string),
                ]
            ) { _ in nil }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets whoever waits there go on.")
        @OptionGroup var place: Place

        func run() async throws { try await place.change("EnableStageTransition") }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets nobody pass.")
        @OptionGroup var place: Place
        @Option(help: "Why, 1 to 300 letters, digits, blanks and ! @ ( ) . * ? -")
        var reason: String

        func run() async throws { try await place.change("DisableStageTransition", reason: reason) }
    }
}
