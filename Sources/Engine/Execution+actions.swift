import Pipelines

extension Execution {
    /// Changes the action whose attempt is in progress.
    mutating func update(
        _ attempt: Attempt, at: Instant, _ change: (inout ActionExecution) -> Void
    ) throws(Rejection) {
        let (stage, _) = try running(attempt)
        stages[stage][attempt]?.updatedAt = at
        change(&stages[stage][attempt]!)
    }

    /// - Throws: `attemptIsOver` unless exactly this attempt is running.
    private func running(_ attempt: Attempt) throws(Rejection) -> (stage: Int, ActionState.Running) {
        guard attempt.execution == id, let stage = stageIndex(attempt.stage),
            case .running(let running) = stages[stage][attempt]?.state, running.dispatch.attempt == attempt
        else { throw .attemptIsOver(attempt) }
        return (stage, running)
    }

    /// Only the newest stage has anything in progress.
    private func stageIndex(_ name: String) -> Int? {
        guard let last = stages.indices.last, pipeline.stages[last].name == name else { return nil }
        return last
    }

    /// The action is asked again with its token, in a new job (JOB-6).
    mutating func continueAction(
        _ attempt: Attempt, _ continuation: Continuation, _ admission: inout Admission
    ) throws(Rejection) {
        var running = try running(attempt).1
        running.dispatch.attempt = attempt.next
        running.dispatch.continuationToken = continuation.token
        running.dispatch.notBefore = continuation.notBefore
        try update(attempt, at: admission.at) {
            $0.external = continuation.external.over($0.external)
            $0.state = .running(running)
        }
        admission.effects.append(.run(running.dispatch))
    }

    /// The attempt came to nothing through no fault of the plugin: the same is asked again.
    mutating func lose(_ attempt: Attempt, _ loss: Loss, _ admission: inout Admission) throws(Rejection) {
        var running = try running(attempt).1
        if case .unavailable(let message) = loss {
            running.losses += 1
            guard running.losses <= Self.redispatchLimit else {
                let text = "\(message) (dispatched \(running.losses) times)"
                try update(attempt, at: admission.at) {
                    $0.fail(ActionFailure(code: "SystemUnavailable", message: text))
                }
                return advance(&admission)
            }
            // 1, 2, 4 seconds: what is short of processes or memory is not helped by haste.
            running.dispatch.notBefore = admission.at.adding(seconds: 1 << (running.losses - 1))
        }
        running.dispatch.attempt = attempt.next
        try update(attempt, at: admission.at) { $0.state = .running(running) }
        admission.effects.append(.run(running.dispatch))
    }

    mutating func answerApproval(_ attempt: Attempt, _ answer: ApprovalAnswer, at: Instant) throws(Rejection) {
        let (stage, request) = try pendingApproval(attempt)
        guard request.token == answer.token else { throw .wrongApprovalToken(attempt) }
        stages[stage][attempt]?.updatedAt = at
        stages[stage][attempt]?.updatedBy = answer.by
        stages[stage][attempt]?.external.summary = answer.summary.isEmpty ? nil : answer.summary
        switch answer.status {
        case .approved:
            let result = ActionResult(external: ExternalExecution(summary: answer.summary))
            stages[stage][attempt]?.state = .succeeded(result)
        case .rejected:
            // APR-5
            let reason = answer.summary.isEmpty ? "" : ": \(answer.summary)"
            stages[stage][attempt]?.state = .failed(
                ActionFailure(code: "JobFailed", message: "rejected by \(answer.by)\(reason)"))
        }
    }

    /// APR-2: nobody has answered, which is a no unless the action says otherwise.
    mutating func expireApproval(_ attempt: Attempt, at: Instant) throws(Rejection) {
        let (stage, request) = try pendingApproval(attempt)
        guard at >= request.expires else { throw .approvalIsOver(attempt) }
        stages[stage][attempt]?.updatedAt = at
        let message = "nobody answered the approval in its time"
        let action = pipeline.stages[stage].actions.first { $0.name == attempt.action }
        if action?.configuration["OnExpiry"]?.uppercased() == "APPROVE" {
            let external = ExternalExecution(summary: message)
            stages[stage][attempt]?.external = external
            stages[stage][attempt]?.state = .succeeded(ActionResult(external: external))
        } else {
            stages[stage][attempt]?.state = .failed(ActionFailure(code: "JobFailed", message: message))
        }
    }

    private func pendingApproval(_ attempt: Attempt) throws(Rejection) -> (stage: Int, ApprovalRequest) {
        guard attempt.execution == id, let stage = stageIndex(attempt.stage),
            case .awaitingApproval(let request) = stages[stage][attempt]?.state, request.attempt == attempt
        else { throw .approvalIsOver(attempt) }
        return (stage, request)
    }
}
