import Engine
import Jansson
import Pipelines

@Sendable func listActionExecutions(_ call: Call) async throws -> JSON {
    let (records, next) = try await call.actionRecords(.actions, "ListActionExecutions")
    var declarations = Declarations(call, try call.name("pipelineName"))
    var details: [JSON] = []
    for record in records {
        let pipeline = try await declarations[record.pipelineVersion]
        let stage = pipeline?.stages.first { $0.name == record.place.stage }
        let action = stage?.actions.first { $0.name == record.place.name }
        details.append(record.json(of: action))
    }
    return .object(present: ["actionExecutionDetails": .array(details), "nextToken": next])
}

/// CND-11
@Sendable func listRuleExecutions(_ call: Call) async throws -> JSON {
    let (records, next) = try await call.actionRecords(.rules, "ListRuleExecutions")
    var declarations = Declarations(call, try call.name("pipelineName"))
    var details: [JSON] = []
    for record in records {
        let pipeline = try await declarations[record.pipelineVersion]
        let stage = pipeline?.stages.first { $0.name == record.place.stage }
        let rules = record.place.condition.flatMap { stage?.condition($0)?.rules } ?? []
        details.append(record.json(of: rules.first { $0.name == record.place.name }))
    }
    return .object(present: ["ruleExecutionDetails": .array(details), "nextToken": next])
}

extension Call {
    /// One page of what the two operations list, and how it goes on.
    fileprivate func actionRecords(
        _ kind: ActionQuery.Kind, _ operation: String
    ) async throws -> ([ActionRecord], next: JSON?) {
        try takes("pipelineName", "filter", "maxResults", "nextToken")
        let name = try name("pipelineName")
        let limit = try pageSize(atMost: 100)
        var query = ActionQuery(pipeline: name, kind: kind)
        if let filter = try input.optional("filter") {
            let latest = try filter.optional("latestInPipelineExecution")
            let chosen = try filter.optional("pipelineExecutionId") ?? latest?.required("pipelineExecutionId")
            query.execution = try chosen.map { ExecutionID(try uuid($0)) }
            if let latest {
                let range: StartTimeRange = try word(latest.required("startTimeRange"))
                query.currentOnly = range == .latest
            }
        }
        let page = PageToken(operation, self)
        let before = try page.place(self).flatMap(Int64.init)
        let driver = try await driver(name)
        if let id = query.execution { _ = try await execution(id, of: name, driver) }
        let found = try await history.actions(query, Page(before: before, limit: limit + 1))
        let next = found.count > limit ? page.token(String(found[limit - 1].ordinal)) : nil
        return (Array(found.prefix(limit)), next)
    }
}

private enum StartTimeRange: String, CaseIterable {
    case latest = "Latest"
    case all = "All"
}

/// The versions of a pipeline, each looked up once.
private struct Declarations {
    private let call: Call
    private let name: String
    private var known: [Int: Pipeline] = [:]

    init(_ call: Call, _ name: String) { (self.call, self.name) = (call, name) }

    subscript(version: Int) -> Pipeline? {
        mutating get async throws {
            if let pipeline = known[version] { return pipeline }
            let pipeline = try await call.history.pipeline(name, version: version)?.pipeline
            known[version] = pipeline
            return pipeline
        }
    }
}

extension ActionRecord {
    fileprivate func json(of action: Action?) -> JSON {
        let input = action.map { action in
            JSON.object(present: [
                "actionTypeId": action.type.json, "configuration": .strings(action.configuration),
                "resolvedConfiguration": execution.resolvedConfiguration.map { .strings($0) },
                "roleArn": action.roleArn.map(JSON.string), "region": action.region.map(JSON.string),
                "inputArtifacts": names(action.inputArtifacts), "namespace": action.namespace.map(JSON.string),
            ])
        }
        var output = executionResult
        if case .succeeded(let result) = execution.state {
            output["outputArtifacts"] = names(result.artifacts.keys.sorted())
            output["outputVariables"] = .strings(result.outputVariables)
        }
        return details(
            ["actionExecutionId": .string(execution.id.text), "actionName": .string(place.name)], input, output)
    }

    fileprivate func json(of rule: Rule?) -> JSON {
        let input = rule.map { rule in
            JSON.object(present: [
                "ruleTypeId": rule.type.json, "configuration": .strings(rule.configuration),
                "resolvedConfiguration": execution.resolvedConfiguration.map { .strings($0) },
                "roleArn": rule.roleArn.map(JSON.string), "region": rule.region.map(JSON.string),
                "inputArtifacts": names(rule.inputArtifacts),
            ])
        }
        let own: [String: JSON] = [
            "ruleExecutionId": .string(execution.id.text), "ruleName": .string(place.name),
        ]
        return details(own, input, executionResult)
    }

    private func details(_ own: [String: JSON], _ input: JSON?, _ output: [String: JSON]) -> JSON {
        let common: [String: JSON?] = [
            "pipelineExecutionId": .string(pipelineExecution.text),
            "pipelineVersion": .integer(Int64(pipelineVersion)), "stageName": .string(place.stage),
            "startTime": execution.startedAt.timestamp, "lastUpdateTime": execution.updatedAt.timestamp,
            "updatedBy": execution.updatedBy.map(JSON.string), "status": .string(execution.state.name),
            "input": input, "output": .object(output),
        ]
        return .object(present: common.merging(own.mapValues { $0 }) { $1 })
    }

    private var executionResult: [String: JSON] {
        // APR-3: whoever answers an approval of mode PARALLEL finds the token here.
        var id = execution.external.id
        if case .awaitingApproval(let request) = execution.state { id = request.token }
        let result = JSON.object(present: [
            "externalExecutionId": id.map(JSON.string),
            "externalExecutionSummary": execution.external.summary.map(JSON.string),
            "errorDetails": execution.errorDetails,
        ])
        return ["executionResult": result]
    }
}

private func names(_ names: [String]) -> JSON { .array(names.map { ["name": .string($0)] }) }
