import Engine
import Glibc
import Jansson
import PluginHost
import PluginProtocol

/// One line of an action's log, as it is kept: JSON, one a line.
public struct LogLine: Hashable, Sendable {
    public let time: Instant
    public let job: String
    public let stream: String
    public let level: String
    public let text: String

    /// - Throws: when the line is no log line.
    public init(parsing line: some Collection<UInt8>) throws {
        let reader = JSONReader(try JSON(parsing: line))
        time = Instant(milliseconds: Int64(try reader.required("time").integer()))
        job = try reader.required("jobId").string()
        stream = try reader.required("stream").string()
        level = try reader.required("level").string()
        text = try reader.required("text").string()
    }

    init(_ record: LogRecord, time: Instant, job: String) {
        self.time = time
        self.job = job
        stream = record.source.rawValue
        level = record.level.rawValue
        text = record.text
    }

    public var json: JSON {
        [
            "time": .integer(time.milliseconds), "jobId": .string(job), "stream": .string(stream),
            "level": .string(level), "text": .string(text),
        ]
    }
}

/// Where the logs of actions are kept: `DIRECTORY/EXECUTION/ACTION-EXECUTION.log`.
public struct ActionLogs: Sendable {
    public let directory: String

    public init(directory: String) { self.directory = directory }

    public func path(_ execution: ExecutionID, _ action: ActionExecutionID) -> String {
        "\(directory)/\(execution)/\(action).log"
    }
}

/// Appends the log of one action. A log that cannot be written does not stop the action.
final class ActionLog: Sendable {
    private let descriptor: Int32

    init(_ logs: ActionLogs, _ attempt: Attempt) {
        mkdir(logs.directory, 0o700)
        mkdir("\(logs.directory)/\(attempt.execution)", 0o700)
        descriptor = open(logs.path(attempt.execution, attempt.id), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func append(_ line: LogLine) {
        guard descriptor >= 0 else { return }
        let bytes = line.json.serialized + [UInt8(ascii: "\n")]
        // One call a line: a reader never sees half of one, and a killed core loses none.
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
