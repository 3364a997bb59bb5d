import Jansson

/// `progress`: how far the job has come.
public struct Progress: Hashable, Sendable {
    public var executionDetails: ExecutionDetails
    public var currentRevision: Revision?

    public init(executionDetails: ExecutionDetails, currentRevision: Revision? = nil) {
        self.executionDetails = executionDetails
        self.currentRevision = currentRevision
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        executionDetails = try obeying("MSG-03") { try ExecutionDetails(reader.required("executionDetails")) }
        currentRevision = try reader.currentRevision()
    }

    var members: [String: JSON?] {
        ["executionDetails": executionDetails.json, "currentRevision": currentRevision?.json]
    }
}
