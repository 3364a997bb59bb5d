extension ValidationRule {
    /// ACT-12: a reference names a namespace that exists and is certain to have its values.
    ///
    /// Whether the namespace has the key shows when the action starts.
    static let references = ValidationRule("ACT-12") { examination in
        // VAR-4 speaks about source actions.
        for placed in examination.actions where placed.action.type.category != "Source" {
            for (member, template) in placed.action.templates {
                examination.examine(
                    template, in: "ActionName=[\(excerpt(placed.action.name))]", stage: placed.stage, member: member,
                    at: placed.path
                ) { $0.isFinished(before: placed.stage, runOrder: placed.action.runOrder) }
            }
        }
        for placed in examination.rules {
            let texts = placed.rule.configuration.sorted { $0.key < $1.key }
            for (key, value) in texts {
                examination.examine(
                    VariableTemplate(value), in: "RuleName=[\(excerpt(placed.rule.name))]", stage: placed.stage,
                    member: "configuration.\(key)", at: placed.path, isFinished: placed.comesAfter)
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examine(
        _ template: VariableTemplate, in owner: String, stage: Int, member: String, at path: String,
        isFinished: (PlacedAction) -> Bool
    ) {
        for reference in template.references where !exists(reference.namespace, isFinished: isFinished) {
            let key = member.split(separator: ".").last ?? ""
            report(
                "\(path).\(excerpt(member))",
                """
                Valid format for a pipeline execution variable reference is a namespace and a key separated by a \
                period (.). The following pipeline execution variables are referencing a namespace that does not \
                exist. StageName=[\(excerpt(pipeline.stages[stage].name))], \(owner), \
                ActionConfigurationKey=[\(excerpt(String(key)))], VariableReferenceText=[\(reference)]. \
                \(advice(about: reference.namespace))
                """)
        }
    }

    private func exists(_ namespace: String, isFinished: (PlacedAction) -> Bool) -> Bool {
        if namespace == "codepipeline" || (namespace == "variables" && !pipeline.variables.isEmpty) { return true }
        return namespaces[namespace].map(isFinished) ?? false
    }

    private func advice(about namespace: String) -> String {
        if let owner = namespaces[namespace] {
            return "\(owner.path) has this namespace but is not certain to have finished before; "
                + "let it be in an earlier stage or have a lower runOrder."
        }
        if namespace == "variables" { return "Declare the variable in the pipeline's variables." }
        return "Give an earlier action the namespace \"\(excerpt(namespace))\"."
    }
}
