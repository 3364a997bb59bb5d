extension ValidationRule {
    /// ACT-1: category and owner are words of a closed list.
    static let typeWords = ValidationRule("ACT-1") { examination in
        for placed in examination.actions {
            let (type, path) = (placed.action.type, "\(placed.path).actionTypeId")
            if !categories.contains(type.category) {
                examination.report("\(path).category", wordFault(excerpt(type.category), of: categories))
            }
            if !owners.contains(type.owner) {
                examination.report("\(path).owner", wordFault(excerpt(type.owner), of: owners))
            }
        }
    }
}

private let categories = ["Source", "Build", "Test", "Deploy", "Invoke", "Approval", "Compute"]
private let owners = ["AWS", "ThirdParty", "Custom"]
