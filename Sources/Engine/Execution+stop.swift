import Pipelines

extension Execution {
    /// STP-1, STP-2, STP-3
    mutating func stop(_ request: StopRequest, _ admission: inout Admission) throws(Rejection) {
        switch (status, request.kind) {
        case (.inProgress, .wait), (.cancelling, .wait):
            status = .stopping(request)
            settle(&admission)
        case (.inProgress, .abandon), (.cancelling, .abandon), (.stopping, .abandon):
            status = .stopping(request)
            abandon(&admission)
            settle(&admission)
        case (.stopping, .wait): throw .duplicatedStopRequest
        case (.stopped, _), (.succeeded, _), (.failed, _), (.superseded, _), (.cancelled, _):
            throw .notStoppable(status)
        }
    }

    /// EXE-13: nothing more is started, and what runs may end.
    mutating func cancel(_ reason: String, _ admission: inout Admission) throws(Rejection) {
        guard !status.isOver else { throw .notCancellable(status) }
        // A stop that was accepted stays one (STP-4).
        if case .stopping = status {} else { status = .cancelling(reason: reason) }
        // An approval waits for nobody any more.
        if let stage = stages.indices.last {
            for (name, action) in stages[stage].actions {
                guard case .awaitingApproval = action.state else { continue }
                stages[stage].actions[name]?.state = .abandoned
                stages[stage].actions[name]?.updatedAt = admission.at
            }
        }
        settle(&admission)
    }

    /// EXE-6: one that waits gives way to a newer one, and so does one that waits inside for a reviewer who is told so.
    mutating func supersede(by newer: ExecutionID, _ admission: inout Admission) throws(Rejection) {
        guard status == .inProgress, awaitedStage != nil || isSupersedableInside else {
            throw .notSupersedable(status)
        }
        if awaitedStage == nil { abandon(&admission) }
        status = .superseded(by: newer)
    }

    /// Whether all that it does is to wait for approvals that ask to be superseded while they are pending.
    public var isSupersedableInside: Bool {
        guard status == .inProgress, let stage = stages.indices.last, case .acting = stages[stage].phase else {
            return false
        }
        // Without a copy of each action: it is asked at every fact.
        let open = stages[stage].actions.values.count { !$0.state.isOver }
        return open > 0
            && plan.supersedable[stage].count { stages[stage].actions[$0]?.state.isOver == false } == open
    }

    /// Goes on, or ends where nothing is in progress.
    private mutating func settle(_ admission: inout Admission) {
        if awaitedStage != nil, let end = status.end { status = end }
        advance(&admission)
    }

    private mutating func abandon(_ admission: inout Admission) {
        guard let stage = stages.indices.last, awaitedStage == nil else { return }
        for action in pipeline.stages[stage].actions {
            guard let state = stages[stage].actions[action.name]?.state, !state.isOver else { continue }
            if case .running(let running) = state { admission.effects.append(.cancel(running.dispatch.attempt)) }
            stages[stage].actions[action.name]?.state = .abandoned
            stages[stage].actions[action.name]?.updatedAt = admission.at
        }
        for kind in ConditionKind.allCases where stages[stage].conditions[kind]?.state == .inProgress {
            abandonRules(of: kind, stage, &admission)
            stages[stage].conditions[kind]?.state = .abandoned
        }
        stages[stage].phase = .over(.stopped)
    }

    /// A stopped execution goes on where it stopped (STP-5): what succeeded stays, the rest of the stage runs anew,
    /// under new ids (RTY-1). One that is still stopping takes the stop back: what runs was never told of it.
    mutating func resume(_ admission: inout Admission) throws(Rejection) {
        switch status {
        case .stopping:
            status = .inProgress
            return advance(&admission)
        case .stopped: status = .inProgress
        case .inProgress, .cancelling, .succeeded, .failed, .superseded, .cancelled: throw .notResumable(status)
        }
        guard let stage = stages.indices.last else { return }
        switch stages[stage].phase {
        case .over(.succeeded), .over(.skipped):
            // Stopped after this stage: that wish has been granted.
            if stages.count == pipeline.stages.count { status = .succeeded }
            return
        case .entering, .acting, .leaving, .failing, .over(.stopped), .over(.failed):
            runAgain(stage, .failedActions, &admission)
        }
        advance(&admission)
    }
}
