import Pipelines

extension PipelineState {
    /// What a stage is rolled back to.
    /// - Parameter target: as it ended, or is now.
    /// - Throws: `unableToRollBack` with the rule that is against it (RBK-2, RBK-3, RBK-4).
    public func rollback(of stage: String, to target: Execution) throws(Rejection) -> Rollback {
        guard let index = pipeline.stages.firstIndex(where: { $0.name == stage }) else { throw .unknownStage(stage) }
        guard index > 0 else { throw .unableToRollBack("the stage \(stage) is the first: sources are not rolled back") }
        guard mode != .parallel else { throw .unableToRollBack("executions of mode PARALLEL are not rolled back") }
        guard target.start.pipelineVersion == version else {
            throw .executionOutdated(target.id, version: target.start.pipelineVersion, current: version)
        }
        guard target.start.rollback == nil else {
            throw .unableToRollBack("the execution \(target.id) is a rollback itself")
        }
        guard index < target.stages.count, case .over(.succeeded) = target.stages[index].phase else {
            throw .unableToRollBack("the execution \(target.id) has not succeeded in the stage \(stage)")
        }
        guard gates[stage]?.inside == nil else { throw .unableToRollBack("the stage \(stage) is busy") }
        return target.rollback(of: index)
    }

    /// Remembers what may be gone back to.
    mutating func note(_ execution: Execution, leaving stage: String) {
        guard let index = execution.pipeline.stages.firstIndex(where: { $0.name == stage }),
            index < execution.stages.count, case .over(.succeeded) = execution.stages[index].phase,
            execution.start.rollback == nil, execution.start.pipelineVersion == version, index > 0,
            execution.pipeline.stages[index].mayRollBack
        else { return }
        gates[stage]?.lastSuccess = execution.rollback(of: index)
    }

    /// RBK-5, CND-7: when nothing has succeeded in the stage before, there is nothing to go back to.
    mutating func rollBackIfAsked(_ execution: Execution, _ settlement: inout Settlement) {
        guard mode != .parallel, case .failed = execution.status, let last = execution.stages.last,
            case .over(.failed(_, rollsBack: true)) = last.phase, execution.start.rollback == nil,
            execution.start.pipelineVersion == version,
            let rollback = gates[execution.pipeline.stages[execution.stages.count - 1].name]?.lastSuccess
        else { return }
        let id = ExecutionID(settlement.nextSeed().identifier(0))
        admit(
            Start(
                execution: id, pipelineVersion: version,
                trigger: .init(type: "AutomatedRollback", detail: execution.id.text), rollback: rollback,
                sandbox: execution.start.sandbox, stubs: execution.start.stubs), &settlement)
    }
}

extension Execution {
    /// What a rollback of one of its stages takes over (RBK-1): what there was before that stage.
    func rollback(of stage: Int) -> Rollback {
        var artifacts: [String: String] = [:]
        var revisions: [String: String] = [:]
        for (name, place) in plan.producers where place.stage < stage {
            artifacts[name] = artifact(name)
            revisions[name] = result(at: place)?.revision?.id
        }
        var outputVariables: [String: [String: String]] = [:]
        for (namespace, place) in plan.namespaces where place.stage < stage {
            outputVariables[namespace] = result(at: place)?.outputVariables
        }
        return Rollback(
            target: id, stage: pipeline.stages[stage].name, variables: variables, artifacts: artifacts,
            revisions: revisions, outputVariables: outputVariables)
    }
}

extension Stage {
    /// Whether the declaration may ask for a rollback of it.
    fileprivate var mayRollBack: Bool {
        onFailure?.result == "ROLLBACK" || condition(.onSuccess)?.result == "ROLLBACK"
            || condition(.onFailure)?.result == "ROLLBACK"
    }
}
