/// Why a fact is refused; the execution is then exactly as before.
public enum Rejection: Error, Hashable, Sendable {
    case alreadyStarted
    /// A late or doubled result: the attempt is not the one in progress.
    case attemptIsOver(Attempt)
    /// The approval is answered, expired or given up (APR-4).
    case approvalIsOver(Attempt)
    case wrongApprovalToken(Attempt)
    /// STP-3
    case duplicatedStopRequest
    /// STP-3: it is over already.
    case notStoppable(ExecutionStatus)
    /// Only a stopped or stopping execution can be resumed (STP-5).
    case notResumable(ExecutionStatus)
    /// It does not wait for this stage.
    case notAwaited(stage: String)
    /// What is inside of a stage, or over, is not superseded (EXE-6).
    case notSupersedable(ExecutionStatus)
    case notCancellable(ExecutionStatus)
    /// RTY-3, with the reason.
    case stageNotRetryable(String)
    /// RTY-2, RTY-3
    case retryConflict(String)
    /// CND-8
    case conditionNotOverridable(ConditionOverride)
    case unknownExecution(ExecutionID)
    case unknownStage(String)
    /// EXE-15
    case pipelineDeleted(String)
    /// EXE-10
    case tooManyExecutions(limit: Int)
    /// EXE-12
    case notLatestExecution(stage: String)
    /// RBK-2, RBK-4, with the reason.
    case unableToRollBack(String)
    /// RBK-2
    case executionOutdated(ExecutionID, version: Int, current: Int)
}

extension Rejection: CustomStringConvertible {
    public var description: String {
        switch self {
        case .alreadyStarted: "the execution has been started already"
        case .attemptIsOver(let attempt): "attempt \(attempt) is over: its result is not taken"
        case .approvalIsOver(let attempt): "the approval \(attempt.stage)/\(attempt.action) has been completed already"
        case .wrongApprovalToken(let attempt):
            "the token does not belong to the pending approval \(attempt.stage)/\(attempt.action)"
        case .duplicatedStopRequest: "the execution is stopping already"
        case .notStoppable(let status): "the execution is \(status.name): there is nothing to stop"
        case .notResumable(let status):
            "the execution is \(status.name): only a stopped or interrupted execution can be resumed"
        case .notAwaited(let stage): "the execution does not wait to enter the stage \(stage)"
        case .notSupersedable(let status): "the execution is \(status.name), and none that waits between stages"
        case .notCancellable(let status): "the execution is \(status.name): there is nothing to cancel"
        case .stageNotRetryable(let reason), .retryConflict(let reason), .unableToRollBack(let reason): reason
        case .unknownExecution(let id): "the pipeline has no execution \(id) that can still change"
        case .unknownStage(let stage): "the pipeline has no stage \(stage)"
        case .pipelineDeleted(let name): "the pipeline \(name) has been deleted"
        case .tooManyExecutions(let limit): "\(limit) executions of the pipeline are in progress, which is the limit"
        case .notLatestExecution(let stage): "another execution has entered the stage \(stage) since"
        case .executionOutdated(let id, let version, let current):
            "the execution \(id) is of version \(version) of the pipeline, which is at version \(current)"
        case .conditionNotOverridable(let override):
            "the stage \(override.stage) has no \(override.condition.rawValue) condition that is evaluated now and may"
                + " be overridden"
        }
    }
}
