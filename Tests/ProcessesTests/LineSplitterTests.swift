import Testing

@testable import Processes

@Suite("Lines of the standard error")
struct LineSplitterTests {
    /// What a reader makes of the lines: where each begins, what is in it, and how it ends.
    private struct Piece: Equatable {
        var offset: Int
        var bytes: [UInt8]
        var ending: Line.Ending
    }

    private func lines(of chunks: [[UInt8]], joined: Bool) -> [Line] {
        var splitter = LineSplitter(stream: .error, limits: LineLimits(errorBytes: 9, joinsErrorLines: joined))
        var lines: [Line] = []
        for chunk in chunks { chunk.withUnsafeBytes { splitter.consume($0) { lines.append($0) } } }
        splitter.end { lines.append($0) }
        return lines
    }

    private func pieces(of lines: [Line]) -> [Piece] {
        lines.flatMap { line in
            var offset = line.offset
            return line.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { bytes in
                defer { offset += bytes.count + 1 }
                return Piece(offset: offset, bytes: Array(bytes), ending: line.ending)
            }
        }
    }

    @Test("lines that were read at once come as one where that is asked for, with the same pieces of long ones")
    func joined() {
        let text = Array("one\n\n\ntwo\nexactly8\nnine-long\nmuch longer than that\nx\nunended".utf8)
        for size in 1...text.count {
            let chunks = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
            let joined = lines(of: chunks, joined: true)
            #expect(pieces(of: joined) == pieces(of: lines(of: chunks, joined: false)), "\(size) bytes at a time")
            #expect(joined.count <= chunks.count + 6, "each chunk, what is before and behind long lines, and the end")
        }
        #expect(
            lines(of: [text], joined: true).map(\.ending)
                == [.newline, .split, .newline, .split, .split, .newline, .unterminated])
    }
}
