extension ValidationRule {
    /// STR-3: stage names, output artifacts and namespaces are unique in the pipeline, action names in their stage.
    static let uniqueNames = ValidationRule("STR-3") { examination in
        let pipeline = examination.pipeline
        examination.examineUnique(pipeline.stages.enumerated().map { ("stages[\($0)].name", $1.name) }, "stage")
        for (stageIndex, stage) in pipeline.stages.enumerated() {
            let names = stage.actions.enumerated().map { ("stages[\(stageIndex)].actions[\($0)].name", $1.name) }
            examination.examineUnique(names, "action of this stage")
        }
        let outputs = examination.actions.flatMap { placed in
            placed.action.outputArtifacts.enumerated().map { ("\(placed.path).outputArtifacts[\($0)].name", $1.name) }
        }
        examination.examineUnique(outputs, "output artifact")
        let namespaces = examination.actions.compactMap { placed in
            placed.action.namespace.map { ("\(placed.path).namespace", $0) }
        }
        examination.examineUnique(namespaces, "namespace")
        let artifacts = Set(outputs.map(\.1))
        for (path, namespace) in namespaces where artifacts.contains(namespace) {
            examination.report(
                path, "\"\(namespace)\" is the name of an artifact too; give the namespace another name.")
        }
    }
}

extension Examination {
    fileprivate mutating func examineUnique(_ names: [(path: String, name: String)], _ noun: String) {
        var places: [String: String] = [:]
        for (path, name) in names {
            if let first = places[name] {
                report(path, "\"\(excerpt(name))\" is the name of another \(noun) at \(first); give one another name.")
            } else {
                places[name] = path
            }
        }
    }
}
