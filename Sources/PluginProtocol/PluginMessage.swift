import Jansson

/// What a plugin says about one job: `acknowledge? (progress|log|mask)* terminal`.
public struct PluginMessage: Hashable, Sendable {
    public enum Body: Hashable, Sendable {
        case acknowledge
        case progress(Progress)
        case log(Log)
        case mask(Mask)
        case jobSuccessResult(JobSuccessResult)
        case jobFailureResult(JobFailureResult)
        case jobAbandonedResult(JobAbandonedResult)
    }

    public var jobId: String
    public var body: Body

    public init(jobId: String, body: Body) {
        self.jobId = jobId
        self.body = body
    }

    /// Unknown members are ignored.
    /// - Throws: the first violated rule: MSG-01 for an unknown type, MSG-02 without a jobId, MSG-03 for a wrong shape,
    ///   or the field's own.
    public init(_ json: JSON) throws(RuleViolation) {
        let reader = JSONReader(json)
        let (jobId, name) = try reader.envelope()
        let kind = try obeying("MSG-01") { try name.word(Kind.self) }
        self.init(jobId: jobId, body: try Body(kind, reader))
    }

    public var json: JSON { envelope(type: body.content.kind.rawValue, jobId: jobId, body.content.members) }
}

/// The types by their names on the wire.
private enum Kind: String, CaseIterable {
    case acknowledge, progress, log, mask, jobSuccessResult, jobFailureResult, jobAbandonedResult
}

extension PluginMessage.Body {
    fileprivate init(_ kind: Kind, _ reader: JSONReader) throws(RuleViolation) {
        switch kind {
        case .acknowledge: self = .acknowledge
        case .progress: self = .progress(try Progress(reader))
        case .log: self = .log(try Log(reader))
        case .mask: self = .mask(try Mask(reader))
        case .jobSuccessResult: self = .jobSuccessResult(try JobSuccessResult(reader))
        case .jobFailureResult: self = .jobFailureResult(try JobFailureResult(reader))
        case .jobAbandonedResult: self = .jobAbandonedResult(try JobAbandonedResult(reader))
        }
    }

    fileprivate var content: (kind: Kind, members: [String: JSON?]) {
        switch self {
        case .acknowledge: (.acknowledge, [:])
        case .progress(let progress): (.progress, progress.members)
        case .log(let log): (.log, log.members)
        case .mask(let mask): (.mask, mask.members)
        case .jobSuccessResult(let result): (.jobSuccessResult, result.members)
        case .jobFailureResult(let result): (.jobFailureResult, result.members)
        case .jobAbandonedResult(let result): (.jobAbandonedResult, result.members)
        }
    }
}

extension JSONReader {
    /// The members that are common to all messages.
    func envelope() throws(RuleViolation) -> (jobId: String, type: JSONReader) {
        let jobId = try obeying("MSG-02") { try required("jobId").string() }
        let type = try obeying("MSG-03") {
            let version = try required("protocol")
            guard try version.string() == WireProtocol.version else {
                throw JSONTypeError(path: version.path, problem: "must be \"\(WireProtocol.version)\"")
            }
            return try required("type")
        }
        return (jobId, type)
    }
}

func envelope(type: String, jobId: String, _ members: [String: JSON?]) -> JSON {
    let common: [String: JSON?] = [
        "protocol": .string(WireProtocol.version), "type": .string(type), "jobId": .string(jobId),
    ]
    return .object(present: members.merging(common) { $1 })
}
