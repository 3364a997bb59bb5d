extension ValidationRule {
    /// ACT-2: the action type is one that exists.
    static let knownTypes = ValidationRule("ACT-2") { examination in
        for placed in examination.actions
        where examination.hasRoom && examination.catalogue[placed.action.type] == nil {
            let type = placed.action.type
            examination.report(
                "\(placed.path).actionTypeId",
                """
                ActionType (Category: '\(excerpt(type.category))', Provider: '\(excerpt(type.provider))', \
                Owner: '\(excerpt(type.owner))', Version: '\(excerpt(type.version))') in action \
                '\(excerpt(placed.action.name))' is not available\(examination.catalogue.advice(about: type))
                """)
        }
    }
}

extension ActionTypeCatalogue {
    /// How the sentence about an unknown type ends.
    func advice(about type: ActionTypeID) -> String {
        let near = near(type).map(\.description)
        if isStrict {
            let meant = near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
            return " in AWS, and no template declares it\(meant.isEmpty ? "; use a type of AWS." : meant)"
        }
        let searched =
            searchedPlaces.isEmpty ? "" : " Plugins were looked for in \(searchedPlaces.joined(separator: ", "))."
        return near.isEmpty
            ? "; install a plugin that serves it.\(searched)"
            : "; did you mean \(near.joined(separator: " or "))? Or install a plugin that serves it.\(searched)"
    }
}
