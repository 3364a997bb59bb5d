import PluginProtocol

/// How a job ended.
public enum Verdict: Hashable, Sendable {
    /// Output artifacts have still to be checked.
    case succeeded(JobSuccessResult)
    /// The action goes on: a new job with `token` is due after so many seconds (the plugin's hint, or 30).
    case continues(JobSuccessResult, token: String, afterSeconds: Int)
    case failed(Failure)
    /// Given up because of a cancel; after `shutdown` this is no result of the action.
    case abandoned(CancelReason, ExecutionDetails?)

    static let defaultPollSeconds = 30
}

/// Why a job failed, or could not be started.
public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var type: FailureType
    /// Nil when the plugin itself reported the failure.
    public var hostCode: HostCode?
    /// Masked; at most 5000 characters.
    public var message: String
    public var externalExecutionId: String?
    /// What ended the plugin's process, where a signal did.
    public var signal: Int32?

    public init(type: FailureType, hostCode: HostCode? = nil, message: String, externalExecutionId: String? = nil) {
        self.type = type
        self.hostCode = hostCode
        self.message = message
        self.externalExecutionId = externalExecutionId
    }

    /// A failure that the host makes.
    public init(_ code: HostCode, _ message: String) {
        self.init(type: code.failureType, hostCode: code, message: message)
    }

    public var description: String { "\(type.rawValue)\(hostCode.map { "/\($0.rawValue)" } ?? ""): \(message)" }
}
