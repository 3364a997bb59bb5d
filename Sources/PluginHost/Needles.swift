/// Byte strings to look for, all at once.
struct Needles: Hashable, Sendable {
    /// By their first two bytes, longest first.
    private var buckets: [UInt16: [[UInt8]]] = [:]
    /// One bit for each pair of bytes that begins a needle: most positions of a text are passed over by it.
    private var beginnings: [UInt64] = []
    private(set) var longest = 0

    var isEmpty: Bool { buckets.isEmpty }

    /// - Parameter needle: at least two bytes.
    mutating func insert(_ needle: [UInt8]) {
        let pair = key(needle[0], needle[1])
        guard buckets[pair]?.contains(needle) != true else { return }
        if beginnings.isEmpty { beginnings = Array(repeating: 0, count: 1024) }
        beginnings[Int(pair >> 6)] |= 1 << UInt64(pair & 63)
        let place = buckets[pair]?.firstIndex { $0.count < needle.count } ?? buckets[pair]?.count ?? 0
        buckets[pair, default: []].insert(needle, at: place)
        longest = max(longest, needle.count)
    }

    /// The length of the longest needle that begins at `index`; 0 when none does.
    func match(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        guard index + 1 < text.count, begins(text[index], text[index + 1]) else { return 0 }
        return buckets[key(text[index], text[index + 1])]?.first { needle in
            index + needle.count <= text.count && text[index..<(index + needle.count)].elementsEqual(needle)
        }?.count ?? 0
    }

    /// Where the part of `text` starts that more text could make a needle; its end when nothing could.
    func undecidedSuffix(of text: UnsafeBufferPointer<UInt8>) -> Int {
        guard longest > 0 else { return text.count }
        return (max(0, text.count - longest + 1)..<text.count).first { start in
            guard start + 1 < text.count else {
                return buckets.keys.contains { UInt8($0 >> 8) == text[start] }
            }
            guard begins(text[start], text[start + 1]) else { return false }
            return buckets[key(text[start], text[start + 1])]!.contains { needle in
                needle.count > text.count - start && needle.starts(with: text[start...])
            }
        } ?? text.count
    }

    private func begins(_ first: UInt8, _ second: UInt8) -> Bool {
        let pair = key(first, second)
        return beginnings[Int(pair >> 6)] & 1 << UInt64(pair & 63) != 0
    }
}

private func key(_ first: UInt8, _ second: UInt8) -> UInt16 { UInt16(first) << 8 | UInt16(second) }
