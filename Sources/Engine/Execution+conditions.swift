import Pipelines

extension Execution {
    /// Begins the rules of a condition, waits for them, and draws the conclusion (CND-4).
    /// - Returns: whether there may be more to do.
    mutating func stepCondition(_ kind: ConditionKind, _ stage: Int, _ admission: inout Admission) -> Bool {
        let declared = pipeline.stages[stage].condition(kind)!
        guard let condition = stages[stage].conditions[kind] else {
            guard status.end == nil else {
                stages[stage].phase = .over(.stopped)
                return true
            }
            stages[stage].conditions[kind] = ConditionExecution(rules: [:], state: .inProgress)
            for rule in declared.rules { admit(rule, of: kind, stage: stage, &admission) }
            return true
        }
        if condition.state == .inProgress {
            guard condition.rules.values.allSatisfy(\.state.isOver) else { return false }
            let isMet = condition.rules.values.allSatisfy(\.state.isSuccess)
            stages[stage].conditions[kind]?.state = isMet ? .succeeded : .failed
            return true
        }
        conclude(kind, declared, condition.state, stage)
        return true
    }

    private mutating func conclude(
        _ kind: ConditionKind, _ declared: Condition, _ state: ConditionState, _ stage: Int
    ) {
        let reason = "the condition \(kind.rawValue) of stage \(pipeline.stages[stage].name) failed"
        let isMet = state != .failed
        switch (kind, stages[stage].phase) {
        case (.beforeEntry, _) where isMet: stages[stage].phase = .acting
        case (.beforeEntry, _):
            // CND-5
            let isSkipped = declared.result == "SKIP"
            stages[stage].phase = .over(isSkipped ? .skipped : .failed(reason: reason, rollsBack: false))
        case (.onSuccess, _) where isMet: stages[stage].phase = .over(.succeeded)
        case (.onSuccess, _):
            // CND-7
            stages[stage].phase = .over(.failed(reason: reason, rollsBack: declared.result == "ROLLBACK"))
        case (.onFailure, .failing(let reason)):
            // Its rules tell of bad news: what they find true calls for the result.
            stages[stage].phase = .over(.failed(reason: reason, rollsBack: isMet && declared.result == "ROLLBACK"))
        case (.onFailure, _): preconditionFailure("onFailure is evaluated when a stage fails, and then only")
        }
    }

    /// CND-8: the stage goes on as if the condition had succeeded; what is still evaluated of it is given up.
    mutating func overrideCondition(_ override: ConditionOverride, _ admission: inout Admission) throws(Rejection) {
        guard !status.isOver, let stage = stages.indices.last, pipeline.stages[stage].name == override.stage,
            isOverridable(override.condition, stage)
        else { throw .conditionNotOverridable(override) }
        abandonRules(of: override.condition, stage, &admission)
        stages[stage].conditions[override.condition]?.state = .overridden(by: override.by)
        advance(&admission)
    }

    private func isOverridable(_ kind: ConditionKind, _ stage: Int) -> Bool {
        guard let declared = pipeline.stages[stage].condition(kind) else { return false }
        switch (kind, stages[stage].phase) {
        case (.beforeEntry, .entering): return declared.result != "SKIP"
        case (.onSuccess, .leaving): return true
        case (.beforeEntry, _), (.onSuccess, _), (.onFailure, _): return false
        }
    }

    mutating func abandonRules(of kind: ConditionKind, _ stage: Int, _ admission: inout Admission) {
        for (name, rule) in (stages[stage].conditions[kind]?.rules ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard case .running(let running) = rule.state else { continue }
            admission.effects.append(.cancel(running.dispatch.attempt))
            stages[stage].conditions[kind]?.rules[name]?.state = .abandoned
            stages[stage].conditions[kind]?.rules[name]?.updatedAt = admission.at
        }
    }
}
