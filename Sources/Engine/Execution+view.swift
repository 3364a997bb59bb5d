import Pipelines

extension Execution {
    /// The status of a stage that has been entered, by its index (STS-2, STS-5).
    public func status(ofStage stage: Int) -> StageStatus {
        let declared = pipeline.stages[stage].actions
        let states = declared.map { stages[stage][$0.name]?.state }
        if states.contains(where: { $0?.isOver == false }) {
            if case .stopping = status { return .stopping }
            return .inProgress
        }
        if states.allSatisfy({ if case .succeeded = $0 { true } else { false } }) { return .succeeded }
        if states.contains(where: { if case .failed = $0 { true } else { false } }) { return .failed }
        return .stopped
    }

    /// What is in progress, with what was asked of whom.
    public var runningDispatches: [Dispatch] {
        inProgress.compactMap { if case .running(let running) = $0.state { running.dispatch } else { nil } }
    }

    public var pendingApprovals: [ApprovalRequest] {
        inProgress.compactMap { if case .awaitingApproval(let request) = $0.state { request } else { nil } }
    }

    /// In the order of declaration.
    private var inProgress: [ActionExecution] {
        guard let stage = stages.indices.last else { return [] }
        return pipeline.stages[stage].actions.compactMap { stages[stage][$0.name] }.filter { !$0.state.isOver }
    }
}
