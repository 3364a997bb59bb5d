import Engine
import Jansson
import Pipelines

@Sendable func getPipelineExecution(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "pipelineExecutionId")
    let name = try call.name("pipelineName")
    let id = try call.executionID()
    let driver = try await call.driver(name)
    let execution = try await call.execution(id, of: name, driver)
    return ["pipelineExecution": execution.json]
}

extension Execution {
    fileprivate var json: JSON {
        .object(present: [
            "pipelineName": .string(declaration.name), "pipelineVersion": .integer(Int64(start.pipelineVersion)),
            "pipelineExecutionId": .string(id.text), "status": .string(status.name),
            "statusSummary": status.summary.map(JSON.string), "artifactRevisions": .array(artifactRevisions),
            "variables": .array(
                variables.sorted { $0.key < $1.key }.map {
                    ["name": .string($0.key), "resolvedValue": .string($0.value)]
                }), "trigger": start.trigger.json, "executionMode": .string(declaration.executionMode.rawValue),
            "executionType": .string(start.executionType), "rollbackMetadata": start.rollbackMetadata,
        ])
    }

    /// SRC-5
    private var artifactRevisions: [JSON] {
        zip(pipeline.stages, stages).flatMap { declared, entered in
            declared.actions.flatMap { action -> [JSON] in
                guard case .succeeded(let result)? = entered.actions[action.name]?.state, let revision = result.revision
                else { return [] }
                return action.outputArtifacts.map { artifact in
                    .object(present: [
                        "name": .string(artifact.name), "revisionId": .string(revision.id),
                        "revisionChangeIdentifier": revision.changeIdentifier.map(JSON.string),
                        "revisionSummary": revision.summary.map(JSON.string), "created": revision.created?.timestamp,
                    ])
                }
            }
        }
    }
}
