import ArgumentParser
import Jansson

struct TransitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transition", abstract: "Holds executions back before or after a stage, and lets them go on.",
        subcommands: [Enable.self, Disable.self])

    struct Side: ParsableArguments {
        @OptionGroup var place: StagePlace
        @Flag(help: "What leads out of the stage, and not into it.")
        var outbound = false

        func change(_ operation: String, reason: String? = nil) async throws {
            try await place.tell(
                operation,
                ["transitionType": outbound ? "Outbound" : "Inbound", "reason": reason.map(JSON.string)])
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets whoever waits there go on.")
        @OptionGroup var side: Side

        func run() async throws { try await side.change("EnableStageTransition") }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets nobody pass.")
        @OptionGroup var side: Side
        @Option(help: "Why, 1 to 300 letters, digits, blanks and ! @ ( ) . * ? -")
        var reason: String

        func run() async throws { try await side.change("DisableStageTransition", reason: reason) }
    }
}
