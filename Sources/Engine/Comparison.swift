import Pipelines

/// In what two executions differ: what they were made of, and what they were told to do.
public struct Comparison: Hashable, Sendable {
    /// Of the pipeline; 1 and 1 of two pipelines need not be the same.
    public let versions: Difference<Int>?
    /// By source artifact. Where only the id is known, as in a rollback, there is nothing else.
    public let revisions: [Difference<Revision>]
    /// Digests by artifact.
    public let artifacts: [Difference<String>]
    /// `variables.NAME` of the pipeline, and `NAMESPACE.KEY` of actions.
    public let variables: [Difference<String>]
    /// By place, as `Pipeline.differences` has it.
    public let definition: [Difference<String>]

    public var isEmpty: Bool {
        versions == nil && revisions.isEmpty && artifacts.isEmpty && variables.isEmpty && definition.isEmpty
    }

    /// - Parameters:
    ///   - stage: only what there was before this stage, which is what a rollback of it takes over (RBK-1); nil for all.
    ///   - catalogue: which values of the definition are secret.
    public init(
        of one: Execution, with other: Execution, before stage: String? = nil, catalogue: ActionTypeCatalogue = .aws
    ) {
        let (mine, others) = (Substance(of: one, before: stage), Substance(of: other, before: stage))
        let versions = Difference(
            name: "version", one: one.start.pipelineVersion, other: other.start.pipelineVersion)
        self.versions = versions.one == versions.other ? nil : versions
        revisions = Difference.between(mine.revisions, others.revisions).filter { $0.one?.id != $0.other?.id }
        artifacts = Difference.between(mine.artifacts, others.artifacts)
        variables = Difference.between(mine.variables, others.variables)
        definition = one.declaration.differences(from: other.declaration, catalogue: catalogue)
    }
}

/// What an execution was made of.
private struct Substance {
    private(set) var revisions: [String: Revision] = [:]
    private(set) var artifacts: [String: String] = [:]
    private(set) var variables: [String: String] = [:]

    init(of execution: Execution, before stage: String?) {
        // Of a rollback, what it took over; its own stage is all that it ran.
        if let rollback = execution.start.rollback {
            artifacts = rollback.artifacts
            revisions = rollback.revisions.mapValues { Revision(id: $0) }
            for (namespace, values) in rollback.outputVariables { add(values, of: namespace) }
        }
        add(execution.variables, of: "variables")
        let end = execution.pipeline.stages.firstIndex { $0.name == stage } ?? execution.stages.count
        for (declared, entered) in zip(execution.pipeline.stages, execution.stages).prefix(end) {
            for action in declared.actions {
                guard case .succeeded(let result) = entered.actions[action.name]?.state else { continue }
                artifacts.merge(result.artifacts) { $1 }
                if let namespace = action.namespace { add(result.outputVariables, of: namespace) }
                guard let revision = result.revision else { continue }
                for artifact in action.outputArtifacts { revisions[artifact.name] = revision }
            }
        }
    }

    private mutating func add(_ values: [String: String], of namespace: String) {
        for (key, value) in values { variables["\(namespace).\(key)"] = value }
    }
}
