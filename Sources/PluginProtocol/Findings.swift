import Jansson

/// What breaks the contract in a document, collected so that all of it is told at once.
struct Findings {
    private(set) var violations: [RuleViolation] = []

    /// What `body` reads, or nil with its error kept under `rule`.
    mutating func attempt<Value>(_ rule: String, _ body: () throws -> Value) -> Value? {
        do {
            return try obeying(rule, body)
        } catch {
            violations.append(error)
            return nil
        }
    }

    /// The member `key` as `read` makes it; `otherwise` when it is absent or wrong.
    mutating func member<Value>(
        _ key: String, of reader: JSONReader, _ rule: String, or otherwise: Value,
        _ read: (JSONReader) throws -> Value
    ) -> Value {
        attempt(rule) { try reader.optional(key).map(read) ?? otherwise } ?? otherwise
    }

    mutating func check(_ holds: Bool, _ rule: String, _ path: String, _ problem: @autoclosure () -> String) {
        if !holds { violations.append(RuleViolation(rule: rule, path: path, problem: problem())) }
    }

    /// MAN-02: every key that is not known and does not start with `x-`.
    mutating func refuseUnknownMembers(of reader: JSONReader, known: Set<String>) {
        for (key, member) in (try? reader.members()) ?? [] where !known.contains(key) && !key.hasPrefix("x-") {
            let near = nearest(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            check(false, "MAN-02", member.path, "is not a known key\(near)")
        }
    }
}

/// Everything that is wrong with a manifest.
public struct InvalidManifest: Error, Hashable, Sendable, CustomStringConvertible {
    public let violations: [RuleViolation]

    public var description: String { violations.map(\.description).joined(separator: "\n") }
}
