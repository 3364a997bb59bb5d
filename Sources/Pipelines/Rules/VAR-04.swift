extension ValidationRule {
    /// VAR-4: Source actions have no references, for nothing has run before them.
    static let referencesInSources = ValidationRule("VAR-4") { examination in
        for placed in examination.actions where placed.action.type.category == "Source" {
            for (member, template) in placed.action.templates {
                guard let reference = template.references.first else { continue }
                examination.report(
                    "\(placed.path).\(excerpt(member))",
                    "A source action cannot use variables; write the value itself in place of #{\(reference)}.")
            }
        }
    }
}
