import Pipelines

extension PipelineState {
    /// Where an execution is, as far as others are concerned.
    enum Place: Hashable {
        case before(String)
        case inside(String)
        case out
    }

    /// Moves whoever may move, until nobody does.
    mutating func settle(_ settlement: inout Settlement) {
        while true {
            if let id = settlement.moved.popLast() {
                place(id, &settlement)
            } else if let stage = settlement.doubtful.min() {
                settlement.doubtful.remove(stage)
                letIn(stage, &settlement)
            } else {
                return
            }
        }
    }

    /// Brings the gates into line with where an execution is now.
    private mutating func place(_ id: ExecutionID, _ settlement: inout Settlement) {
        guard let execution = executions[id] else { return }
        let place = execution.place
        for (name, gate) in gates {
            if gate.inside == id, place != .inside(name) {
                gates[name]?.inside = nil
                settlement.doubtful.insert(name)
                settlement.change.gatesChanged = true
                note(execution, leaving: name)
            }
            if place != .before(name), gate.waiting.contains(where: { $0.execution == id }) {
                gates[name]?.waiting.removeAll { $0.execution == id }
                settlement.change.gatesChanged = true
            }
        }
        switch place {
        case .before(let stage): arrive(execution, at: stage, &settlement)
        case .inside(let stage):
            if mode != .parallel, gates[stage] != nil, gates[stage]?.inside != id {
                gates[stage]?.inside = id
                gates[stage]?.latest = id
                settlement.change.gatesChanged = true
            }
            settlement.doubtful.insert(stage)
        case .out: rollBackIfAsked(execution, &settlement)
        }
    }

    /// EXE-6, EXE-9
    private mutating func arrive(_ execution: Execution, at stage: String, _ settlement: inout Settlement) {
        guard let gate = gates[stage] else { return tell(.stageEntered(stage), to: execution.id, &settlement) }
        guard !gate.waiting.contains(where: { $0.execution == execution.id }) else { return }
        gates[stage]?.waiting.append(Arrival(execution: execution.id, since: settlement.at))
        settlement.change.gatesChanged = true
        settlement.doubtful.insert(stage)
        guard mode == .superseded, execution.start.rollback == nil else { return }
        for older in gate.waiting { tell(.superseded(by: execution.id), to: older.execution, &settlement) }
    }

    /// Lets those in who wait before a stage, as far as they may.
    private mutating func letIn(_ stage: String, _ settlement: inout Settlement) {
        guard let gate = gates[stage], let first = gate.waiting.first(where: { mayPass($0.execution, stage) }) else {
            return
        }
        if settlement.at > first.since.adding(seconds: limits.waitingDays * 24 * 3_600) {
            // TRN-3
            let reason = "it has waited for more than \(limits.waitingDays) days before the stage \(stage)"
            return tell(.cancelled(reason: reason), to: first.execution, &settlement)
        }
        if mode != .parallel, let inside = gate.inside {
            guard mode == .superseded, executions[inside]?.isSupersedableInside == true else { return }
            tell(.superseded(by: first.execution), to: inside, &settlement)
            settlement.doubtful.insert(stage)
            return
        }
        gates[stage]?.waiting.removeAll { $0.execution == first.execution }
        if mode != .parallel {
            gates[stage]?.inside = first.execution
            gates[stage]?.latest = first.execution
        }
        settlement.change.gatesChanged = true
        tell(.stageEntered(stage), to: first.execution, &settlement)
        settlement.doubtful.insert(stage)
    }

    /// TRN-2; a rollback is not held back by what leads into its stage.
    private func mayPass(_ id: ExecutionID, _ stage: String) -> Bool {
        if executions[id]?.start.rollback != nil { return true }
        guard gates[stage]?.inbound.isEnabled == true else { return false }
        guard let index = pipeline.stages.firstIndex(where: { $0.name == stage }), index > 0 else { return true }
        return gates[pipeline.stages[index - 1].name]?.outbound.isEnabled ?? true
    }

    /// Those that are over and can never be run again are the history's business.
    mutating func forget() {
        let latest = Set(gates.values.compactMap(\.latest))
        executions = executions.filter { !$0.value.status.isOver || latest.contains($0.key) && $0.value.isRetryable }
    }
}

extension Execution {
    var place: PipelineState.Place {
        if status.isOver { return .out }
        if let awaited = awaitedStage { return .before(pipeline.stages[awaited].name) }
        return .inside(pipeline.stages[stages.count - 1].name)
    }

    /// Whether its last stage may be run again, or it may be resumed.
    var isRetryable: Bool {
        switch status {
        case .failed, .stopped: !stages.isEmpty
        case .inProgress, .stopping, .cancelling, .succeeded, .superseded, .cancelled: false
        }
    }
}
