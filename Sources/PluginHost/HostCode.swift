import PluginProtocol

/// The machine code of a failure that the host made; plugins never send one (protocol, section 6).
public enum HostCode: String, Hashable, Sendable, CaseIterable {
    case noResult = "NoResult"
    case exitAfterSuccess = "ExitAfterSuccess"
    case signalled = "Signalled"
    case protocolError = "ProtocolError"
    case outputArtifactMissing = "OutputArtifactMissing"
    case limitExceeded = "LimitExceeded"
    case poisonJob = "PoisonJob"
    case secretInOutput = "SecretInOutput"
    /// The job's status is TimedOut then; the action's is Failed.
    case timedOut = "TimedOut"
    case manifestInvalid = "ManifestInvalid"
    case configurationInvalid = "ConfigurationInvalid"
    case commandNotFound = "CommandNotFound"
    case requirementMissing = "RequirementMissing"
    case unsupportedProtocol = "UnsupportedProtocol"
    case grantMissing = "GrantMissing"
    /// The plugin is not what the lock file of its directory has.
    case lockMismatch = "LockMismatch"
    case notExecutable = "NotExecutable"
    case outputArtifactEscapes = "OutputArtifactEscapes"
    case sandboxDenied = "SandboxDenied"
    case inputArtifactUnavailable = "InputArtifactUnavailable"
    case workerCrashed = "WorkerCrashed"
    case heartbeatLost = "HeartbeatLost"
    case ackTimeout = "AckTimeout"
    case hostShutdown = "HostShutdown"
    case outOfMemory = "OutOfMemory"
    case sandboxFailed = "SandboxFailed"
    case spawnFailed = "SpawnFailed"

    public var failureType: FailureType {
        switch self {
        case .noResult, .exitAfterSuccess, .signalled, .protocolError, .outputArtifactMissing, .limitExceeded,
            .poisonJob, .secretInOutput, .timedOut:
            .jobFailed
        case .manifestInvalid, .configurationInvalid, .commandNotFound, .requirementMissing, .unsupportedProtocol:
            .configurationError
        case .grantMissing, .lockMismatch, .notExecutable, .outputArtifactEscapes, .sandboxDenied: .permissionError
        case .inputArtifactUnavailable: .revisionUnavailable
        case .workerCrashed, .heartbeatLost, .ackTimeout, .hostShutdown, .outOfMemory, .sandboxFailed, .spawnFailed:
            .systemUnavailable
        }
    }
}
