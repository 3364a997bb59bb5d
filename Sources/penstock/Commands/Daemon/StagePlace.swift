import ArgumentParser
import Jansson

/// A stage of one of the daemon's pipelines.
struct StagePlace: ParsableArguments {
    @Argument(help: "The pipeline.")
    var pipeline: String
    @Argument(help: "The stage.")
    var stage: String
    @OptionGroup var daemon: DaemonOptions

    /// Calls an operation on it and prints what it answered.
    func tell(
        _ operation: String, _ input: [String: JSON?], _ human: (JSON) -> String? = { _ in nil }
    ) async throws {
        let place: [String: JSON?] = ["pipelineName": .string(pipeline), "stageName": .string(stage)]
        try await daemon.tell(operation, place.merging(input) { $1 }, human)
    }

    func execution(_ text: String) async throws -> JSON { try await daemon.execution(text, of: pipeline) }
}
