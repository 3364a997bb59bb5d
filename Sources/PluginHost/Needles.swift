/// Byte strings to look for, all at once: a tree of their bytes, so that their number does not slow the search down.
///
/// A long one is looked for in pieces. So a byte of text costs at most 64 steps whatever a plugin has masked, and little
/// is held back at the end of a text. Most bytes cost no step at all: a set of the needles' beginnings passes them over.
struct Needles: Hashable, Sendable {
    static let pieceBytes = 64
    /// In bytes: what the set of beginnings goes by.
    static let shortest = 4

    private var edges = Edges()
    /// By node: whether a needle ends there. The root is 0.
    private var ends = [false]
    /// One bit for each hash of the first four bytes of a needle.
    private var beginnings: [UInt64] = []

    var isEmpty: Bool { beginnings.isEmpty }

    /// - Parameter needle: at least four bytes.
    mutating func insert(_ needle: [UInt8]) {
        // Each piece begins with the last byte of the one before: found together, they are one find.
        for start in stride(from: 0, to: needle.count - Self.pieceBytes, by: Self.pieceBytes - 1) {
            insert(piece: needle[start..<start + Self.pieceBytes])
        }
        insert(piece: needle.suffix(Self.pieceBytes))
    }

    private mutating func insert(piece: ArraySlice<UInt8>) {
        precondition(piece.count >= Self.shortest, "a needle has four bytes")
        if beginnings.isEmpty { beginnings = Array(repeating: 0, count: 1024) }
        let place = piece.withUnsafeBytes { beginning(UnsafeRawPointer($0.baseAddress!)) }
        beginnings[Int(place >> 6)] |= 1 << UInt64(place & 63)
        var node: UInt32 = 0
        for byte in piece {
            let next = edges.insert(node, byte, UInt32(ends.count))
            if next == ends.count { ends.append(false) }
            node = next
        }
        ends[Int(node)] = true
    }

    /// A way through `text` from one possible needle to the next.
    func search<Found>(_ text: UnsafeBufferPointer<UInt8>, _ body: (borrowing Search) -> Found) -> Found {
        beginnings.withUnsafeBufferPointer { beginnings in
            edges.table.withUnsafeBufferPointer { table in
                ends.withUnsafeBufferPointer { ends in
                    body(Search(text: text, beginnings: beginnings, table: table, ends: ends))
                }
            }
        }
    }

    /// Reads the arrays without their checks, because every byte of a log comes by: an index of `beginnings` is 16 bits
    /// of a hash, one of `table` is cut to its size, a power of two, and nodes are only what `insert` made.
    struct Search: ~Copyable {
        let text: UnsafeBufferPointer<UInt8>
        fileprivate let beginnings: UnsafeBufferPointer<UInt64>
        fileprivate let table: UnsafeBufferPointer<Edges.Edge>
        fileprivate let ends: UnsafeBufferPointer<Bool>

        /// The first place from `start` on at which a needle may begin, as far as its first bytes tell; the last three
        /// bytes of the text always are one.
        func next(from start: Int) -> Int {
            guard let base = UnsafeRawPointer(text.baseAddress) else { return start }
            var index = start
            let end = text.count - (Needles.shortest - 1)
            while index < end {
                let place = beginning(base + index)
                if beginnings[Int(place >> 6)] & 1 << UInt64(place & 63) != 0 { return index }
                index += 1
            }
            return index
        }

        /// Follows the tree as far as the text goes along with it.
        /// - Returns: the length of the longest needle that begins at `start`, 0 when none does, and whether more text
        ///   could make it longer.
        func walk(from start: Int) -> (length: Int, endsInside: Bool) {
            var (node, length): (UInt32, Int) = (0, 0)
            for index in start..<text.count {
                guard let next = Edges.find(key(node, text[index]), in: table) else { return (length, false) }
                node = next
                if ends[Int(node)] { length = index + 1 - start }
            }
            return (length, true)
        }

        /// Where the part of the text starts that more text could make a needle; its end when nothing could.
        var undecidedSuffix: Int {
            var index = next(from: max(0, text.count - Needles.pieceBytes + 1))
            while index < text.count {
                if walk(from: index).endsInside { return index }
                index = next(from: index + 1)
            }
            return text.count
        }
    }
}

/// The edges of a tree, in one table without pointers: from a node by a byte to the next node.
private struct Edges: Hashable {
    struct Edge: Hashable {
        /// 0 is free.
        var key: UInt64 = 0
        var next: UInt32 = 0
    }

    private(set) var table = Array(repeating: Edge(), count: 16)
    private var count = 0

    /// - Returns: the node that the edge leads to: `fresh` unless there was one already.
    mutating func insert(_ node: UInt32, _ byte: UInt8, _ fresh: UInt32) -> UInt32 {
        let key = key(node, byte)
        if let next = table.withUnsafeBufferPointer({ Self.find(key, in: $0) }) { return next }
        if 2 * count >= table.count { grow() }
        put(Edge(key: key, next: fresh))
        count += 1
        return fresh
    }

    private mutating func grow() {
        let old = table
        table = Array(repeating: Edge(), count: 2 * old.count)
        for edge in old where edge.key != 0 { put(edge) }
    }

    private mutating func put(_ edge: Edge) {
        var index = Self.place(edge.key, table.count)
        while table[index].key != 0 { index = (index + 1) & (table.count - 1) }
        table[index] = edge
    }

    static func find(_ key: UInt64, in table: UnsafeBufferPointer<Edge>) -> UInt32? {
        var index = place(key, table.count)
        while table[index].key != 0 {
            if table[index].key == key { return table[index].next }
            index = (index + 1) & (table.count - 1)
        }
        return nil
    }

    private static func place(_ key: UInt64, _ count: Int) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (count - 1)
    }
}

/// Never 0.
private func key(_ node: UInt32, _ byte: UInt8) -> UInt64 { 1 << 40 | UInt64(node) << 8 | UInt64(byte) }

/// 16 bits of the four bytes at `bytes`.
@inline(__always)
private func beginning(_ bytes: UnsafeRawPointer) -> UInt32 {
    (bytes.loadUnaligned(as: UInt32.self) &* 0x9E37_79B1) >> 16
}
