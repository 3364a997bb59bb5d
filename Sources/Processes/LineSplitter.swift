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

    public init(outputBytes: Int = 1 << 20, errorBytes: Int = 16 << 10) {
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
    }
}

/// Cuts a stream of bytes into lines with bounded memory.
struct LineSplitter {
    let stream: Stream
    /// Without the line feed.
    let limitBytes: Int
    /// Long lines come in pieces, and not cut.
    let splits: Bool
    private var pending: [UInt8] = []
    private var lineOffset = 0
    /// Bytes of the present line that were thrown away.
    private var discarded = 0

    init(stream: Stream, limits: LineLimits) {
        self.stream = stream
        splits = stream == .error
        limitBytes = (stream == .error ? limits.errorBytes : limits.outputBytes) - 1
    }

    mutating func consume(_ bytes: UnsafeRawBufferPointer, emit: (Line) -> Void) {
        var rest = bytes[...]
        while let feed = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<feed], emit: emit)
            finishLine(.newline, emit: emit)
            rest = rest[(feed + 1)...]
        }
        append(rest, emit: emit)
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
            emit(Line(stream: stream, offset: lineOffset, bytes: pending, ending: .split))
            lineOffset += pending.count
            pending.removeAll(keepingCapacity: true)
        }
        let room = limitBytes - pending.count
        pending += rest.prefix(room)
        discarded += max(0, rest.count - room)
    }

    private mutating func finishLine(_ ending: Line.Ending, emit: (Line) -> Void) {
        let total = pending.count + discarded
        let ending = discarded > 0 ? .overlong(totalBytes: total) : ending
        emit(Line(stream: stream, offset: lineOffset, bytes: pending, ending: ending))
        lineOffset += total + 1
        discarded = 0
        pending.removeAll(keepingCapacity: pending.count < 64 << 10)
    }
}
