extension ValidationRule {
    /// CND-3: the rules of a condition have a known type of the category Rule, and time-outs as approvals have.
    static let conditionRules = ValidationRule("CND-3") { examination in
        for placed in examination.rules {
            let (rule, path) = (placed.rule, "\(placed.path).ruleTypeId")
            if rule.type.category != "Rule" {
                examination.report("\(path).category", "Must be Rule, found \"\(excerpt(rule.type.category))\".")
            } else if examination.catalogue[rule.type] == nil {
                let advice = examination.catalogue.advice(about: rule.type)
                examination.report(path, "The rule type \(excerpt(rule.type.description)) is not available\(advice)")
            }
            if let minutes = rule.timeoutInMinutes, !(5...86_400).contains(minutes) {
                examination.report(
                    "\(placed.path).timeoutInMinutes", "Must be from 5 to 86400 minutes, found \(minutes).")
            }
        }
    }
}
