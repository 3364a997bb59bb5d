import Engine
import Jansson
import Pipelines

/// EXE-2: a new pipeline is started at once.
@Sendable func createPipeline(_ call: Call) async throws -> JSON {
    try call.takes("pipeline", "tags")
    if let tags = try call.input.optional("tags"), try !tags.elements().isEmpty {
        throw APIError.validation("tags: pipelines have no tags here; leave them out")
    }
    let pipeline = try call.declaredPipeline()
    guard let record = try await call.registry.create(pipeline) else {
        throw APIError("PipelineNameInUseException", "there is a pipeline \(pipeline.name) already")
    }
    let start = Start(
        execution: call.api.newID(), pipelineVersion: record.version,
        trigger: .init(type: "CreatePipeline", detail: call.caller), sandbox: call.api.sandbox)
    do {
        guard try await call.registry.start(start, of: pipeline.name) != nil else {
            throw Rejection.pipelineDeleted(pipeline.name)
        }
    } catch let rejection as Rejection {
        // Somebody else was there between its making and its first start.
        throw APIError("ConcurrentModificationException", "\(pipeline.name): \(rejection)")
    }
    return ["pipeline": record.json]
}

/// EXE-13, STR-6
@Sendable func updatePipeline(_ call: Call) async throws -> JSON {
    try call.takes("pipeline")
    let pipeline = try call.declaredPipeline()
    guard let record = try await call.registry.update(pipeline) else {
        // AWS declares no exception of its own for this.
        throw APIError("InvalidStructureException", "there is no pipeline \(pipeline.name) to update; create it first")
    }
    return ["pipeline": record.json]
}

/// EXE-15; no error when there is none.
@Sendable func deletePipeline(_ call: Call) async throws -> JSON {
    try call.takes("name")
    let name = try call.name("name")
    try await call.registry.delete(name, by: call.caller)
    return [:]
}

@Sendable func getPipeline(_ call: Call) async throws -> JSON {
    try call.takes("name", "version")
    let name = try call.name("name")
    let version = try call.input.optional("version")?.integer(in: 1...Int(Int32.max))
    let newest = try await call.record(name)
    guard let record = version == nil ? newest : try await call.history.pipeline(name, version: version) else {
        throw APIError(
            "PipelineVersionNotFoundException",
            "the pipeline \(name) has no version \(version ?? 0); the newest is \(newest.version)")
    }
    return [
        "pipeline": record.json,
        "metadata": [
            "pipelineArn": .string("arn:aws:codepipeline:local:000000000000:\(name)"),
            "created": record.created.timestamp, "updated": record.updated.timestamp,
        ],
    ]
}

@Sendable func listPipelines(_ call: Call) async throws -> JSON {
    try call.takes("nextToken", "maxResults")
    let limit = try call.pageSize(atMost: 1000)
    let page = PageToken("ListPipelines", call)
    let records = try await call.history.pipelines(after: try page.place(call), limit: limit + 1)
    let summaries = records.prefix(limit).map { record in
        JSON.object([
            "name": .string(record.pipeline.name), "version": .integer(Int64(record.version)),
            "pipelineType": .string(record.pipeline.effectiveType.rawValue),
            "executionMode": .string(record.pipeline.executionMode.rawValue),
            "created": record.created.timestamp, "updated": record.updated.timestamp,
        ])
    }
    return .object(present: [
        "pipelines": .array(Array(summaries)),
        "nextToken": records.count > limit ? page.token(records[limit - 1].pipeline.name) : nil,
    ])
}

extension Call {
    /// - Throws: all findings at once.
    fileprivate func declaredPipeline() throws -> Pipeline {
        let reader = try input.required("pipeline")
        let (pipeline, findings) = Pipeline.judge(reader.value, catalogue: api.catalogue)
        guard findings.isEmpty else { throw APIError(findings) }
        return pipeline
    }
}

extension PipelineRecord {
    var json: JSON {
        guard case .object(var members) = pipeline.json else { return pipeline.json }
        members["version"] = .integer(Int64(version))
        members["pipelineType"] = .string(pipeline.effectiveType.rawValue)
        return .object(members)
    }
}
