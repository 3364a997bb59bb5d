/// A value that is not of the type that its place asks for.
public struct JSONTypeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where: `stages[1].actions[0].name`; empty for the document itself.
    public let path: String
    /// What is wrong there, as the end of a sentence: `must be a string, found an integer`.
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { path.isEmpty ? "the document \(problem)" : "\(path) \(problem)" }
}

/// Typed reading of a JSON value that knows its path, so that each error names its place.
///
/// A member that is `null` counts as absent.
public struct JSONReader: Sendable {
    public let value: JSON
    public let path: String

    public init(_ value: JSON, path: String = "") {
        self.value = value
        self.path = path
    }

    /// The member `key`, or nil when it is absent.
    /// - Throws: `JSONTypeError` when this is no object.
    public func optional(_ key: String) throws(JSONTypeError) -> JSONReader? {
        guard case .object(let members) = value else { throw mismatch("an object") }
        guard let member = members[key], member != .null else { return nil }
        return JSONReader(member, path: pathOf(key))
    }

    /// - Throws: `JSONTypeError` when the member is absent or this is no object.
    public func required(_ key: String) throws(JSONTypeError) -> JSONReader {
        guard let member = try optional(key) else {
            throw JSONTypeError(path: pathOf(key), problem: "is required")
        }
        return member
    }

    public func string() throws(JSONTypeError) -> String {
        guard case .string(let string) = value else { throw mismatch("a string") }
        return string
    }

    public func bool() throws(JSONTypeError) -> Bool {
        guard case .bool(let bool) = value else { throw mismatch("true or false") }
        return bool
    }

    public func integer() throws(JSONTypeError) -> Int {
        guard case .integer(let integer) = value else { throw mismatch("an integer") }
        return Int(integer)
    }

    public func integer(in range: ClosedRange<Int>) throws(JSONTypeError) -> Int {
        let integer = try integer()
        guard range.contains(integer) else {
            throw JSONTypeError(
                path: path, problem: "must be from \(range.lowerBound) to \(range.upperBound), found \(integer)")
        }
        return integer
    }

    /// A string whose length in characters lies in `range`.
    public func string(length range: ClosedRange<Int>) throws(JSONTypeError) -> String {
        let string = try string()
        let count = string.unicodeScalars.count
        guard range.contains(count) else {
            let limits = "\(range.lowerBound) to \(range.upperBound)"
            throw JSONTypeError(path: path, problem: "must have \(limits) characters, found \(count)")
        }
        return string
    }

    public func elements() throws(JSONTypeError) -> [JSONReader] {
        guard case .array(let elements) = value else { throw mismatch("a list") }
        return elements.enumerated().map { JSONReader($1, path: "\(path)[\($0)]") }
    }

    /// The members of an object, sorted by key.
    public func members() throws(JSONTypeError) -> [(key: String, reader: JSONReader)] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members.sorted { $0.key < $1.key }.map { ($0.key, JSONReader($0.value, path: pathOf($0.key))) }
    }

    public func strings() throws(JSONTypeError) -> [String] {
        var strings: [String] = []
        for element in try elements() { strings.append(try element.string()) }
        return strings
    }

    /// An object whose members are all strings.
    public func stringMembers() throws(JSONTypeError) -> [String: String] {
        var strings: [String: String] = [:]
        for (key, reader) in try members() { strings[key] = try reader.string() }
        return strings
    }

    /// - Throws: `JSONTypeError` at the first member that is not in `known` and does not start with `x-`.
    public func refuseUnknownMembers(known: Set<String>) throws(JSONTypeError) {
        for (key, reader) in try members() where !known.contains(key) && !key.hasPrefix("x-") {
            let near = nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw JSONTypeError(path: reader.path, problem: "is not a known key\(near)")
        }
    }

    /// The error of a value that is not `expected` (with its article: "a string").
    public func mismatch(_ expected: String) -> JSONTypeError {
        JSONTypeError(path: path, problem: "must be \(expected), found \(value.kind)")
    }

    private func pathOf(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// The candidate that is most likely meant by a misspelt `word`: at most a third of its letters away, whatever the case.
public func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    return candidates.map { (name: $0, distance: editDistance(word.lowercased(), $0.lowercased())) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
}

private func editDistance(_ from: String, _ to: String) -> Int {
    let target = Array(to)
    var row = Array(0...target.count)
    for (i, character) in from.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in target.enumerated() {
            let substituted = diagonal + (character == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[target.count]
}
