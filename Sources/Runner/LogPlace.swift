import Glibc

/// A place before a line of a log, or at its end.
public struct LogPlace: Hashable, Sendable {
    var offset = 0
    /// Of the line that begins there, from 1; names of jobs are not counted.
    public internal(set) var number = 1
    /// Where the job of the lines that follow is named; nil before the first name.
    var jobOffset: Int?
    var job = ""

    /// The beginning.
    public init() {}

    /// Moves behind the line there.
    /// - Returns: false when it is none of the log's, but names a job.
    @discardableResult
    mutating func pass(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        defer { offset += line.count + 1 }
        guard line.first == UInt8(ascii: "j") else {
            number += 1
            return true
        }
        (jobOffset, job) = (offset, String(decoding: line.dropFirst(4), as: UTF8.self))
        return false
    }
}

/// Where the first line ends.
func firstLineFeed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard let base = bytes.base.baseAddress, !bytes.isEmpty else { return nil }
    return memchr(base + bytes.startIndex, 0x0A, bytes.count).map { UnsafeRawPointer($0) - base }
}

/// Hands out what a log has from a place on, in blocks of whole lines, until one is not wanted or there are no more.
///
/// The last line may be half written.
func readBlocks(of log: Int32, from start: Int, _ take: (UnsafeRawBufferPointer) -> Bool) {
    var offset = start
    var block = [UInt8](repeating: 0, count: 256 << 10)
    while case let count = pread(log, &block, block.count, off_t(offset)), count > 0 {
        guard let feed = block[..<count].lastIndex(of: 0x0A) else {
            guard count == block.count else { return }
            block += [UInt8](repeating: 0, count: block.count)
            continue
        }
        offset += feed + 1
        guard block.withUnsafeBytes({ take(UnsafeRawBufferPointer(rebasing: $0[...feed])) }) else { return }
    }
}
