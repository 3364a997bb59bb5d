import Jansson

/// AWS's closed set of reasons why a job failed.
public enum FailureType: String, Hashable, Sendable, CaseIterable {
    case jobFailed = "JobFailed"
    case configurationError = "ConfigurationError"
    case permissionError = "PermissionError"
    case revisionOutOfSync = "RevisionOutOfSync"
    case revisionUnavailable = "RevisionUnavailable"
    case systemUnavailable = "SystemUnavailable"
}

/// `jobFailureResult`: the job failed, and why.
public struct JobFailureResult: Hashable, Sendable {
    public var type: FailureType
    /// 1 to 5000 characters.
    public var message: String
    public var externalExecutionId: String?

    public init(type: FailureType, message: String, externalExecutionId: String? = nil) {
        self.type = type
        self.message = message
        self.externalExecutionId = externalExecutionId
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        let details = try obeying("MSG-03") { try reader.required("failureDetails") }
        try details.mustBeObject()
        type = try obeying("RES-06") { try details.required("type").word(FailureType.self) }
        message = try obeying("RES-09") {
            try details.required("message").string(length: 1...MessageLimits.failureMessageCharacters)
        }
        externalExecutionId = try details.externalExecutionId()
    }

    var members: [String: JSON?] {
        [
            "failureDetails": .object(present: [
                "type": .string(type.rawValue), "message": .string(message),
                "externalExecutionId": externalExecutionId.map(JSON.string),
            ])
        ]
    }
}
