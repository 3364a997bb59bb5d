import Engine
import Pipelines

extension Laws {
    /// What holds of a pipeline at any moment.
    func check(_ state: PipelineState) throws(Violation) {
        try require(Set(state.executions.keys) == Set(open.keys), "those that are not over are there")
        for (id, execution) in state.executions {
            try require(execution.status.name == latest[id]?.status.name, "\(id) is what was written of it")
            try check(execution)
        }
        try require(state.version == version, "the version is that which was declared last")
        for (index, stage) in state.pipeline.stages.enumerated() {
            guard let gate = state.gates[stage.name] else { throw Violation("\(stage.name) has no gate") }
            let isOpen =
                gate.inbound.isEnabled
                && (index == 0 || state.gates[state.pipeline.stages[index - 1].name]!.outbound.isEnabled)
            try require(isOpen == mayPass(stage.name), "the transition into \(stage.name) is as it was set (TRN-1)")
            try check(stage.name, gate, isOpen)
        }
    }

    private func check(_ stage: String, _ gate: Gate, _ isOpen: Bool) throws(Violation) {
        let mode = pipeline.executionMode
        let inside = live.filter { $0.insideName == stage }
        let waiting = live.filter { $0.awaitedName == stage }
        try require(Set(waiting.map(\.id)) == Set(gate.waiting.map(\.execution)), "the gate knows who waits")
        if isOpen, mode == .parallel || inside.isEmpty {
            try require(waiting.isEmpty, "\(waiting.map(\.id)) wait before \(stage) for nothing")
        }
        if mode == .superseded {
            // A rollback beside them does not come from the stage before.
            try require(
                waiting.count { $0.start.rollback == nil } <= 1, "only the newest waits before \(stage) (EXE-6)")
        }
        guard mode != .parallel else { return }
        try require(inside.isEmpty == (gate.inside == nil), "the gate knows whether somebody is inside")
        // Those of earlier versions may have gone in under PARALLEL (EXE-14).
        let isNew = inside.contains { $0.start.pipelineVersion == version }
        try require(!isNew || inside.count == 1, "\(inside.map(\.id)) are inside of \(stage) together (EXE-5)")
    }

    private func check(_ execution: Execution) throws(Violation) {
        let id = execution.id
        try require(!execution.status.isOver, "\(id) is over and still there")
        try require(
            (execution.awaitedStage != nil) == open[id]!.isEmpty,
            "\(id), which is \(execution.status.name), waits for something")
        if let limit = execution.start.actionLimit {
            try require(open[id]!.count { $0.condition == nil } <= limit, "\(id) does too much at once (EXE-10)")
        }
        for index in execution.stages.indices.dropLast() {
            let status = execution.status(ofStage: index)
            try require(status == .succeeded || status == .skipped, "\(id) goes on after a failure (STR-5)")
        }
        guard let last = execution.stages.indices.last else { return }
        let (stage, declared) = (execution.stages[last], execution.pipeline.stages[last].actions)
        for action in declared where stage.actions[action.name]?.state.isOver == false {
            for earlier in declared where earlier.runOrder < action.runOrder {
                guard case .succeeded = stage.actions[earlier.name]?.state else {
                    throw Violation("\(id): \(action.name) runs before \(earlier.name) has succeeded (ACT-3)")
                }
            }
        }
    }
}
