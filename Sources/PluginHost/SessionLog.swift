import PluginProtocol

/// What of a plugin's output goes into the log: masked, in lines, within limits.
struct SessionLog: Hashable, Sendable {
    /// Of one job. More is dropped behind a marker, while the pipes are still drained.
    static let limitBytes = 64 << 20
    /// What a line takes in a log beside its text: its time, job, stream and level. An empty line is not free.
    static let recordBytes = 128
    /// Stray lines that are logged; more are counted only.
    static let strayLimit = 10_000
    static let tailLines = 20

    /// One stream of text on its way into records.
    fileprivate struct Text: Hashable, Sendable {
        var window = MaskingWindow()
        /// The masked beginning of a line whose end is not known yet.
        var open: [UInt8] = []
    }

    var masker: Masker
    private var error = Text()
    private var output = Text()
    private var bytes = 0
    private var droppedBytes = 0
    private var strayLines = 0
    /// The last lines of the standard error.
    private(set) var tail: [String] = []

    init(masker: Masker) { self.masker = masker }

    /// - Parameter ended: false for a piece of a line that goes on.
    mutating func addError(_ line: [UInt8], ended: Bool) -> [LogRecord] {
        let lines = error.append(line, ended: ended, masker)
        return addErrorLines(lines)
    }

    mutating func addStray(_ line: [UInt8], plugin: String, offset: Int) -> [LogRecord] {
        strayLines += 1
        guard strayLines <= Self.strayLimit else { return [] }
        let first = LogRecord(
            source: .host, level: .warning,
            text: "plugin \(plugin) wrote text to stdout, at byte \(offset), that is no message for this job;"
                + " it is logged. Text belongs on stderr: in bash, begin with: exec 3>&1 1>&2")
        let records = output.append(line, ended: true, masker).flatMap { admit($0, .stdout, .warning) }
        return strayLines == 1 ? [first] + records : records
    }

    mutating func add(_ log: Log) -> [LogRecord] {
        masker.mask(log.message).split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { admit(String($0), .message, log.level) }
    }

    /// What was held back, and what was left out.
    mutating func finish() -> [LogRecord] {
        var records = addErrorLines(error.finish(masker))
        records += output.finish(masker).flatMap { admit($0, .stdout, .warning) }
        if strayLines > Self.strayLimit {
            records.append(remark("\(strayLines) stray lines on stdout, of which \(Self.strayLimit) are logged"))
        }
        if droppedBytes > 0 { records.append(remark("\(droppedBytes) bytes of log were dropped")) }
        return records
    }

    private mutating func addErrorLines(_ lines: [String]) -> [LogRecord] {
        tail = Array((tail + lines.suffix(Self.tailLines)).suffix(Self.tailLines))
        return lines.flatMap { admit($0, .stderr, .info) }
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

extension SessionLog.Text {
    /// The lines that are complete and free of doubt once `line` has come.
    mutating func append(_ line: [UInt8], ended: Bool, _ masker: Masker) -> [String] {
        let text = line.last == UInt8(ascii: "\r") && ended ? line.dropLast() : line[...]
        open += window.append(text + (ended ? [UInt8(ascii: "\n")] : []), masker)
        // A piece of a long line is told as it comes: nothing may pile up.
        return takeLines(rest: !ended)
    }

    mutating func finish(_ masker: Masker) -> [String] {
        open += window.finish(masker)
        return takeLines(rest: true)
    }

    private mutating func takeLines(rest: Bool) -> [String] {
        var lines = open.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.removeLast()
        if rest && !last.isEmpty { lines.append(last) }
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        open = rest ? [] : Array(last)
        return texts
    }
}
