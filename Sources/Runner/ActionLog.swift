import Engine
import Glibc
import PluginHost
import PluginProtocol
import Synchronization

/// Where the logs of actions are kept: `DIRECTORY/EXECUTION/ACTION-EXECUTION.log`.
public struct ActionLogs: Sendable {
    public let directory: String

    public init(directory: String) { self.directory = directory }

    public func path(_ execution: ExecutionID, _ action: ActionExecutionID) -> String {
        "\(directory)/\(execution)/\(action).log"
    }
}

/// Appends the log of one job to that of its action. A log that cannot be written does not stop the action; what it
/// lacks is told.
final class ActionLog: Sendable {
    private struct File {
        var descriptor: Int32 = -1
        /// Behind the lines that are known.
        var end = LogPlace()
        /// How many lines could not be written since the last one that could.
        var missing = 0
    }

    private let folders: [String]
    private let path: String
    private let job: String
    private let index: LogIndex
    private let file = Mutex(File())

    init(_ logs: ActionLogs, _ attempt: Attempt, job: String) {
        folders = [logs.directory, "\(logs.directory)/\(attempt.execution)"]
        path = logs.path(attempt.execution, attempt.id)
        self.job = job
        index = LogIndex(ofLog: path)
        // What goes wrong here is told with the first line.
        file.withLock { _ = makeReady(&$0.descriptor) }
    }

    deinit { file.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// - Returns: that the log cannot be written, and why: for the first record that it lacks.
    func append(_ record: LogRecord, at time: Instant) -> LogRecord? {
        file.withLock { file in
            var lines: [UInt8] = []
            let before = file.missing
            if before > 0 {
                warning("\(before) lines are missing here: the log could not be written").write(to: &lines, at: time)
            }
            record.write(to: &lines, at: time)
            let (written, failure) = append(lines, to: &file)
            let count = lines.count { $0 == 0x0A }
            // The first that is written is then that some are missing.
            file.missing = written == 0 && before > 0 ? before + count - 1 : count - written
            guard failure != 0, before == 0 || written > 0 else { return nil }
            let reason = String(cString: strerror(failure))
            return warning("\(path): cannot be written: \(reason); the action goes on, and its log will have a gap")
        }
    }

    /// - Returns: `errno` when it cannot be opened, else 0.
    private func makeReady(_ descriptor: inout Int32) -> Int32 {
        for folder in folders where mkdir(folder, 0o700) != 0 && errno != EEXIST { return errno }
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        return descriptor < 0 ? errno : 0
    }

    /// - Returns: how many lines are written, and `errno` when that is not all.
    private func append(_ lines: [UInt8], to file: inout File) -> (written: Int, failure: Int32) {
        if file.descriptor < 0, case let failure = makeReady(&file.descriptor), failure != 0 { return (0, failure) }
        // The action's last job may still have something to say.
        while flock(file.descriptor, LOCK_EX) != 0 && errno == EINTR {}
        defer { flock(file.descriptor, LOCK_UN) }
        if case let failure = catchUp(&file), failure != 0 { return (0, failure) }
        let bytes = file.end.job == job ? lines : Array("job \(job)\n".utf8) + lines
        let first = file.end.number
        let count = bytes.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { return (0, errno) }
        bytes[..<count].withUnsafeBytes { take($0, &file) }
        // The next line must not stand behind half of one. A reader may have the whole ones already.
        if count < bytes.count { ftruncate(file.descriptor, off_t(file.end.offset)) }
        return (file.end.number - first, count < bytes.count ? ENOSPC : 0)
    }

    /// Takes in what others have written, without half a line at the end that a killed core has left.
    /// - Returns: `errno` when that cannot be done, else 0.
    private func catchUp(_ file: inout File) -> Int32 {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { return errno }
        guard status.st_size != file.end.offset else { return 0 }
        if file.end.offset == 0 || status.st_size < file.end.offset {
            file.end = index.last(in: file.descriptor) ?? LogPlace()
        }
        readBlocks(of: file.descriptor, from: file.end.offset) {
            take($0, &file)
            return true
        }
        return ftruncate(file.descriptor, off_t(file.end.offset)) == 0 ? 0 : errno
    }

    private func take(_ lines: UnsafeRawBufferPointer, _ file: inout File) {
        var (entries, last): ([UInt8], LogPlace) = ([], file.end)
        var rest = lines[...]
        while let feed = firstLineFeed(rest) {
            let isLine = file.end.pass(rest[..<feed])
            rest = rest[(feed + 1)...]
            if isLine, LogIndex.lists(file.end.number), let entry = LogIndex.entry(file.end, in: file.descriptor) {
                entries += entry
                last = file.end
            }
        }
        if !entries.isEmpty { index.write(entries, until: last) }
    }
}

private func warning(_ text: String) -> LogRecord { LogRecord(source: .host, level: .warning, text: text) }
