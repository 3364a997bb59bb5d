/// A class of ASCII letters, digits and a few marks, with a length: the shape of every name in a definition.
public struct NamePattern: Hashable, Sendable {
    /// What is allowed beside `A-Z a-z 0-9`.
    let marks: String
    let length: ClosedRange<Int>

    public init(marks: String, length: ClosedRange<Int>) {
        self.marks = marks
        self.length = length
    }

    /// Pipelines, stages, actions and rules (STR-2).
    public static let name = NamePattern(marks: ".@-_", length: 1...100)
    public static let artifact = NamePattern(marks: "_-", length: 1...100)
    public static let namespace = NamePattern(marks: "@-_", length: 1...100)
    public static let provider = NamePattern(marks: "_-", length: 1...35)
    static let version = NamePattern(marks: "_-", length: 1...9)
    public static let variable = NamePattern(marks: "@-_", length: 1...128)
    public static let environmentVariable = NamePattern(marks: "_", length: 1...128)
    public static let storeLocation = NamePattern(marks: "-.", length: 3...63)

    func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: marks.utf8.contains(byte)
        }
    }

    func matches(_ name: some StringProtocol) -> Bool {
        length.contains(name.utf8.count) && name.utf8.allSatisfy(allows)
    }

    /// `text` with a hyphen or an underscore for every character that may not stand there, cut or filled up to length.
    public func fitted(_ text: String) -> String {
        let mark = UInt8(ascii: marks.contains("-") ? "-" : "_")
        let bytes = text.unicodeScalars.map { $0.isASCII && allows(UInt8($0.value)) ? UInt8($0.value) : mark }
        let missing = max(0, length.lowerBound - bytes.count)
        return String(decoding: bytes.prefix(length.upperBound) + Array(repeating: mark, count: missing), as: UTF8.self)
    }

    /// What is wrong with `name` and what would be right; nil when it matches.
    public func fault(in name: String) -> String? {
        if matches(name) { return nil }
        let allowed = "A-Z a-z 0-9 \(marks.map(String.init).joined(separator: " "))"
        let found = "\"\(excerpt(name))\" (\(name.unicodeScalars.count) characters)"
        return "Must be \(length.lowerBound) to \(length.upperBound) characters of \(allowed), found \(found)."
    }
}

/// What is wrong with the length of `text`, in characters; nil when it lies in `range`.
func lengthFault(_ text: String, _ range: ClosedRange<Int>) -> String? {
    let count = text.unicodeScalars.count
    if range.contains(count) { return nil }
    return "Must have \(range.lowerBound) to \(range.upperBound) characters, found \(count)."
}

/// What is wrong with the number of elements; nil when it lies in `range`.
func countFault(_ count: Int, of noun: String, _ range: ClosedRange<Int>) -> String? {
    if range.contains(count) { return nil }
    return "Must have \(range.lowerBound) to \(range.upperBound) \(noun), found \(count)."
}

/// The start of a text that a message quotes.
func excerpt(_ text: String) -> String { text.count > 60 ? "\(text.prefix(60))…" : text }
