import Pipelines

extension Execution {
    /// RTY-1, RTY-2, RTY-3
    mutating func retry(_ retry: StageRetry, _ admission: inout Admission) throws(Rejection) {
        guard let stage = stages.indices.last, pipeline.stages[stage].name == retry.stage else {
            throw .stageNotRetryable("the execution has no stage \(retry.stage) that it has entered last")
        }
        try checkRetry(retry, stage)
        status = .inProgress
        stages[stage].retries.manual += 1
        stages[stage].retries.latest = .manual
        runAgain(stage, retry.mode, &admission)
        advance(&admission)
    }

    private func checkRetry(_ retry: StageRetry, _ stage: Int) throws(Rejection) {
        let name = pipeline.stages[stage].name
        switch (status, stages[stage].phase) {
        case (.failed, .over(.failed)), (.stopped, .over(.stopped)), (.stopped, .over(.failed)): return
        case (_, .over(.skipped)): throw .stageNotRetryable("the stage \(name) was skipped")
        case (.inProgress, .acting):
            let states = stages[stage].actions.values.map(\.state)
            guard states.contains(where: { if case .failed = $0 { true } else { false } }) else {
                throw .retryConflict("the stage \(name) is InProgress, and none of its actions has failed")
            }
            guard retry.mode == .failedActions else {
                throw .retryConflict(
                    "actions of the stage \(name) are InProgress: only failed ones can be run again now")
            }
        case (.inProgress, _), (.stopping, _), (.cancelling, _):
            throw .retryConflict("the execution is \(status.name): its stage \(name) cannot be run again now")
        case (.stopped, _), (.failed, _), (.succeeded, _), (.superseded, _), (.cancelled, _):
            throw .stageNotRetryable("the execution is \(status.name), and nothing of its stage \(name) has failed")
        }
    }

    /// Begins a stage again: what has to run anew is forgotten here; the history keeps it (RTY-1).
    mutating func runAgain(_ stage: Int, _ mode: StageRetry.Mode, _ admission: inout Admission) {
        let before = stages[stage]
        forgetWhatRunsAgain(stage, mode)
        for former in before.every(of: pipeline.stages[stage]) where stages[stage][former.place] == nil {
            admission.replaced.append(former)
        }
    }

    private mutating func forgetWhatRunsAgain(_ stage: Int, _ mode: StageRetry.Mode) {
        // RTY-6
        attempt += 1
        switch mode {
        case .allActions: stages[stage].actions = [:]
        case .failedActions:
            stages[stage].actions = stages[stage].actions.filter { $0.value.state.isSuccess || !$0.value.state.isOver }
        }
        let hasEntered: Bool
        switch stages[stage].conditions[.beforeEntry]?.state {
        case .succeeded, .overridden: hasEntered = true
        case .inProgress, .failed, .errored, .abandoned, nil: hasEntered = false
        }
        stages[stage].conditions = hasEntered ? stages[stage].conditions.filter { $0.key == .beforeEntry } : [:]
        stages[stage].phase = hasEntered ? .acting : firstPhase(of: stage)
    }
}
