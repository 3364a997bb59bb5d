import Pipelines

extension Execution {
    /// The status of a stage that has been entered, by its index (STS-2, STS-5).
    public func status(ofStage stage: Int) -> StageStatus {
        switch (stages[stage].phase, status) {
        case (.entering, .stopping), (.acting, .stopping), (.leaving, .stopping), (.failing, .stopping): .stopping
        case (.entering, _), (.acting, _), (.leaving, _), (.failing, _): .inProgress
        case (.over(.succeeded), _): .succeeded
        case (.over(.failed), _): .failed
        case (.over(.skipped), _): .skipped
        case (.over(.stopped), .cancelled): .cancelled
        case (.over(.stopped), _): hasFailure(stage) ? .failed : .stopped
        }
    }

    private func hasFailure(_ stage: Int) -> Bool {
        stages[stage].actions.values.contains { if case .failed = $0.state { true } else { false } }
    }

    /// What is in progress, with what was asked of whom.
    public var runningDispatches: [Dispatch] {
        inProgress.compactMap { if case .running(let running) = $0.state { running.dispatch } else { nil } }
    }

    public var pendingApprovals: [ApprovalRequest] {
        inProgress.compactMap { if case .awaitingApproval(let request) = $0.state { request } else { nil } }
    }

    /// Actions in the order of declaration, then rules.
    private var inProgress: [ActionExecution] {
        guard let stage = stages.indices.last else { return [] }
        let actions = pipeline.stages[stage].actions.compactMap { stages[stage].actions[$0.name] }
        let rules = ConditionKind.allCases.flatMap { kind in
            pipeline.stages[stage].condition(kind)?.rules.compactMap { stages[stage].conditions[kind]?.rules[$0.name] }
                ?? []
        }
        return (actions + rules).filter { !$0.state.isOver }
    }
}
