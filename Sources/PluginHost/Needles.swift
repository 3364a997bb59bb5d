/// Byte strings to look for, all at once: a tree of their bytes, so that their number does not slow the search down.
///
/// A long one is looked for in pieces. So a byte of text costs at most 64 steps whatever a plugin has masked, and little
/// is held back at the end of a text.
struct Needles: Hashable, Sendable {
    static let pieceBytes = 64

    /// Node by node and byte; the root is 0.
    private var edges: [UInt64: UInt32] = [:]
    /// By node: whether a needle ends there.
    private var ends = [false]
    /// One bit for each pair of bytes that begins a needle: most positions of a text are passed over by it.
    private var beginnings: [UInt64] = []

    var isEmpty: Bool { edges.isEmpty }

    /// - Parameter needle: at least two bytes.
    mutating func insert(_ needle: [UInt8]) {
        // Each piece begins with the last byte of the one before: found together, they are one find.
        for start in stride(from: 0, to: needle.count - Self.pieceBytes, by: Self.pieceBytes - 1) {
            insert(piece: needle[start..<start + Self.pieceBytes])
        }
        insert(piece: needle.suffix(Self.pieceBytes))
    }

    private mutating func insert(piece: ArraySlice<UInt8>) {
        let pair = key(piece[piece.startIndex], piece[piece.startIndex + 1])
        if beginnings.isEmpty { beginnings = Array(repeating: 0, count: 1024) }
        beginnings[Int(pair >> 6)] |= 1 << UInt64(pair & 63)
        var node: UInt32 = 0
        for byte in piece {
            if let next = edges[edge(node, byte)] {
                node = next
            } else {
                edges[edge(node, byte)] = UInt32(ends.count)
                node = UInt32(ends.count)
                ends.append(false)
            }
        }
        ends[Int(node)] = true
    }

    /// The length of the longest needle that begins at `index`; 0 when none does.
    func match(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int { walk(text, from: index).length }

    /// Where the part of `text` starts that more text could make a needle; its end when nothing could.
    func undecidedSuffix(of text: UnsafeBufferPointer<UInt8>) -> Int {
        (max(0, text.count - Self.pieceBytes + 1)..<text.count).first { walk(text, from: $0).endsInside } ?? text.count
    }

    /// Follows the tree as far as the text goes along with it.
    private func walk(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> (length: Int, endsInside: Bool) {
        if start + 1 < text.count, !begins(text[start], text[start + 1]) { return (0, false) }
        var (node, length): (UInt32, Int) = (0, 0)
        for index in start..<text.count {
            guard let next = edges[edge(node, text[index])] else { return (length, false) }
            node = next
            if ends[Int(node)] { length = index + 1 - start }
        }
        return (length, true)
    }

    private func begins(_ first: UInt8, _ second: UInt8) -> Bool {
        let pair = key(first, second)
        return beginnings[Int(pair >> 6)] & 1 << UInt64(pair & 63) != 0
    }
}

private func key(_ first: UInt8, _ second: UInt8) -> UInt16 { UInt16(first) << 8 | UInt16(second) }

private func edge(_ node: UInt32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }
