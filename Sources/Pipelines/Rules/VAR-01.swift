extension ValidationRule {
    /// VAR-1: what looks like a reference is one: `#{namespace.key}`.
    static let referenceSyntax = ValidationRule("VAR-1") { examination in
        for placed in examination.actions {
            for (member, template) in placed.action.templates {
                examination.examine(template, at: "\(placed.path).\(excerpt(member))")
            }
        }
        for placed in examination.rules {
            for (key, value) in placed.rule.configuration.sorted(by: { $0.key < $1.key }) {
                examination.examine(VariableTemplate(value), at: "\(placed.path).configuration.\(excerpt(key))")
            }
        }
    }
}

extension Examination {
    fileprivate mutating func examine(_ template: VariableTemplate, at path: String) {
        for text in template.malformed {
            report(
                path,
                """
                Valid format for a pipeline execution variable reference is a namespace and a key separated by a \
                period (.); write #{namespace.key} without spaces instead of \(excerpt(text)).
                """)
        }
    }
}
