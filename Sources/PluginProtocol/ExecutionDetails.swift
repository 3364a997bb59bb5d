import Jansson

/// How far an action has come and what the outside world calls it (AWS `ExecutionDetails`).
public struct ExecutionDetails: Hashable, Sendable {
    /// 1 to 2048 characters.
    public var summary: String?
    /// 0 to 100; 100 does not mean done.
    public var percentComplete: Int?
    /// 1 to 1500 characters; the same over all continuations of an action.
    public var externalExecutionId: String?

    public init(summary: String? = nil, percentComplete: Int? = nil, externalExecutionId: String? = nil) {
        self.summary = summary
        self.percentComplete = percentComplete
        self.externalExecutionId = externalExecutionId
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        try reader.mustBeObject()
        summary = try obeying("RES-12") { try reader.text("summary", length: 1...MessageLimits.summaryCharacters) }
        percentComplete = try obeying("PRG-01") { try reader.optional("percentComplete")?.integer(in: 0...100) }
        externalExecutionId = try reader.externalExecutionId()
    }

    var json: JSON {
        .object(present: [
            "summary": summary.map(JSON.string), "percentComplete": percentComplete.map { .integer(Int64($0)) },
            "externalExecutionId": externalExecutionId.map(JSON.string),
        ])
    }
}

extension JSONReader {
    func mustBeObject() throws(RuleViolation) { _ = try obeying("MSG-03") { try members() } }

    func externalExecutionId() throws(RuleViolation) -> String? {
        try obeying("RES-12") {
            try text("externalExecutionId", length: 1...MessageLimits.externalExecutionIdCharacters)
        }
    }

    func executionDetails() throws(RuleViolation) -> ExecutionDetails? {
        try obeying("MSG-03") { try optional("executionDetails").map { try ExecutionDetails($0) } }
    }
}
