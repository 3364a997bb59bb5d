import Glibc
import PluginProtocol
import Processes

/// What a process writes, on its way into the log: masked, and in lines.
struct OutputText: Hashable, Sendable {
    /// One stream of text.
    fileprivate struct Text: Hashable, Sendable {
        var window = MaskingWindow()
        /// The masked beginning of a line whose end is not known yet.
        var open: [UInt8] = []
    }

    var masker: Masker
    private var error = Text()
    private var stray = Text()

    init(masker: Masker) { self.masker = masker }

    /// The lines of the standard error that are complete and free of doubt with this one; each text has one or more.
    mutating func addError(_ line: Line) -> [String] { error.append(line.bytes, ended: line.ending != .split, masker) }

    /// The same of the text on the standard output that is no message.
    mutating func addStray(_ line: Line) -> [String] { stray.append(line.bytes, ended: true, masker) }

    /// What was held back until the end of the streams.
    mutating func finish() -> (error: [String], stray: [String]) { (error.finish(masker), stray.finish(masker)) }

    func quote(_ line: Line) -> Diagnosis.Quote {
        Diagnosis.Quote(offset: line.offset, text: clipped(masker.mask(line.bytes)))
    }
}

extension OutputText.Text {
    /// - Parameter lines: one, or several of which the last is `ended` as the others are.
    fileprivate mutating func append(_ lines: [UInt8], ended: Bool, _ masker: Masker) -> [String] {
        var bytes = lines
        if ended { bytes.append(UInt8(ascii: "\n")) }
        let told = window.append(withoutReturns(bytes), masker)
        if open.isEmpty { open = told } else { open += told }
        // A piece of a long line is told as it comes: nothing may pile up.
        return takeLines(rest: !ended)
    }

    fileprivate mutating func finish(_ masker: Masker) -> [String] {
        open += window.finish(masker)
        return takeLines(rest: true)
    }

    /// What can be told, in one text.
    private mutating func takeLines(rest: Bool) -> [String] {
        let feed = open.lastIndex(of: UInt8(ascii: "\n"))
        let isWhole = feed == open.count - 1
        guard let end = rest && !isWhole ? open.count : feed, !open.isEmpty else { return [] }
        let text = String(decoding: open[..<end], as: UTF8.self)
        open = isWhole || rest ? [] : Array(open[(end + 1)...])
        return [text]
    }
}

/// A line that ends as on Windows ends as here.
private func withoutReturns(_ bytes: [UInt8]) -> [UInt8] {
    guard memchr(bytes, 0x0D, bytes.count) != nil else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for byte in bytes {
        if byte == UInt8(ascii: "\n"), result.last == UInt8(ascii: "\r") { result.removeLast() }
        result.append(byte)
    }
    return result
}
