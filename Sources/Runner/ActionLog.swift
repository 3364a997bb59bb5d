import Engine
import Glibc
import Jansson
import PluginHost
import PluginProtocol
import Synchronization

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

    /// What the host has to say in the place of this line.
    fileprivate func remark(_ text: String) -> LogLine {
        LogLine(LogRecord(source: .host, level: .warning, text: text), time: time, job: job)
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

/// Appends the log of one action. A log that cannot be written does not stop the action; what it lacks is told.
final class ActionLog: Sendable {
    private struct File {
        var descriptor: Int32 = -1
        /// How many lines could not be written since the last one that could.
        var missing = 0
    }

    private let folders: [String]
    private let path: String
    private let file = Mutex(File())

    init(_ logs: ActionLogs, _ attempt: Attempt) {
        folders = [logs.directory, "\(logs.directory)/\(attempt.execution)"]
        path = logs.path(attempt.execution, attempt.id)
        // What goes wrong here is told with the first line.
        file.withLock { _ = makeReady(&$0.descriptor) }
    }

    deinit { file.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// - Returns: that the log cannot be written, and why: for the first line that it lacks.
    func append(_ line: LogLine) -> LogLine? {
        file.withLock { file in
            let isGap = file.missing > 0
            let gap = isGap ? [line.remark("\(file.missing) lines are missing here: the log could not be written")] : []
            let failure = append(gap + [line], to: &file.descriptor)
            file.missing = failure == 0 ? 0 : file.missing + 1
            guard file.missing == 1 else { return nil }
            let reason = String(cString: strerror(failure))
            return line.remark("\(path): cannot be written: \(reason); the action goes on, and its log will have a gap")
        }
    }

    /// - Returns: `errno` when it cannot be opened, else 0.
    private func makeReady(_ descriptor: inout Int32) -> Int32 {
        for folder in folders where mkdir(folder, 0o700) != 0 && errno != EEXIST { return errno }
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return descriptor < 0 ? errno : 0
    }

    /// All or nothing.
    /// - Returns: `errno` when it is nothing, else 0.
    private func append(_ lines: [LogLine], to descriptor: inout Int32) -> Int32 {
        if descriptor < 0, case let failure = makeReady(&descriptor), failure != 0 { return failure }
        let bytes = lines.flatMap { $0.json.serialized + [UInt8(ascii: "\n")] }
        // One call: a reader never sees half a line, and a killed core loses none.
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { return errno }
        guard count < bytes.count else { return 0 }
        // The next line must not stand behind half of this one.
        ftruncate(descriptor, lseek(descriptor, 0, SEEK_END) - off_t(count))
        return ENOSPC
    }
}
