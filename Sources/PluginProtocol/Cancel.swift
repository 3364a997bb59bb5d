import Jansson

/// Why the host cancels a job.
public enum CancelReason: String, Hashable, Sendable, CaseIterable {
    case user, timeout, shutdown
}

/// `cancel`: give this job up. Sent to workers; a one-shot plugin gets SIGTERM.
public struct Cancel: Hashable, Sendable {
    public var jobId: String
    public var reason: CancelReason
    public var graceSeconds: Int

    public init(jobId: String, reason: CancelReason, graceSeconds: Int) {
        self.jobId = jobId
        self.reason = reason
        self.graceSeconds = graceSeconds
    }

    init(jobId: String, _ reader: JSONReader) throws(RuleViolation) {
        self.jobId = jobId
        (reason, graceSeconds) = try obeying("MSG-03") {
            (try reader.required("reason").word(CancelReason.self), try reader.required("graceSeconds").integer())
        }
    }

    var members: [String: JSON?] {
        ["reason": .string(reason.rawValue), "graceSeconds": .integer(Int64(graceSeconds))]
    }
}
