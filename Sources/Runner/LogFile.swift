import CLinux
import Glibc

/// The log of one action, to be read; it may still be written.
public struct LogFile: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// Tells the whole lines from a place on, and moves it behind them.
    public func read(from place: inout LogPlace, _ show: (LogLine) -> Void) {
        reading { log in
            walk(log, &place, to: .max) { line, job in
                // Whatever else may have come into the file is not shown.
                if let line = LogLine(parsing: UnsafeRawBufferPointer(rebasing: line), job: job) { show(line) }
            }
        }
    }

    /// The place of a line, or the end of a log that has fewer.
    public func place(ofLine number: Int) -> LogPlace {
        var place = LogPlace()
        reading { log in
            place = LogIndex(ofLog: path).place(before: number, in: log) ?? place
            walk(log, &place, to: number) { _, _ in }
        }
        return place
    }

    /// Tells every line that has `text` in it, with its number.
    /// - Returns: how many lines there are.
    @discardableResult
    public func search(for text: String, _ found: (Int, LogLine) -> Void) -> Int {
        let needle = Array(text.utf8)
        var place = LogPlace()
        reading { log in
            readBlocks(of: log, from: 0) { block in
                search(block, for: needle, &place, found)
                return true
            }
        }
        return place.number - 1
    }

    /// An action that has not said anything has no log.
    private func reading(_ body: (Int32) -> Void) {
        let log = open(path, O_RDONLY | O_CLOEXEC)
        guard log >= 0 else { return }
        defer { close(log) }
        body(log)
    }

    private func walk(
        _ log: Int32, _ place: inout LogPlace, to number: Int, _ show: (Slice<UnsafeRawBufferPointer>, String) -> Void
    ) {
        readBlocks(of: log, from: place.offset) { block in
            var rest = block[...]
            while place.number < number, let feed = firstLineFeed(rest) {
                if place.pass(rest[..<feed]) { show(rest[..<feed], place.job) }
                rest = rest[(feed + 1)...]
            }
            return place.number < number
        }
    }

    private func search(
        _ block: UnsafeRawBufferPointer, for needle: [UInt8], _ place: inout LogPlace, _ found: (Int, LogLine) -> Void
    ) {
        // JSON has other words for some characters.
        let isJSON = block.first == UInt8(ascii: "{")
        var rest = block[...]
        var hit = isJSON ? 0 : first(needle, in: rest)
        while let feed = firstLineFeed(rest) {
            let line = rest[..<feed]
            rest = rest[(feed + 1)...]
            guard place.pass(line), let next = hit, next < feed else { continue }
            if let line = LogLine(parsing: UnsafeRawBufferPointer(rebasing: line), job: place.job),
                line.contains(needle)
            {
                found(place.number - 1, line)
            }
            hit = isJSON ? feed + 1 : first(needle, in: rest)
        }
    }
}

extension LogLine {
    fileprivate func contains(_ needle: [UInt8]) -> Bool {
        var text = text
        return text.withUTF8 { first(needle, in: UnsafeRawBufferPointer($0)[...]) != nil }
    }
}

private func first(_ needle: [UInt8], in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard let base = bytes.base.baseAddress, !bytes.isEmpty else { return nil }
    return csystem_find(base + bytes.startIndex, bytes.count, needle, needle.count).map { UnsafeRawPointer($0) - base }
}
