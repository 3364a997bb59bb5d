import Jansson

/// What the host says: `job* cancel*`, then the end of input.
public enum HostMessage: Hashable, Sendable {
    case job(Job)
    case cancel(Cancel)

    /// Unknown members are ignored, optional ones may be absent. Spec: MSG-04, MSG-05
    /// - Throws: the first violated rule: MSG-01 for an unknown type, MSG-02 without a jobId, else MSG-03.
    public init(_ json: JSON) throws(RuleViolation) {
        let reader = JSONReader(json)
        let (jobId, name) = try reader.envelope()
        switch try obeying("MSG-01", { try name.word(Kind.self) }) {
        case .job: self = .job(try Job(jobId: jobId, reader))
        case .cancel: self = .cancel(try Cancel(jobId: jobId, reader))
        }
    }

    public var json: JSON {
        switch self {
        case .job(let job): envelope(type: Kind.job.rawValue, jobId: job.jobId, job.members)
        case .cancel(let cancel): envelope(type: Kind.cancel.rawValue, jobId: cancel.jobId, cancel.members)
        }
    }

    /// As it goes over the wire: one line with its LF.
    public var line: [UInt8] { json.serialized + [UInt8(ascii: "\n")] }
}

private enum Kind: String, CaseIterable {
    case job, cancel
}
