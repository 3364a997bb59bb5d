import Pipelines

extension Execution {
    /// STP-1, STP-2, STP-3
    mutating func stop(_ request: StopRequest, _ admission: inout Admission) throws(Rejection) {
        switch (status, request.kind) {
        case (.inProgress, .wait):
            status = .stopping(request)
            advance(&admission)
        case (.inProgress, .abandon), (.stopping, .abandon):
            abandonActions(&admission)
            status = .stopped(reason: request.reason)
        case (.stopping, .wait): throw .duplicatedStopRequest
        case (.stopped, _), (.succeeded, _), (.failed, _): throw .notStoppable(status)
        }
    }

    private mutating func abandonActions(_ admission: inout Admission) {
        guard let stage = stages.indices.last else { return }
        for action in pipeline.stages[stage].actions {
            guard let state = stages[stage][action.name]?.state, !state.isOver else { continue }
            if case .running(let running) = state { admission.effects.append(.cancel(running.dispatch.attempt)) }
            stages[stage][action.name]?.state = .abandoned
            stages[stage][action.name]?.updatedAt = admission.at
        }
    }

    /// A stopped execution goes on where it stopped (STP-5): what succeeded stays, the rest of the stage runs anew,
    /// under new ids (RTY-1). One that is still stopping takes the stop back: what runs was never told of it.
    mutating func resume(_ admission: inout Admission) throws(Rejection) {
        switch status {
        case .stopping: return status = .inProgress
        case .stopped: status = .inProgress
        case .inProgress, .succeeded, .failed: throw .notResumable(status)
        }
        guard let stage = stages.indices.last else { return advance(&admission) }
        stages[stage] = stages[stage].filter { if case .succeeded = $0.value.state { true } else { false } }
        // Stopped after this stage: that wish has been granted.
        let complete = stages[stage].count == pipeline.stages[stage].actions.count
        if complete, stage + 1 < pipeline.stages.count { stages.append([:]) }
        advance(&admission)
    }
}
