import Engine
import Jansson
import Pipelines

@Sendable func listPipelineExecutions(_ call: Call) async throws -> JSON {
    try call.takes("pipelineName", "maxResults", "filter", "nextToken")
    let name = try call.name("pipelineName")
    let limit = try call.pageSize(atMost: 100)
    let filter = try call.input.optional("filter")?.object(of: "succeededInStage")
    let stage = try filter?.optional("succeededInStage")?.object(of: "stageName").optional("stageName").map {
        try call.checked($0, .name)
    }
    let page = PageToken("ListPipelineExecutions", call)
    let before = try page.place(call).flatMap(Int64.init)
    let newest = try await call.record(name)
    let found = try await call.history.executions(
        of: name, succeededIn: stage.map { ($0, newest.version) }, Page(before: before, limit: limit + 1))
    let records = Array(found.prefix(limit))
    let revisions = try await call.history.sourceRevisions(of: records.map(\.id))
    var modes = [newest.version: newest.pipeline.executionMode]
    for version in Set(records.map(\.start.pipelineVersion)) where modes[version] == nil {
        modes[version] = try await call.history.pipeline(name, version: version)?.pipeline.executionMode
    }
    let summaries = records.map { record in
        record.json(mode: modes[record.start.pipelineVersion]?.rawValue, revisions[record.id] ?? [])
    }
    return .object(present: [
        "pipelineExecutionSummaries": .array(summaries),
        "nextToken": found.count > limit ? page.token(String(records[limit - 1].ordinal)) : nil,
    ])
}

extension ExecutionRecord {
    fileprivate func json(mode: String?, _ revisions: [(action: String, Revision)]) -> JSON {
        .object(present: [
            "pipelineExecutionId": .string(id.text), "status": .string(status.name),
            "statusSummary": status.summary.map(JSON.string), "startTime": startedAt.timestamp,
            "lastUpdateTime": updatedAt.timestamp,
            "sourceRevisions": .array(
                revisions.map { action, revision in
                    .object(present: [
                        "actionName": .string(action), "revisionId": .string(revision.id),
                        "revisionSummary": revision.summary.map(JSON.string),
                    ])
                }), "trigger": start.trigger.json, "stopTrigger": status.stopReason.map { ["reason": .string($0)] },
            "executionMode": mode.map(JSON.string), "executionType": .string(start.executionType),
            "rollbackMetadata": start.rollbackMetadata,
        ])
    }
}
