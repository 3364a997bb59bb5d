extension ValidationRule {
    /// ACT-10: as many input and output artifacts as the type allows.
    static let artifactCounts = ValidationRule("ACT-10") { examination in
        for placed in examination.actions {
            guard let type = examination.catalogue[placed.action.type] else { continue }
            let (action, name) = (placed.action, "Action \(excerpt(placed.action.name))")
            examination.examine(
                action.inputArtifacts.count, of: "input", type.inputArtifacts, name: name, at: placed.path)
            examination.examine(
                action.outputArtifacts.count, of: "output", type.outputArtifacts, name: name, at: placed.path)
        }
        for placed in examination.rules {
            guard let type = examination.catalogue[placed.rule.type], type.id.category == "Rule" else { continue }
            examination.examine(
                placed.rule.inputArtifacts.count, of: "input", type.inputArtifacts,
                name: "Rule \(excerpt(placed.rule.name))", at: placed.path)
        }
    }
}

extension Examination {
    fileprivate mutating func examine(
        _ count: Int, of side: String, _ range: ClosedRange<Int>, name: String, at path: String
    ) {
        if range.contains(count) { return }
        let isLess = count < range.lowerBound
        let relation = isLess ? "less than the minimum" : "more than the maximum"
        let (bound, advice) = isLess ? (range.lowerBound, "add") : (range.upperBound, "remove")
        report(
            "\(path).\(side)Artifacts",
            """
            \(name) declares \(count) \(side) artifacts which is \(relation) count (\(bound)); \
            \(advice) \(abs(bound - count)).
            """)
    }
}
