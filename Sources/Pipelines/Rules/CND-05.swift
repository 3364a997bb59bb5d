extension ValidationRule {
    /// CND-5: AWS lets few rules skip a stage; here any rule may.
    static let skippingRules = ValidationRule("CND-5") { examination in
        guard examination.catalogue.isStrict else { return }
        for (_, _, path, condition) in examination.pipeline.placedConditions where condition.result == "SKIP" {
            for (index, rule) in condition.rules.enumerated() where !skippingProviders.contains(rule.type.provider) {
                examination.report(
                    "\(path).rules[\(index)].ruleTypeId",
                    """
                    AWS skips a stage by a rule of \(skippingProviders.joined(separator: " or ")) only, found \
                    \(excerpt(rule.type.provider)); use one of those, or FAIL.
                    """)
            }
        }
    }
}

private let skippingProviders = ["LambdaInvoke", "VariableCheck"]
