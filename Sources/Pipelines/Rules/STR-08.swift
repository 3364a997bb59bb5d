extension ValidationRule {
    /// STR-8: a pipeline that says V1 has no member and no action type of V2.
    static let pipelineType = ValidationRule("STR-8") { examination in
        guard examination.pipeline.pipelineType == .v1 else { return }
        func fault(_ member: some StringProtocol) -> String {
            "Only V2 pipelines may have \(member); remove it, or set pipelineType to V2."
        }
        for path in examination.pipeline.membersOfV2 {
            examination.report(path, fault(path.split(separator: ".").last ?? ""))
        }
        for placed in examination.actions where examination.catalogue[placed.action.type]?.needsV2 == true {
            examination.report("\(placed.path).actionTypeId", fault("the type \(placed.action.type)"))
        }
    }
}

extension Pipeline {
    /// The places of what only V2 pipelines have.
    var membersOfV2: [String] {
        var paths: [String] = []
        if executionMode != .superseded { paths.append("executionMode") }
        if !variables.isEmpty { paths.append("variables") }
        if !triggers.isEmpty { paths.append("triggers") }
        for (index, stage) in stages.enumerated() { paths += stage.guards.map { "stages[\(index)].\($0.name)" } }
        return paths
    }
}
