extension ValidationRule {
    /// CND-1: one condition at each of the three places at most, with 1 to 5 rules.
    static let conditionCounts = ValidationRule("CND-1") { examination in
        for (index, stage) in examination.pipeline.stages.enumerated() {
            for (name, conditions) in stage.guards {
                let fault = countFault(conditions.conditions.count, of: "conditions", 0...1)
                examination.report("stages[\(index)].\(name).conditions", fault: fault)
            }
        }
        for (_, _, path, condition) in examination.pipeline.placedConditions {
            examination.report("\(path).rules", fault: countFault(condition.rules.count, of: "rules", 1...5))
        }
    }
}
