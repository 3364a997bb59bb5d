import Jansson

/// One object of a definition, read member by member.
///
/// What is wrong becomes a finding and never stops the reading, so that a document's faults are found all at once.
/// A member that is `null` counts as absent.
struct MemberReader {
    let path: String
    /// The rule that states the object's shape.
    let rule: String
    private(set) var findings: [Finding] = []
    private let members: [String: JSON]
    private let isObject: Bool
    private var asked: Set<String> = []
    /// How many findings there is room for.
    private let room: Int

    init(_ value: JSON, path: String, rule: String, room: Int = findingsLimit + 1) {
        self.path = path
        self.rule = rule
        self.room = room
        if case .object(let members) = value {
            self.members = members
            isObject = true
        } else {
            members = [:]
            isObject = false
            report(path, "Must be an object, found \(value.kind).")
        }
    }

    mutating func report(_ path: String, _ message: String) {
        if findings.count < room { findings.append(Finding(path: path, rule: rule, message: message)) }
    }

    func pathOf(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Takes the member without looking at it.
    mutating func take(_ key: String) -> JSON? {
        asked.insert(key)
        guard let member = members[key], member != .null else { return nil }
        return member
    }

    mutating func require(_ key: String) -> JSON? {
        let member = take(key)
        if member == nil && isObject { report(pathOf(key), "Is missing; add \"\(key)\".") }
        return member
    }

    var keys: [String] { members.keys.sorted() }

    /// The findings with those about members that nobody asked for.
    func finished() -> [Finding] {
        guard isObject else { return Array(findings.prefix(1)) }
        let unknown = members.keys.filter { !asked.contains($0) }.sorted().prefix(room - findings.count)
        return findings
            + unknown.map { key in
                let key = excerpt(key)
                let near = nearest(to: key, in: asked.sorted()).map { "; did you mean \"\($0)\"?" } ?? "; remove it."
                return Finding(path: pathOf(key), rule: rule, message: "\"\(key)\" is not a known member here\(near)")
            }
    }
}

extension MemberReader {
    mutating func string(_ key: String) -> String? { take(key).flatMap { text($0, at: pathOf(key)) } }

    /// Empty when it is missing, which is a finding.
    mutating func requiredString(_ key: String) -> String { require(key).flatMap { text($0, at: pathOf(key)) } ?? "" }

    /// A string, or a number or boolean as its text (STR-14).
    mutating func scalar(_ key: String) -> String? {
        take(key).flatMap { scalarText($0) ?? text($0, at: pathOf(key)) }
    }

    mutating func requiredScalar(_ key: String) -> String {
        require(key).flatMap { scalarText($0) ?? text($0, at: pathOf(key)) } ?? ""
    }

    mutating func integer(_ key: String) -> Int? {
        guard let value = take(key) else { return nil }
        guard case .integer(let integer) = value else {
            report(pathOf(key), "Must be an integer, found \(value.kind).")
            return nil
        }
        return Int(integer)
    }

    mutating func strings(_ key: String) -> [String] {
        elements(key).enumerated().map { text($1, at: "\(pathOf(key))[\($0)]") ?? "" }
    }

    /// A map of strings; numbers and booleans are taken as their text, as YAML files write them (STR-14).
    mutating func scalars(_ key: String) -> [String: String] {
        guard let value = take(key) else { return [:] }
        guard case .object(let members) = value else {
            report(pathOf(key), "Must be an object, found \(value.kind).")
            return [:]
        }
        var texts: [String: String] = [:]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            texts[name] = scalarText(member) ?? text(member, at: "\(pathOf(key)).\(name)") ?? ""
        }
        return texts
    }

    /// One word of a closed list; a wrong one is a finding of `rule`.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, rule: String) -> Word? {
        guard let text = string(key) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let fault = wordFault(excerpt(text), of: Word.allCases.map(\.rawValue))
        if findings.count < room { findings.append(Finding(path: pathOf(key), rule: rule, message: fault)) }
        return nil
    }

    mutating func object<Value>(
        _ key: String, rule: String? = nil, required: Bool = false, _ read: (inout MemberReader) -> Value
    ) -> Value? {
        guard let value = required ? require(key) : take(key) else { return nil }
        return child(value, path: pathOf(key), rule: rule ?? self.rule, read)
    }

    mutating func list<Value>(
        _ key: String, rule: String? = nil, required: Bool = false, _ read: (inout MemberReader) -> Value
    ) -> [Value] {
        elements(key, required: required).enumerated().map {
            child($1, path: "\(pathOf(key))[\($0)]", rule: rule ?? self.rule, read)
        }
    }

    private mutating func elements(_ key: String, required: Bool = false) -> [JSON] {
        guard let value = required ? require(key) : take(key) else { return [] }
        guard case .array(let elements) = value else {
            report(pathOf(key), "Must be a list, found \(value.kind); put it in [ ].")
            return []
        }
        return elements
    }

    mutating func child<Value>(
        _ value: JSON, path: String, rule: String, _ read: (inout MemberReader) -> Value
    ) -> Value {
        var reader = MemberReader(value, path: path, rule: rule, room: room - findings.count)
        let result = read(&reader)
        findings += reader.finished()
        return result
    }

    private mutating func text(_ value: JSON, at path: String) -> String? {
        if case .string(let string) = value { return string }
        let advice = scalarText(value) == nil ? "" : "; put it in quotes"
        report(path, "Must be a string, found \(value.kind)\(advice).")
        return nil
    }
}

/// The text of a number or boolean; nil for everything else.
public func scalarText(_ value: JSON) -> String? {
    switch value {
    case .string(let string): string
    case .integer(let integer): String(integer)
    case .real(let real): real.description
    case .bool(let bool): String(bool)
    case .null, .array, .object: nil
    }
}

/// The sentence about a word that is none of `words`.
func wordFault(_ word: String, of words: [String]) -> String {
    let near = nearest(to: word, in: words).map { " Did you mean \($0)?" } ?? ""
    return "\"\(word)\" is not one of \(words.joined(separator: ", ")).\(near)"
}
