import Engine
import Jansson
import Pipelines

/// SRC-4
@Sendable func putActionRevision(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "stageName", "actionName", "actionRevision")
    let name = try call.name("pipelineName")
    let stage = try call.name("stageName")
    let action = try call.name("actionName")
    let revision = try call.revision()
    let record = try await call.record(name)
    guard let declared = record.pipeline.stages.first(where: { $0.name == stage }) else {
        throw APIError.stageNotFound(stage, of: name)
    }
    guard let source = declared.actions.first(where: { $0.name == action }) else {
        throw APIError("ActionNotFoundException", "\(name): the stage \(stage) has no action \(action)")
    }
    guard source.type.category == "Source" else {
        throw APIError.validation("actionName: \(stage)/\(action) is no source action, so it takes no revision")
    }
    if let earlier = try await call.history.execution(thatTook: revision, by: action, of: name) {
        return ["newRevision": false, "pipelineExecutionId": .string(earlier.text)]
    }
    let start = Start(
        execution: call.api.newID(), pipelineVersion: record.version,
        trigger: .init(type: "PutActionRevision", detail: call.caller),
        sourceRevisions: [action: SourceRevision(type: "COMMIT_ID", value: revision)],
        // Who puts the same revision before it is taken is told of the same execution. No client's token has a slash.
        clientRequestToken: "revision/\(action)/\(revision)", sandbox: call.api.sandbox)
    guard let id = try await call.refusable(name, { try await call.registry.start(start, of: name) }) else {
        throw APIError.pipelineNotFound(name)
    }
    return ["newRevision": .bool(id == start.execution), "pipelineExecutionId": .string(id.text)]
}

extension Call {
    fileprivate func revision() throws -> String {
        let revision = try input.required("actionRevision").object(of: "revisionId", "revisionChangeId", "created")
        _ = try revision.required("revisionChangeId").string(length: 1...100)
        let created = try revision.required("created")
        switch created.value {
        case .integer, .real: break
        default: throw created.mismatch("a number of seconds since 1970")
        }
        return try revision.required("revisionId").string(length: 1...1500)
    }
}
