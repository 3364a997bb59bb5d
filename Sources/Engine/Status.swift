/// Where an execution stands (STS-1).
public enum ExecutionStatus: Hashable, Sendable, Codable {
    case inProgress
    case stopping(StopRequest)
    /// By a request, or because `Start.stopAfterStage` was reached.
    case stopped(reason: String)
    case succeeded
    case failed(reason: String)
    case superseded(by: ExecutionID)
    /// Nothing more is started, and what runs may end (EXE-13).
    case cancelling(reason: String)
    case cancelled(reason: String)

    /// The API's word.
    public var name: String {
        switch self {
        case .inProgress, .cancelling: "InProgress"
        case .stopping: "Stopping"
        case .stopped: "Stopped"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .superseded: "Superseded"
        case .cancelled: "Cancelled"
        }
    }

    public var isOver: Bool {
        switch self {
        case .inProgress, .stopping, .cancelling: false
        case .stopped, .succeeded, .failed, .superseded, .cancelled: true
        }
    }

    /// What it is when it is over, if nothing more may be started; nil if it goes on.
    var end: ExecutionStatus? {
        switch self {
        case .stopping(let request): .stopped(reason: request.reason)
        case .cancelling(let reason): .cancelled(reason: reason)
        case .inProgress, .stopped, .succeeded, .failed, .superseded, .cancelled: nil
        }
    }
}

/// Where a stage stands (STS-2). It follows from the execution and its actions, and is never stored beside them.
public enum StageStatus: String, Hashable, Sendable {
    case inProgress = "InProgress"
    case stopping = "Stopping"
    case stopped = "Stopped"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case skipped = "Skipped"
    case cancelled = "Cancelled"
}

/// One admission of one action and what became of it.
public struct ActionExecution: Hashable, Sendable, Codable {
    public let id: ActionExecutionID
    public let startedAt: Instant
    public internal(set) var updatedAt: Instant
    /// The configuration with its variables resolved; nil when one could not be (VAR-3).
    public let resolvedConfiguration: [String: String]?
    public internal(set) var external: ExternalExecution
    public internal(set) var state: ActionState
    /// Who answered its approval (APR-5).
    public internal(set) var updatedBy: String?
}

/// Where an action stands (STS-3).
// Indirect, because it holds a whole job and is copied with every snapshot.
public indirect enum ActionState: Hashable, Sendable, Codable {
    case running(Running)
    case awaitingApproval(ApprovalRequest)
    case succeeded(ActionResult)
    case failed(ActionFailure)
    case abandoned

    public struct Running: Hashable, Sendable, Codable {
        /// What was asked last.
        public var dispatch: Dispatch
        /// How often the host could not do its part.
        public var losses: Int
    }

    /// The API's word.
    public var name: String {
        switch self {
        case .running, .awaitingApproval: "InProgress"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .abandoned: "Abandoned"
        }
    }

    public var isOver: Bool {
        switch self {
        case .running, .awaitingApproval: false
        case .succeeded, .failed, .abandoned: true
        }
    }
}
