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

    /// The lines of the standard error that are complete and free of doubt with this one.
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
    fileprivate mutating func append(_ line: [UInt8], ended: Bool, _ masker: Masker) -> [String] {
        let text = line.last == UInt8(ascii: "\r") && ended ? line.dropLast() : line[...]
        open += window.append(text + (ended ? [UInt8(ascii: "\n")] : []), masker)
        // A piece of a long line is told as it comes: nothing may pile up.
        return takeLines(rest: !ended)
    }

    fileprivate mutating func finish(_ masker: Masker) -> [String] {
        open += window.finish(masker)
        return takeLines(rest: true)
    }

    private mutating func takeLines(rest: Bool) -> [String] {
        var lines = open.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.removeLast()
        if rest && !last.isEmpty { lines.append(last) }
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        open = rest ? [] : Array(last)
        return texts
    }
}
