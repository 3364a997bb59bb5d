import ArgumentParser
import Engine
import Jansson
import Store

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists executions, the newest first.")

    @Argument(help: "Only those of this pipeline.")
    var pipeline: String?

    @Option(help: ArgumentHelp("At most so many.", valueName: "count"))
    var limit: Int = 20

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1, found \(limit)") }
    }

    func run() async throws {
        let records = try await common.history().executions(pipeline: pipeline, limit: limit)
        for record in records { print(common.format == .json ? record.json.text : record.line) }
    }
}

extension ExecutionRecord {
    fileprivate var line: String {
        "\(id)  \(dateAndTime(startedAt))  \(status.name.padded(to: 10))  \(duration(from: startedAt, to: updatedAt).padded(to: 9))"
            + "  \(pipeline) version \(start.pipelineVersion)\(!start.stubs.isEmpty ? "  (with stubs)" : "")"
    }

    fileprivate var json: JSON {
        [
            "pipelineExecutionId": .string(id.text), "pipeline": .string(pipeline),
            "pipelineVersion": .integer(Int64(start.pipelineVersion)), "status": .string(status.name),
            "startTime": .string(rfc3339(startedAt)), "lastUpdateTime": .string(rfc3339(updatedAt)),
            "hasStubs": .bool(!start.stubs.isEmpty),
        ]
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
