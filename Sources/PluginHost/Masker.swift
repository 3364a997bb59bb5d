import Jansson

/// Replaces secrets by `***`, in every encoding in which they are likely to appear. Spec: HST-13
public struct Masker: Hashable, Sendable {
    public static let replacement = "***"
    /// In characters. Shorter ones are part of ordinary words.
    static let shortest = 6
    /// In characters: from here on a secret may not stand anywhere in a result.
    static let shortestInOutput = 12

    /// What was registered, to be told to another masker.
    private var secrets: Set<String> = []
    private var needles = Needles()
    private var longNeedles = Needles()
    /// The names of the secrets that cannot be masked because they are too short or only punctuation.
    public private(set) var unmaskable: [String] = []

    public init() {}

    /// - Parameter secrets: values by the names under which the operator knows them.
    public init(secrets: [String: String]) {
        for (name, value) in secrets.sorted(by: { $0.key < $1.key }) { register(value, name: name) }
    }

    /// Adds a secret: its value, each of its lines, and if it is JSON each text in it.
    /// - Returns: false when the value cannot be masked; `name` is then in `unmaskable`. An empty value is no secret.
    @discardableResult
    public mutating func register(_ value: String, name: String) -> Bool {
        guard !value.isEmpty else { return true }
        guard isMaskable(value) else {
            unmaskable.append(name)
            return false
        }
        guard secrets.insert(value).inserted else { return true }
        for value in Set(values(of: value)) where isMaskable(value) {
            for encoding in encodings(of: value) { insert(encoding, long: isLong(value)) }
            // A line of several is told as it is; in an encoding the whole value is.
            for line in value.split(whereSeparator: \.isNewline).map(String.init) where isMaskable(line) {
                insert(Array(line.utf8), long: isLong(line))
            }
        }
        return true
    }

    /// How many secrets it masks.
    var count: Int { secrets.count }

    /// Masks what `other` masks, too.
    mutating func register(_ other: Masker) {
        for secret in other.secrets.subtracting(secrets) { register(secret, name: "of another job") }
    }

    private mutating func insert(_ needle: [UInt8], long: Bool) {
        guard needle.count >= Self.shortest else { return }
        needles.insert(needle)
        if long { longNeedles.insert(needle) }
    }

    /// The whole of `text` without secrets.
    public func mask(_ text: String) -> String {
        guard !needles.isEmpty else { return text }
        return String(decoding: mask(Array(text.utf8)), as: UTF8.self)
    }

    public func mask(_ bytes: [UInt8]) -> [UInt8] {
        var window = MaskingWindow()
        return window.append(bytes, self) + window.finish(self)
    }

    /// Whether a secret of 12 or more characters stands in `text`, or a shorter one is all of it.
    public func holdsSecret(_ text: String) -> Bool {
        // A short one may stand in a text by accident, but is none by accident.
        if mask(text) == Self.replacement { return true }
        guard !longNeedles.isEmpty else { return false }
        return Array(text.utf8).withUnsafeBufferPointer { bytes in
            longNeedles.search(bytes) { search in
                var index = search.next(from: 0)
                while index < bytes.count, search.walk(from: index).length == 0 { index = search.next(from: index + 1) }
                return index < bytes.count
            }
        }
    }

    fileprivate func scan(_ window: inout MaskingWindow, atEnd: Bool) -> [UInt8] {
        guard !needles.isEmpty else { return window.takeAll() }
        let (text, covered) = (window.pending, window.covered)
        return text.withUnsafeBufferPointer { bytes in
            needles.search(bytes) { search in
                let end = atEnd ? bytes.count : search.undecidedSuffix
                var output: [UInt8] = []
                // What is before it is told, or hidden behind a `***` that is.
                var told = covered
                var index = search.next(from: 0)
                while index < end {
                    let length = search.walk(from: index).length
                    if length > 0 {
                        if index >= told {
                            output += bytes[told..<index]
                            output += Self.replacement.utf8
                        }
                        told = max(told, index + length)
                    }
                    index = search.next(from: index + 1)
                }
                if told == 0 && end == bytes.count {
                    window = MaskingWindow()
                    return text
                }
                if told < end { output += bytes[told..<end] }
                window = MaskingWindow(pending: Array(bytes[end...]), covered: max(0, told - end))
                return output
            }
        }
    }
}

/// The end of a stream that may yet turn out to be the beginning of a secret.
///
/// Holds back less than the longest needle; so a secret that is split over reads or lines is still caught.
struct MaskingWindow: Hashable, Sendable {
    fileprivate var pending: [UInt8] = []
    /// How many of the pending bytes belong to a secret whose `***` is out already.
    fileprivate var covered = 0

    init() {}

    fileprivate init(pending: [UInt8], covered: Int) {
        self.pending = pending
        self.covered = covered
    }

    /// What can be told of the stream after `bytes` have come.
    mutating func append(_ bytes: [UInt8], _ masker: Masker) -> [UInt8] {
        if pending.isEmpty { pending = bytes } else { pending += bytes }
        return masker.scan(&self, atEnd: false)
    }

    /// What is left at the end of the stream.
    mutating func finish(_ masker: Masker) -> [UInt8] { masker.scan(&self, atEnd: true) }

    fileprivate mutating func takeAll() -> [UInt8] {
        let output = Array(pending.dropFirst(covered))
        self = MaskingWindow()
        return output
    }
}

private func isLong(_ text: String) -> Bool { text.unicodeScalars.count >= Masker.shortestInOutput }

private func isMaskable(_ text: String) -> Bool {
    text.unicodeScalars.count >= Masker.shortest
        && text.unicodeScalars.contains { !$0.isASCII || $0.properties.isAlphabetic || ("0"..."9").contains($0) }
}

/// The secret, itself without the blanks and line feeds around it, and the texts in it if it is JSON.
private func values(of secret: String) -> [String] {
    let first = secret.drop(while: \.isWhitespace)
    let trimmed = String(first[..<(first.lastIndex { !$0.isWhitespace }.map(first.index(after:)) ?? first.startIndex)])
    // Only structured JSON has leaves of its own; the depth keeps a hostile value cheap.
    guard first.hasPrefix("{") || first.hasPrefix("["), let json = try? JSON(parsing: secret, maximumDepth: 32) else {
        return [secret, trimmed]
    }
    return [secret, trimmed] + texts(in: json)
}

private func texts(in json: JSON) -> [String] {
    switch json {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(texts)
    case .object(let members): members.values.flatMap(texts)
    case .null, .bool, .integer, .real: []
    }
}
