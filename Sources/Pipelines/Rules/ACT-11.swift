import Jansson

extension ValidationRule {
    /// ACT-11: each input artifact is the output of an action that has certainly finished.
    static let artifactWiring = ValidationRule("ACT-11") { examination in
        let producers = examination.producers
        for placed in examination.actions {
            for (index, name) in placed.action.inputArtifacts.enumerated() {
                examination.examine(name, from: producers[name], at: "\(placed.path).inputArtifacts[\(index)].name") {
                    $0.isFinished(before: placed.stage, runOrder: placed.action.runOrder)
                }
            }
        }
        for placed in examination.rules {
            for (index, name) in placed.rule.inputArtifacts.enumerated() {
                let path = "\(placed.path).inputArtifacts[\(index)].name"
                examination.examine(name, from: producers[name], at: path, isFinished: placed.comesAfter)
            }
        }
    }
}

extension Examination {
    /// By artifact, the first action that makes it.
    fileprivate var producers: [String: PlacedAction] {
        var producers: [String: PlacedAction] = [:]
        for placed in actions {
            for artifact in placed.action.outputArtifacts where producers[artifact.name] == nil {
                producers[artifact.name] = placed
            }
        }
        return producers
    }

    fileprivate mutating func examine(
        _ name: String, from producer: PlacedAction?, at path: String, isFinished: (PlacedAction) -> Bool
    ) {
        guard hasRoom else { return }
        guard let producer else {
            return report(path, "No action makes the artifact \"\(excerpt(name))\"; \(advice(about: name))")
        }
        if isFinished(producer) { return }
        report(
            path,
            """
            The artifact "\(excerpt(name))" is made by \(producer.path), which is not certain to have finished before; \
            let that be in an earlier stage, or in this stage with a lower runOrder.
            """)
    }

    private func advice(about name: String) -> String {
        // Comparing every name with every other is for definitions of a reader's size.
        let outputs = actions.prefix(200).flatMap { $0.action.outputArtifacts.map(\.name) }.prefix(200)
        return nearest(to: excerpt(name), in: outputs.map(excerpt)).map { "did you mean \"\($0)\"?" }
            ?? "name it in the outputArtifacts of an earlier action."
    }
}
