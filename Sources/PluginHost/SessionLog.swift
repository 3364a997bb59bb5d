import PluginProtocol

/// The log of one job, within its limits; what comes here is masked.
struct SessionLog: Hashable, Sendable {
    /// Of one job. More is dropped behind a marker, while the pipes are still drained.
    static let limitBytes = 64 << 20
    /// What a line takes in a log beside its text: its time, stream, level and end. An empty line is not free.
    static let recordBytes = 18
    /// Stray lines that are logged; more are counted only.
    static let strayLimit = 10_000
    static let tailLines = 20

    private var bytes = 0
    private var droppedBytes = 0
    private var droppedLines = 0
    private var strayLines = 0
    /// The last lines of the standard error.
    private(set) var tail: [String] = []

    /// - Parameter texts: of one or more lines each.
    mutating func addError(_ texts: [String]) -> [LogRecord] {
        for text in texts { tail = (tail + lastLines(of: text, Self.tailLines)).suffix(Self.tailLines) }
        return texts.flatMap { admit($0, .stderr, .info) }
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
        admit(masker.mask(log.message), .message, log.level)
    }

    /// What was held back, and what was left out.
    mutating func finish(error: [String] = [], stray: [String] = []) -> [LogRecord] {
        var records = addError(error) + addStray(stray)
        if strayLines > Self.strayLimit {
            records.append(remark("\(strayLines) stray lines on stdout, of which \(Self.strayLimit) are logged"))
        }
        if droppedLines > 0 {
            records.append(remark("\(droppedLines) lines of log, \(droppedBytes) bytes of text, were dropped"))
        }
        return records
    }

    /// - Parameter text: of one or more lines, of which the first may fit when all do not.
    private mutating func admit(_ text: String, _ source: LogRecord.Source, _ level: Log.Level) -> [LogRecord] {
        let lines = countLines(in: text)
        let textBytes = text.utf8.count - (lines - 1)
        let size = textBytes + lines * Self.recordBytes
        if droppedLines == 0, bytes + size <= Self.limitBytes {
            bytes += size
            return [LogRecord(source: source, level: level, text: text)]
        }
        if droppedLines == 0, lines > 1 {
            return text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).flatMap {
                admit(String(Substring($0)), source, level)
            }
        }
        let isFirst = droppedLines == 0
        droppedLines += lines
        droppedBytes += textBytes
        return isFirst ? [remark("the log is truncated here: it reached its limit of \(Self.limitBytes) bytes")] : []
    }
}

private func countLines(in text: String) -> Int {
    var text = text
    return text.withUTF8 { bytes in bytes.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 } }
}

/// At most so many.
private func lastLines(of text: String, _ count: Int) -> [String] {
    let bytes = text.utf8
    var (start, left) = (bytes.endIndex, count)
    while start > bytes.startIndex, case let before = bytes.index(before: start) {
        if bytes[before] == 0x0A { left -= 1 }
        if left == 0 { break }
        start = before
    }
    return bytes[start...].split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
}

/// The host's own remark.
func remark(_ text: String) -> LogRecord { LogRecord(source: .host, level: .warning, text: text) }
