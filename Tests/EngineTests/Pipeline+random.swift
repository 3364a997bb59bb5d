import Dice
import Engine
import Pipelines

extension Pipeline {
    /// 1 to 4 stages of 1 to 4 actions in up to 3 run orders, some approvals, with artifacts and all kinds of conditions.
    static func random(_ dice: inout Dice, mode: ExecutionMode) -> Pipeline {
        var made: [(name: String, stage: Int, order: Int)] = []
        let stages = (0..<dice.number(1...4)).map { index in
            let actions = (0..<dice.number(1...4)).map { position in
                var action = Action(name: "A\(position)", type: .random(&dice), runOrder: dice.number(1...3))
                if action.type == .manualApproval {
                    if dice.isOne(of: 2) { action.configuration["SupersedeWhilePending"] = "true" }
                    if dice.isOne(of: 3) { action.configuration["OnExpiry"] = "APPROVE" }
                    return action
                }
                action.outputArtifacts = [OutputArtifact(name: "S\(index)A\(position)")]
                let earlier = made.filter { $0.stage < index || $0.order < action.runOrder }
                if let input = earlier.randomElement(using: &dice) { action.inputArtifacts = [input.name] }
                made.append(("S\(index)A\(position)", index, action.runOrder))
                return action
            }
            return Stage.random("S\(index)", actions, &dice, rollsBack: mode != .parallel)
        }
        return Pipeline(name: "p", stages: stages, executionMode: mode)
    }
}

extension ActionTypeID {
    fileprivate static func random(_ dice: inout Dice) -> ActionTypeID {
        dice.isOne(of: 5)
            ? .manualApproval : ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
    }
}

extension Stage {
    fileprivate static func random(
        _ name: String, _ actions: [Action], _ dice: inout Dice, rollsBack: Bool
    ) -> Stage {
        func conditions(_ results: [String], _ dice: inout Dice) -> StageConditions? {
            guard dice.isOne(of: 4), let result = results.randomElement(using: &dice) else { return nil }
            let type = ActionTypeID(category: "Rule", owner: "AWS", provider: "X", version: "1")
            // Named as actions are: nothing may mix them up.
            let rules = (0..<dice.number(1...2)).map { Rule(name: "A\($0)", type: type) }
            return StageConditions(conditions: [Condition(result: result, rules: rules)])
        }
        var stage = Stage(name: name, actions: actions)
        stage.beforeEntry = conditions(["FAIL", "SKIP"], &dice)
        stage.onSuccess = conditions(rollsBack ? ["FAIL", "ROLLBACK"] : ["FAIL"], &dice)
        stage.onFailure = conditions(rollsBack ? ["ROLLBACK"] : [], &dice)
        if stage.onFailure == nil, dice.isOne(of: 3) {
            let result = rollsBack && dice.isOne(of: 2) ? "ROLLBACK" : "RETRY"
            let mode = StageRetry.Mode.allCases.randomElement(using: &dice)?.rawValue
            stage.onFailure = StageConditions(result: result, retryMode: mode)
        }
        return stage
    }
}
