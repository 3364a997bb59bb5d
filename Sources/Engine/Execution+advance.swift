import Pipelines

extension Execution {
    /// It may go into a stage: the one that it waits for.
    mutating func enter(_ name: String, _ admission: inout Admission) throws(Rejection) {
        guard let index = awaitedStage, index < pipeline.stages.count, pipeline.stages[index].name == name else {
            throw .notAwaited(stage: name)
        }
        stages.append(StageExecution(firstPhase(of: index), at: admission.at))
        advance(&admission)
    }

    /// The phase in which a stage begins.
    func firstPhase(of stage: Int) -> StagePhase {
        pipeline.stages[stage].condition(.beforeEntry) == nil ? .acting : .entering
    }

    /// Does whatever the present state calls for: evaluates conditions, admits groups, ends the stage and the execution.
    mutating func advance(_ admission: inout Admission) {
        while !status.isOver, let stage = stages.indices.last, step(stage, &admission) {}
    }

    /// - Returns: whether there may be more to do.
    private mutating func step(_ stage: Int, _ admission: inout Admission) -> Bool {
        switch stages[stage].phase {
        case .entering: return stepCondition(.beforeEntry, stage, &admission)
        case .acting: return stepActions(stage, &admission)
        case .leaving: return stepCondition(.onSuccess, stage, &admission)
        case .failing: return stepCondition(.onFailure, stage, &admission)
        case .over(let outcome):
            // It is over, or waits for the next stage.
            leave(stage, outcome)
            return false
        }
    }

    private mutating func stepActions(_ stage: Int, _ admission: inout Admission) -> Bool {
        let actions = stages[stage].actions
        guard let group = plan.groups[stage].first(where: { $0.contains { actions[$0.name]?.state.isSuccess != true } })
        else {
            let isGuarded = pipeline.stages[stage].condition(.onSuccess) != nil
            stages[stage].phase = isGuarded ? .leaving : .over(.succeeded)
            return true
        }
        let open = group.count { actions[$0.name].map { !$0.state.isOver } ?? false }
        let waiting = group.filter { actions[$0.name] == nil }
        // EXE-10
        let room = max(0, (start.actionLimit ?? .max) - open)
        if status.end == nil, !waiting.isEmpty, room > 0 {
            for action in waiting.prefix(room) { admit(action, stage: stage, &admission) }
            return true
        }
        guard open == 0 else { return false }
        if status.end != nil {
            stages[stage].phase = .over(.stopped)
        } else {
            // STS-5; ACT-4: its peers have run to their end.
            let failed = group.first { actions[$0.name]?.state.isSuccess == false }!
            fail(stage, "action \(pipeline.stages[stage].name)/\(failed.name) failed", &admission)
        }
        return true
    }

    /// An action has failed: the stage is begun again by itself (RTY-7), asks its rules, or is over.
    private mutating func fail(_ stage: Int, _ reason: String, _ admission: inout Admission) {
        let handling = pipeline.stages[stage].onFailure
        if handling?.result == "RETRY", stages[stage].retries.automatic == 0 {
            stages[stage].retries.automatic = 1
            stages[stage].retries.latest = .automatic
            let mode = handling?.retryMode.flatMap(StageRetry.Mode.init) ?? .allActions
            return runAgain(stage, mode, &admission)
        }
        if pipeline.stages[stage].condition(.onFailure) != nil {
            stages[stage].phase = .failing(reason: reason)
        } else {
            stages[stage].phase = .over(.failed(reason: reason, rollsBack: handling?.result == "ROLLBACK"))
        }
    }

    private mutating func leave(_ stage: Int, _ outcome: StageOutcome) {
        switch outcome {
        case .failed(let reason, _): status = status.end ?? .failed(reason: reason)
        case .stopped: status = status.end ?? .stopped(reason: "")
        case .succeeded, .skipped:
            // STP-1: also when there was nothing left to be started.
            if let end = status.end {
                status = end
            } else if stage + 1 == pipeline.stages.count {
                status = .succeeded
            } else if pipeline.stages[stage].name == start.stopAfterStage {
                status = .stopped(reason: "stage \(pipeline.stages[stage].name) was to be the last")
            }
        }
    }
}

extension ActionState {
    var isSuccess: Bool { if case .succeeded = self { true } else { false } }
}

extension Stage {
    /// The condition of a kind, if there is one with rules (CND-1).
    public func condition(_ kind: ConditionKind) -> Condition? {
        let guarded =
            switch kind {
            case .beforeEntry: beforeEntry
            case .onSuccess: onSuccess
            case .onFailure: onFailure
            }
        return guarded?.conditions.first { !$0.rules.isEmpty }
    }
}
