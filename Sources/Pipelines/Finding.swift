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

    /// This finding's place and all that it stands in, except for the whole pipeline.
    var places: [Substring] {
        path.indices.filter { path[$0] == "." || path[$0] == "[" }.map { path[..<$0] } + [path[...]]
    }
}

/// More than anyone reads; a file of rubbish has millions.
let findingsLimit = 1000

/// The first findings, and a note if there are more than `findingsLimit`.
func bounded(_ findings: [Finding]) -> [Finding] {
    guard findings.count > findingsLimit else { return findings }
    let note = Finding(
        path: "", rule: findings[findingsLimit].rule,
        message: "There are more than \(findingsLimit) findings; correct these to see the others.")
    return findings.prefix(findingsLimit) + [note]
}
