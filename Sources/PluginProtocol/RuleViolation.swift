import Jansson

/// One rule of the contract that a manifest or a message breaks, and where.
public struct RuleViolation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule's id: `RES-06`.
    public let rule: String
    /// The place in the document, as `failureDetails.type`; empty for all of it.
    public let path: String
    /// What is wrong there, as the end of a sentence.
    public let problem: String

    public init(rule: String, path: String, problem: String) {
        self.rule = rule
        self.path = path
        self.problem = problem
    }

    public var description: String { "\(path.isEmpty ? "" : path + " ")\(problem) (\(rule))" }
}

/// Reads by `body`, whose type errors break `rule`; a rule named further inside wins.
func obeying<Value>(_ rule: String, _ body: () throws -> Value) throws(RuleViolation) -> Value {
    do {
        return try body()
    } catch let error as RuleViolation {
        throw error
    } catch let error as JSONTypeError {
        throw RuleViolation(rule: rule, path: error.path, problem: error.problem)
    } catch {
        preconditionFailure("readers of the wire throw their own two errors only, not \(error)")
    }
}

extension JSONReader {
    /// A string of one of the cases of an enum.
    func word<Word: RawRepresentable & CaseIterable>(_: Word.Type) throws(JSONTypeError) -> Word
    where Word.RawValue == String {
        let string = try string()
        guard let word = Word(rawValue: string) else {
            let words = Word.allCases.map(\.rawValue)
            let near = Jansson.nearest(to: string, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
            throw JSONTypeError(
                path: path, problem: "must be one of \(words.joined(separator: ", ")), found \"\(string)\"\(near)")
        }
        return word
    }

    func optional<Value>(
        _ key: String, _ read: (JSONReader) throws(JSONTypeError) -> Value
    ) throws(JSONTypeError) -> Value? {
        guard let member = try optional(key) else { return nil }
        return try read(member)
    }

    func text(_ key: String, length: ClosedRange<Int>) throws(JSONTypeError) -> String? {
        try optional(key)?.string(length: length)
    }

    func list(_ key: String) throws(JSONTypeError) -> [JSONReader] { try optional(key)?.elements() ?? [] }
}
