import Engine
import Glibc

/// `0.8 s`, `2 m 05 s`, `1 h 02 m`
func duration(from start: Instant, to end: Instant) -> String {
    let milliseconds = max(0, end.milliseconds - start.milliseconds)
    let seconds = milliseconds / 1_000
    func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds < 60 { return "\(seconds).\(milliseconds % 1_000 / 100) s" }
    if seconds < 3_600 { return "\(seconds / 60) m \(padded(seconds % 60)) s" }
    return "\(seconds / 3_600) h \(padded(seconds / 60 % 60)) m"
}

/// `14:03:07`, here.
func timeOfDay(_ instant: Instant) -> String { format(instant, "%H:%M:%S", local: true) }

/// `2026-11-23 14:03:07`, here.
func dateAndTime(_ instant: Instant) -> String { format(instant, "%Y-%m-%d %H:%M:%S", local: true) }

/// `2026-11-23 14:03:07.042`, here.
func timeWithMilliseconds(_ instant: Instant) -> String {
    "\(dateAndTime(instant)).\(String(1_000 + instant.milliseconds % 1_000).dropFirst())"
}

/// `2026-11-23T13:03:07.042Z`
func rfc3339(_ instant: Instant) -> String {
    let fraction = String(1_000 + instant.milliseconds % 1_000).dropFirst()
    return format(instant, "%Y-%m-%dT%H:%M:%S", local: false) + ".\(fraction)Z"
}

private func format(_ instant: Instant, _ pattern: String, local: Bool) -> String {
    var seconds = time_t(instant.milliseconds / 1_000)
    var fields = tm()
    if local { localtime_r(&seconds, &fields) } else { gmtime_r(&seconds, &fields) }
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, pattern, &fields)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Text for a terminal's line: control characters of others never reach it.
func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || 0x7F..<0xA0 ~= $0.value ? " " : $0 }))
}

/// The same for text of several lines.
func printableLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(separator: "\n")
}
