/// One fault of a definition: where it is, which rule it breaks, and what to do about it.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// The place in the pipeline object: `stages[1].actions[0].inputArtifacts[0].name`; empty for the object itself.
    public let path: String
    /// The id of the rule, such as `STR-5`; a wrong type cites the rule that states the shape.
    public let rule: String
    /// Whole sentences; the last words say what to do.
    public let message: String

    public init(path: String, rule: String, message: String) {
        self.path = path
        self.rule = rule
        self.message = message
    }

    public var description: String { "\(path.isEmpty ? "the pipeline" : path): \(message) (\(rule))" }

    /// Whether this finding is at `other`'s place or somewhere inside it.
    func isWithin(_ other: Finding) -> Bool {
        guard path.hasPrefix(other.path) else { return false }
        guard let next = path.dropFirst(other.path.count).first else { return true }
        return other.path.isEmpty || next == "." || next == "["
    }
}
