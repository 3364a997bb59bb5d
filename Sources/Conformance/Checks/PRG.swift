import PluginProtocol

extension Check {
    static let progress: [Check] = [
        lines("PRG-01"),
        evident("PRG-02") { recording in recording.errands.flatMap { recording.steps(back: $0) } },
    ]
}

extension Recording {
    /// The places where a job's percentage is less than it was. What comes after its end is RES-04's.
    fileprivate func steps(back errand: Errand) -> [String] {
        var most = 0
        return output.compactMap { at, heard in
            guard at <= errand.terminalAt ?? at, let message = heard.message, message.jobId == errand.job.jobId,
                let percent = message.body.executionDetails?.percentComplete
            else { return nil }
            defer { most = max(most, percent) }
            return percent < most ? "\(heard.quoted): percentComplete is \(percent), and was \(most) before" : nil
        }
    }
}

extension PluginMessage.Body {
    /// As any type of message has them; of a failure only what the outside world calls the work.
    var executionDetails: ExecutionDetails? {
        switch self {
        case .progress(let progress): progress.executionDetails
        case .jobSuccessResult(let result): result.executionDetails
        case .jobAbandonedResult(let result): result.executionDetails
        case .jobFailureResult(let result): ExecutionDetails(externalExecutionId: result.externalExecutionId)
        case .acknowledge, .log, .mask: nil
        }
    }
}
