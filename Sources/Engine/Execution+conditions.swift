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
            stages[stage].conditions[kind]?.state = .concluded(from: condition.rules.values.map(\.state))
            return true
        }
        conclude(kind, declared, condition.state, stage)
        return true
    }

    private mutating func conclude(
        _ kind: ConditionKind, _ declared: Condition, _ state: ConditionState, _ stage: Int
    ) {
        let (isMet, isErrored) = (state != .failed && state != .errored, state == .errored)
        let end = isErrored ? "could not be evaluated" : "failed"
        let reason = "the condition \(kind.rawValue) of stage \(pipeline.stages[stage].name) \(end)"
        switch (kind, stages[stage].phase) {
        case (.beforeEntry, _) where isMet: stages[stage].phase = .acting
        case (.beforeEntry, _):
            // CND-5: what nobody knows does not leave a stage out.
            let isSkipped = declared.result == "SKIP" && !isErrored
            stages[stage].phase = .over(isSkipped ? .skipped : .failed(reason: reason, rollsBack: false))
        case (.onSuccess, _) where isMet: stages[stage].phase = .over(.succeeded)
        case (.onSuccess, _):
            // CND-7
            let rollsBack = declared.result == "ROLLBACK" && !isErrored
            stages[stage].phase = .over(.failed(reason: reason, rollsBack: rollsBack))
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

extension ConditionState {
    /// CND-4, of rules that are over: one that says no counts before one that could not say anything.
    fileprivate static func concluded(from rules: [ActionState]) -> ConditionState {
        let failures = rules.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
        if failures.contains(where: \.isVerdict) { return .failed }
        return rules.allSatisfy(\.isSuccess) ? .succeeded : .errored
    }
}

extension ActionFailure {
    /// Whether the rule itself says that it is not met, or not in its time; whatever else failed kept it from saying so.
    fileprivate var isVerdict: Bool { code == "JobFailed" && (hostCode == nil || hostCode == "TimedOut") }
}
