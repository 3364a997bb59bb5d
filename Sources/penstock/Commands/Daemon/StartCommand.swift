import ArgumentParser
import Jansson

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts an execution of a pipeline that the daemon has, and prints its id.")

    @Argument(help: "The pipeline.")
    var pipeline: String

    @Option(
        name: .customLong("variable"), help: ArgumentHelp("A pipeline variable.", valueName: "name=value"))
    var variables: [Pair] = []

    @Option(
        name: .customLong("revision"),
        help: ArgumentHelp(
            "What a source action takes: COMMIT_ID, IMAGE_DIGEST, S3_OBJECT_VERSION_ID or S3_OBJECT_KEY, and which.",
            valueName: "action=type:value"))
    var revisions: [Pair] = []

    @Option(help: ArgumentHelp("With a token that was given before, the execution that it started.", valueName: "text"))
    var token: String?

    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let variables = try variables.values(of: "--variable").sorted { $0.key < $1.key }
        let input: [String: JSON?] = [
            "name": .string(pipeline), "clientRequestToken": token.map(JSON.string),
            "variables": variables.isEmpty
                ? nil : .array(variables.map { ["name": .string($0.key), "value": .string($0.value)] }),
            "sourceRevisions": revisions.isEmpty ? nil : .array(try revisions.map(override)),
        ]
        try await daemon.tell("StartPipelineExecution", input) { $0.text("pipelineExecutionId") }
    }

    private func override(_ revision: Pair) throws -> JSON {
        let parts = revision.value.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else {
            throw Answer(.usage, "--revision \(revision.name)=\(revision.value): must be ACTION=TYPE:VALUE")
        }
        return [
            "actionName": .string(revision.name), "revisionType": .string(String(parts[0])),
            "revisionValue": .string(String(parts[1])),
        ]
    }
}
