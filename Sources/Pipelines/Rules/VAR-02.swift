extension ValidationRule {
    /// VAR-2: `codepipeline` is no action's namespace, and `variables` only when the pipeline declares none.
    static let reservedNamespaces = ValidationRule("VAR-2") { examination in
        let hasVariables = !examination.pipeline.variables.isEmpty
        for placed in examination.actions {
            guard let namespace = placed.action.namespace else { continue }
            if namespace == "codepipeline" || (namespace == "variables" && hasVariables) {
                examination.report(
                    "\(placed.path).namespace",
                    "The namespace \"\(namespace)\" is the pipeline's own; give the action another one.")
            }
        }
    }
}
