import Pipelines

extension PipelineState {
    /// Where an execution is, as far as others are concerned.
    enum Place: Hashable {
        case before(String)
        case inside(String)
        case out
    }

    /// Brings stored gates into line with the executions that there are.
    mutating func alignGates() {
        let places = executions.mapValues(\.place)
        for stage in gates.keys {
            gates[stage]?.waiting.removeAll { places[$0.execution] != .before(stage) }
            if let id = gates[stage]?.inside, places[id] != .inside(stage) { gates[stage]?.inside = nil }
        }
        for (id, execution) in executions.sorted(by: { $0.key.text < $1.key.text }) {
            switch execution.place {
            case .before(let stage) where gates[stage]?.waiting.contains { $0.execution == id } == false:
                gates[stage]?.waiting.append(Arrival(execution: id, since: execution.startedAt))
            case .inside(let stage) where mode != .parallel && gates[stage]?.inside == nil:
                gates[stage]?.inside = id
                gates[stage]?.latest = id
            case .before, .inside, .out: break
            }
        }
    }

    /// Moves whoever may move, until nobody does.
    mutating func settle(_ settlement: inout Settlement) {
        while true {
            if let moved = settlement.moved.popLast() {
                place(moved.id, from: moved.from, &settlement)
            } else if let stage = settlement.doubtful.min() {
                settlement.doubtful.remove(stage)
                letIn(stage, &settlement)
            } else {
                return
            }
        }
    }

    /// Brings the gates into line with where an execution is now.
    private mutating func place(_ id: ExecutionID, from former: Place, _ settlement: inout Settlement) {
        let execution = executions[id]!
        let place = execution.place
        if place != former { leave(former, execution, &settlement) }
        switch place {
        case .before(let stage): arrive(execution, at: stage, &settlement)
        case .inside(let stage):
            if gates[stage]?.inside == nil { occupy(stage, id, &settlement) }
            // What it waits for inside may be a thing that gives way to others.
            settlement.doubtful.insert(stage)
        case .out: break
        }
    }

    private mutating func leave(_ former: Place, _ execution: Execution, _ settlement: inout Settlement) {
        let stage: String
        switch former {
        case .out: return
        case .before(let name), .inside(let name): stage = name
        }
        gates[stage]?.waiting.removeAll { $0.execution == execution.id }
        settlement.doubtful.insert(stage)
        settlement.change.gatesChanged = true
        // It may have gone in and out again by one fact.
        guard gates[stage]?.inside == execution.id, execution.place != .inside(stage) else { return }
        note(execution, leaving: stage)
        // After PARALLEL several may still be inside.
        let others = mode == .parallel ? [] : executions.values.filter { $0.place == .inside(stage) }.map(\.id)
        gates[stage]?.inside = others.min { $0.text < $1.text }
    }

    private mutating func occupy(_ stage: String, _ id: ExecutionID, _ settlement: inout Settlement) {
        guard mode != .parallel else { return }
        gates[stage]?.inside = id
        gates[stage]?.latest = id
        settlement.change.gatesChanged = true
    }

    /// EXE-6, EXE-9
    private mutating func arrive(_ execution: Execution, at stage: String, _ settlement: inout Settlement) {
        // The stage is one of an older declaration, which only PARALLEL goes on with (EXE-13).
        guard let gate = gates[stage] else { return tell(.stageEntered(stage), to: execution.id, &settlement) }
        guard !gate.waiting.contains(where: { $0.execution == execution.id }) else { return }
        let isHeld = execution.start.rollback == nil && !mayPass(stage)
        let arrival = Arrival(
            execution: execution.id, since: settlement.at, heldSince: isHeld ? settlement.at : nil)
        settlement.change.gatesChanged = true
        settlement.doubtful.insert(stage)
        guard execution.start.rollback == nil else {
            // After those who wait it would undo what they have brought.
            gates[stage]?.waiting.insert(arrival, at: 0)
            return
        }
        gates[stage]?.waiting.append(arrival)
        guard mode == .superseded else { return }
        for older in gate.waiting where executions[older.execution]?.start.rollback == nil {
            tell(.superseded(by: execution.id), to: older.execution, &settlement)
        }
    }

    /// Lets those in who wait before a stage, as far as they may.
    private mutating func letIn(_ stage: String, _ settlement: inout Settlement) {
        guard let gate = gates[stage], !gate.waiting.isEmpty else { return }
        let isOpen = mayPass(stage)
        // A rollback is not held back by what leads into its stage.
        guard
            let next = gate.waiting.first(where: { isOpen || executions[$0.execution]?.start.rollback != nil })?
                .execution
        else { return }
        if mode != .parallel, let inside = gate.inside {
            guard mode == .superseded, executions[inside]?.isSupersedableInside == true else { return }
            return tell(.superseded(by: next), to: inside, &settlement)
        }
        occupy(stage, next, &settlement)
        tell(.stageEntered(stage), to: next, &settlement)
    }

    /// TRN-2
    func mayPass(_ stage: String) -> Bool {
        guard gates[stage]?.inbound.isEnabled == true else { return false }
        guard let index = pipeline.stages.firstIndex(where: { $0.name == stage }), index > 0 else { return true }
        return gates[pipeline.stages[index - 1].name]?.outbound.isEnabled ?? true
    }
}

extension Execution {
    var place: PipelineState.Place {
        if status.isOver { return .out }
        if let awaited = awaitedStage { return .before(pipeline.stages[awaited].name) }
        return .inside(pipeline.stages[stages.count - 1].name)
    }
}
