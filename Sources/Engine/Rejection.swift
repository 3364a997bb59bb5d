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
        }
    }
}
