import Jansson

/// An instant on the wire: RFC 3339 text, or a number of seconds since 1970 as AWS writes it.
public struct Timestamp: Hashable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    public var seconds: Double

    public init(seconds: Double) { self.seconds = seconds }

    /// The years 0 to 9999, which is what RFC 3339 can write: whoever counts in milliseconds must not overflow.
    static let range = -62_167_219_200.0..<253_402_300_800.0

    init(_ reader: JSONReader) throws(JSONTypeError) {
        switch reader.value {
        case .integer(let seconds): self.seconds = Double(seconds)
        case .real(let seconds): self.seconds = seconds
        case .string(let text):
            guard let seconds = secondsSince1970(text) else {
                throw JSONTypeError(
                    path: reader.path, problem: "must be an instant such as 2026-11-23T08:00:00Z, found \"\(text)\"")
            }
            self.seconds = seconds
        default: throw reader.mismatch("an instant: RFC 3339 text or seconds since 1970")
        }
        guard Self.range.contains(seconds) else {
            throw JSONTypeError(
                path: reader.path, problem: "must lie in the years 0 to 9999, found \(seconds) seconds since 1970")
        }
    }

    var json: JSON { .real(seconds) }
}

private func secondsSince1970(_ text: String) -> Double? {
    guard
        let match = text.wholeMatch(
            of: /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))/
                // Else \d is a digit of any script, of which Int knows ten.
                .asciiOnlyDigits()),
        let year = Int(match.1), let month = Int(match.2), let day = Int(match.3), let hour = Int(match.4),
        let minute = Int(match.5), let second = Int(match.6), 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60,
        second <= 60
    else { return nil }
    let east = (match.8 == "-" ? -1 : 1) * (Int(match.9 ?? "0")! * 60 + Int(match.10 ?? "0")!)
    let fraction = match.7.flatMap { Double("0\($0)") } ?? 0
    let days = daysSince1970(year: year, month: month, day: day)
    return Double(days * 86_400 + (hour * 60 + minute - east) * 60 + second) + fraction
}

/// Days of the proleptic Gregorian calendar, counted in years that start in March.
private func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
}
