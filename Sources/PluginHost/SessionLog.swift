import PluginProtocol

/// The log of one job, within its limits; what comes here is masked.
struct SessionLog: Hashable, Sendable {
    /// Of one job. More is dropped behind a marker, while the pipes are still drained.
    static let limitBytes = 64 << 20
    /// What a line takes in a log beside its text: its time, job, stream and level. An empty line is not free.
    static let recordBytes = 128
    /// Stray lines that are logged; more are counted only.
    static let strayLimit = 10_000
    static let tailLines = 20

    private var bytes = 0
    private var droppedBytes = 0
    private var strayLines = 0
    /// The last lines of the standard error.
    private(set) var tail: [String] = []

    mutating func addError(_ lines: [String]) -> [LogRecord] {
        tail = Array((tail + lines.suffix(Self.tailLines)).suffix(Self.tailLines))
        return lines.flatMap { admit($0, .stderr, .info) }
    }

    /// - Parameter offset: of the line that was read, which is not yet among `lines` where it may end in a secret.
    mutating func addStray(_ lines: [String], plugin: String, offset: Int) -> [LogRecord] {
        strayLines += 1
        let first = LogRecord(
            source: .host, level: .warning,
            text: "plugin \(plugin) wrote text to stdout, at byte \(offset), that is no message for this job;"
                + " it is logged. Text belongs on stderr: in bash, begin with: exec 3>&1 1>&2")
        return (strayLines == 1 ? [first] : []) + addStray(lines)
    }

    /// Lines of which it is said that they are astray.
    mutating func addStray(_ lines: [String]) -> [LogRecord] {
        guard strayLines <= Self.strayLimit else { return [] }
        return lines.flatMap { admit($0, .stdout, .warning) }
    }

    mutating func add(_ log: Log, _ masker: Masker) -> [LogRecord] {
        masker.mask(log.message).split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { admit(String($0), .message, log.level) }
    }

    /// What was held back, and what was left out.
    mutating func finish(error: [String] = [], stray: [String] = []) -> [LogRecord] {
        var records = addError(error) + addStray(stray)
        if strayLines > Self.strayLimit {
            records.append(remark("\(strayLines) stray lines on stdout, of which \(Self.strayLimit) are logged"))
        }
        if droppedBytes > 0 { records.append(remark("\(droppedBytes) bytes of log were dropped")) }
        return records
    }

    private mutating func admit(_ text: String, _ source: LogRecord.Source, _ level: Log.Level) -> [LogRecord] {
        let size = text.utf8.count + Self.recordBytes
        guard droppedBytes == 0, bytes + size <= Self.limitBytes else {
            defer { droppedBytes += text.utf8.count + 1 }
            return droppedBytes > 0 ? [] : [remark("the log is truncated here: it reached \(Self.limitBytes) bytes")]
        }
        bytes += size
        return [LogRecord(source: source, level: level, text: text)]
    }
}

/// The host's own remark.
func remark(_ text: String) -> LogRecord { LogRecord(source: .host, level: .warning, text: text) }
