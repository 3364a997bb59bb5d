import Dice
import Engine
import Pipelines

extension Pipeline {
    /// A source stage and up to 3 more, each of 1 to 3 actions in up to 2 run orders: artifacts, variables, approvals, and
    /// everything that may guard a stage.
    static func random(_ name: String, _ dice: inout Dice, mode: ExecutionMode? = nil) -> Pipeline {
        let mode = mode ?? dice.pick(ExecutionMode.allCases)!
        var made: [(name: String, stage: Int, order: Int)] = []
        let stages = (0...dice.number(0...3)).map { index in
            let actions = (0..<dice.number(1...3)).map { position in
                var action = Action.random("A\(position)", index, &dice)
                guard action.type != .manualApproval else { return action }
                let output = "S\(index)A\(position)"
                action.outputArtifacts = [OutputArtifact(name: output)]
                let earlier = made.filter { $0.stage < index || $0.order < action.runOrder }
                if index > 0, let input = dice.pick(earlier) { action.inputArtifacts = [input.name] }
                made.append((output, index, action.runOrder))
                return action
            }
            return Stage.random("S\(index)", actions, &dice, isSource: index == 0, mode)
        }
        return Pipeline(
            name: name, stages: stages, executionMode: mode,
            variables: [PipelineVariable(name: "level", defaultValue: "1")])
    }
}

extension Action {
    fileprivate static func random(_ name: String, _ stage: Int, _ dice: inout Dice) -> Action {
        let order = dice.number(1...2)
        guard stage > 0 else {
            let type = ActionTypeID(category: "Source", owner: "Custom", provider: "X", version: "1")
            return Action(name: name, type: type, runOrder: order, namespace: name == "A0" ? "source" : nil)
        }
        guard !dice.isOne(of: 4) else {
            var action = Action(name: name, type: .manualApproval, runOrder: order)
            if dice.isOne(of: 2) { action.configuration["SupersedeWhilePending"] = "true" }
            if dice.isOne(of: 3) { action.configuration["OnExpiry"] = "APPROVE" }
            return action
        }
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        return Action(
            name: name, type: type, runOrder: order,
            configuration: ["Level": "#{variables.level}", "Commit": "#{source.commit}"])
    }
}

extension Stage {
    fileprivate static func random(
        _ name: String, _ actions: [Action], _ dice: inout Dice, isSource: Bool, _ mode: ExecutionMode
    ) -> Stage {
        let rollsBack = mode != .parallel && !isSource
        func conditions(_ results: [String], _ dice: inout Dice) -> StageConditions? {
            guard dice.isOne(of: 4), let result = dice.pick(results) else { return nil }
            let type = ActionTypeID(category: "Rule", owner: "AWS", provider: "X", version: "1")
            // Named as actions are: nothing may mix them up.
            let rules = (0..<dice.number(1...2)).map { Rule(name: "A\($0)", type: type) }
            return StageConditions(conditions: [Condition(result: result, rules: rules)])
        }
        var stage = Stage(name: name, actions: actions)
        // A skipped source stage has made nothing, and all that follows would fail.
        stage.beforeEntry = conditions(isSource ? ["FAIL"] : ["FAIL", "SKIP"], &dice)
        stage.onSuccess = conditions(rollsBack ? ["FAIL", "ROLLBACK"] : ["FAIL"], &dice)
        stage.onFailure = conditions(rollsBack ? ["ROLLBACK"] : [], &dice)
        if stage.onFailure == nil, dice.isOne(of: 3) {
            let result = rollsBack && dice.isOne(of: 2) ? "ROLLBACK" : "RETRY"
            stage.onFailure = StageConditions(
                result: result, retryMode: dice.pick(StageRetry.Mode.allCases)!.rawValue)
        }
        return stage
    }
}
