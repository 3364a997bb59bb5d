import Glibc

/// One line of a child, or the part of it that fits.
public struct Line: Hashable, Sendable {
    public enum Ending: Hashable, Sendable {
        /// The line feed that ended it (not among the bytes).
        case newline
        /// The stream ended in the middle of the line.
        case unterminated
        /// The line goes on in the next event: it was longer than the stream's limit.
        case split
        /// The line was longer than the limit and what follows the bytes here was thrown away; its whole length.
        case overlong(totalBytes: Int)
    }
    public let stream: Stream
    /// Of the line's first byte in its stream.
    public let offset: Int
    public let bytes: [UInt8]
    public let ending: Ending

    public init(stream: Stream, offset: Int, bytes: [UInt8], ending: Ending) {
        self.stream = stream
        self.offset = offset
        self.bytes = bytes
        self.ending = ending
    }
}

/// How long a line may be, and what becomes of one that is longer.
public struct LineLimits: Hashable, Sendable {
    /// Including the line feed; a longer line of the standard output arrives cut, once.
    public var outputBytes: Int
    /// A longer line of the standard error arrives in pieces.
    public var errorBytes: Int
    /// Whether whole lines of the standard error that were read at once arrive as one, with line feeds between them.
    public var joinsErrorLines: Bool

    public init(outputBytes: Int = 1 << 20, errorBytes: Int = 16 << 10, joinsErrorLines: Bool = false) {
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
        self.joinsErrorLines = joinsErrorLines
    }
}

/// Cuts a stream of bytes into lines with bounded memory.
struct LineSplitter {
    let stream: Stream
    /// Without the line feed.
    let limitBytes: Int
    /// Long lines come in pieces, and not cut.
    let splits: Bool
    /// Whole lines that were read at once come as one.
    let joins: Bool
    private var pending: [UInt8] = []
    /// Whole lines before the present one, each with its line feed; of one reading only.
    private var joined: [UInt8] = []
    private var lineOffset = 0
    /// Bytes of the present line that were thrown away.
    private var discarded = 0

    init(stream: Stream, limits: LineLimits) {
        self.stream = stream
        splits = stream == .error
        joins = splits && limits.joinsErrorLines
        limitBytes = (stream == .error ? limits.errorBytes : limits.outputBytes) - 1
    }

    mutating func consume(_ bytes: UnsafeRawBufferPointer, emit: (Line) -> Void) {
        var rest = bytes[...]
        if joins { joined.reserveCapacity(pending.count + bytes.count) }
        while let feed = firstLineFeed(rest) {
            append(rest[..<feed], emit: emit)
            finishLine(.newline, emit: emit)
            rest = rest[(feed + 1)...]
        }
        append(rest, emit: emit)
        emitJoined(emit)
    }

    mutating func end(emit: (Line) -> Void) {
        if !pending.isEmpty || discarded > 0 { finishLine(.unterminated, emit: emit) }
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>, emit: (Line) -> Void) {
        var rest = bytes
        while splits, pending.count + rest.count > limitBytes {
            let room = limitBytes - pending.count
            pending += rest.prefix(room)
            rest = rest.dropFirst(room)
            emitJoined(emit)
            emit(Line(stream: stream, offset: lineOffset, bytes: pending, ending: .split))
            lineOffset += pending.count
            pending.removeAll(keepingCapacity: true)
        }
        let room = limitBytes - pending.count
        pending += rest.prefix(room)
        discarded += max(0, rest.count - room)
    }

    private mutating func finishLine(_ ending: Line.Ending, emit: (Line) -> Void) {
        if joins, ending == .newline {
            joined += pending
            joined.append(UInt8(ascii: "\n"))
            pending.removeAll(keepingCapacity: true)
            return
        }
        let total = pending.count + discarded
        let ending = discarded > 0 ? .overlong(totalBytes: total) : ending
        emit(Line(stream: stream, offset: lineOffset, bytes: pending, ending: ending))
        lineOffset += total + 1
        discarded = 0
        pending.removeAll(keepingCapacity: pending.count < 64 << 10)
    }

    private mutating func emitJoined(_ emit: (Line) -> Void) {
        guard !joined.isEmpty else { return }
        let start = lineOffset
        lineOffset += joined.count
        joined.removeLast()
        emit(Line(stream: stream, offset: start, bytes: joined, ending: .newline))
        joined = []
    }
}

/// Where the first line ends.
private func firstLineFeed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard let base = bytes.base.baseAddress, !bytes.isEmpty else { return nil }
    return memchr(base + bytes.startIndex, 0x0A, bytes.count).map { UnsafeRawPointer($0) - base }
}
