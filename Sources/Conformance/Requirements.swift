import Jansson

/// The rules that a plugin of one revision of the contract is judged by; frozen with that revision.
public struct Requirements: Hashable, Sendable {
    /// `1.0`
    public let revision: String
    /// In the order in which they are told.
    public let rules: [Rule]

    /// Reads `spec/requirements/REVISION.json`.
    /// - Throws: `JSONTypeError` naming the member that is not as it should be.
    public init(_ json: JSON) throws(JSONTypeError) {
        let reader = JSONReader(json)
        revision = try reader.required("revision").string()
        var rules: [Rule] = []
        for entry in try reader.required("plugins").elements() { rules.append(try Rule(entry)) }
        self.rules = rules
    }

    public subscript(id: String) -> Rule? { rules.first { $0.id == id } }
}

/// One requirement of the contract.
public struct Rule: Hashable, Sendable {
    public enum Keyword: String, Hashable, Sendable, CaseIterable {
        case must = "MUST"
        case mustNot = "MUST NOT"
        case should = "SHOULD"
        case shouldNot = "SHOULD NOT"

        /// Whether breaking it is a failure and not only a warning.
        public var isBinding: Bool { self == .must || self == .mustNot }
    }

    /// `RES-03`
    public let id: String
    public let keyword: Keyword
    public let sentence: String
    public let profile: Profile
    /// How the kit finds a breach: `manifest`, `every run`, or the name of a probe.
    public let check: String
    /// Where it is written: `lifecycle.md#the-process`, below `spec/`.
    public let written: String

    init(_ reader: JSONReader) throws(JSONTypeError) {
        id = try reader.required("id").string()
        keyword = try reader.required("keyword").oneOf(Keyword.self)
        sentence = try reader.required("sentence").string()
        profile = try reader.required("profile").oneOf(Profile.self)
        check = try reader.required("check").string()
        written = try reader.required("written").string()
    }
}

/// A group of rules that applies together.
public enum Profile: String, Hashable, Sendable, CaseIterable {
    case manifest, core, logs, secrets, artifacts, progress, continuation, cancel, worker
}

extension JSONReader {
    func oneOf<Word: RawRepresentable & CaseIterable>(_: Word.Type) throws(JSONTypeError) -> Word
    where Word.RawValue == String {
        let text = try string()
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue)
            let near = nearest(to: text, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
            throw JSONTypeError(
                path: path, problem: "must be one of \(words.joined(separator: ", ")), found \"\(text)\"\(near)")
        }
        return word
    }
}
