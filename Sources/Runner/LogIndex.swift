import Glibc

/// Where every 1,024th line of a log begins, so that a line far down is found at once: the file `LOG.index`.
///
/// An entry is its line's offset, the offset of its job's name, and a check of both, of its number and of what stands
/// before the line, of 8 bytes each. What is missing, torn or of another log fits no more, and is found by reading.
struct LogIndex {
    static let strideLines = 1_024
    private static let entryBytes = 24
    /// Of the log, before the line: its last lines, with their times.
    private static let contextBytes = 64

    let path: String

    init(ofLog log: String) { path = "\(log).index" }

    /// Whether the line of this number has an entry.
    static func lists(_ number: Int) -> Bool { number > 1 && (number - 1) % strideLines == 0 }

    /// The last listed place that does not lie behind a line.
    func place(before number: Int, in log: Int32) -> LogPlace? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let entries = Int(lseek(file, 0, SEEK_END)) / Self.entryBytes
        let ordinal = min((number - 1) / Self.strideLines, entries)
        var entry = [UInt8](repeating: 0, count: Self.entryBytes)
        guard ordinal > 0, pread(file, &entry, entry.count, off_t((ordinal - 1) * Self.entryBytes)) == entry.count
        else { return nil }
        var place = LogPlace()
        place.number = ordinal * Self.strideLines + 1
        place.offset = integer(in: entry, at: 0)
        let job = integer(in: entry, at: 8)
        place.jobOffset = job < 0 ? nil : job
        guard Self.entry(place, in: log) == entry else { return nil }
        if let jobOffset = place.jobOffset {
            readBlocks(of: log, from: jobOffset) { block in
                guard let feed = firstLineFeed(block[...]) else { return false }
                place.job = String(decoding: block[..<feed].dropFirst(4), as: UTF8.self)
                return false
            }
        }
        return place
    }

    /// The last place that is listed.
    func last(in log: Int32) -> LogPlace? { place(before: .max, in: log) }

    /// Writes entries behind those before them, and removes what is behind. What cannot be written is missing.
    func write(_ entries: [UInt8], until last: LogPlace) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        let end = (last.number - 1) / Self.strideLines * Self.entryBytes
        _ = pwrite(file, entries, entries.count, off_t(end - entries.count))
        _ = ftruncate(file, off_t(end))
    }

    /// - Returns: nil when the log has not what stands before the place.
    static func entry(_ place: LogPlace, in log: Int32) -> [UInt8]? {
        let start = max(0, place.offset - contextBytes)
        var context = [UInt8](repeating: 0, count: contextBytes)
        guard place.offset >= 0, pread(log, &context, place.offset - start, off_t(start)) == place.offset - start else {
            return nil
        }
        let offsets = bytes(of: place.offset) + bytes(of: place.jobOffset ?? -1)
        return offsets + bytes(of: Int(truncatingIfNeeded: hash(offsets + bytes(of: place.number) + context)))
    }
}

private func bytes(of number: Int) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }

private func integer(in bytes: [UInt8], at place: Int) -> Int {
    bytes.withUnsafeBytes { Int(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Int.self)) }
}

/// FNV-1a: told apart must be accidents, not forgeries.
private func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
