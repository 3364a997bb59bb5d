import Jansson

/// `jobAbandonedResult`: the job was given up because the host cancelled it; only after a cancel.
public struct JobAbandonedResult: Hashable, Sendable {
    public var executionDetails: ExecutionDetails?

    public init(executionDetails: ExecutionDetails? = nil) { self.executionDetails = executionDetails }

    init(_ reader: JSONReader) throws(RuleViolation) { executionDetails = try reader.executionDetails() }

    var members: [String: JSON?] { ["executionDetails": executionDetails?.json] }
}
