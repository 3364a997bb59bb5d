import Engine
import Jansson
import Pipelines

/// EXE-4, SRC-1
@Sendable func startPipelineExecution(_ call: Call) async throws -> JSON {
    try call.takes("name", "variables", "clientRequestToken", "sourceRevisions")
    let name = try call.name("name")
    let token = try call.input.optional("clientRequestToken").map {
        try call.checked($0, NamePattern(marks: "-", length: 1...128))
    }
    let variables = try call.variables()
    let record = try await call.record(name)
    let start = Start(
        execution: call.api.newID(), pipelineVersion: record.version,
        trigger: .init(type: "StartPipelineExecution", detail: call.caller), variables: variables,
        sourceRevisions: try call.sourceRevisions(of: record.pipeline), clientRequestToken: token,
        sandbox: call.api.sandbox)
    guard let id = try await call.refusable(name, { try await call.registry.start(start, of: name) }) else {
        throw APIError.pipelineNotFound(name)
    }
    return ["pipelineExecutionId": .string(id.text)]
}

extension Call {
    fileprivate func variables() throws -> [String: String] {
        var variables: [String: String] = [:]
        guard let list = try input.optional("variables") else { return variables }
        for element in try list.limited(1...50) {
            let reader = try element.required("name")
            let name = try checked(reader, .variable)
            let value = try element.required("value").string(length: 1...1000)
            guard variables.updateValue(value, forKey: name) == nil else {
                throw APIError.validation("\(reader.path): the variable \(name) is given twice")
            }
        }
        return variables
    }

    fileprivate func sourceRevisions(of pipeline: Pipeline) throws -> [String: SourceRevision] {
        var revisions: [String: SourceRevision] = [:]
        guard let list = try input.optional("sourceRevisions") else { return revisions }
        let sources = pipeline.stages.first?.actions ?? []
        for element in try list.limited(0...50) {
            let reader = try element.required("actionName")
            let name = try checked(reader, .name)
            let type: RevisionType = try word(element.required("revisionType"))
            let value = try element.required("revisionValue").string(length: 1...1500)
            guard let action = sources.first(where: { $0.name == name }) else {
                let names = sources.map(\.name).joined(separator: ", ")
                throw APIError.validation("\(reader.path): there is no source action \(name), only \(names)")
            }
            try type.check(against: action, element.path)
            guard revisions.updateValue(SourceRevision(type: type.rawValue, value: value), forKey: name) == nil else {
                throw APIError.validation("\(reader.path): the revision of \(name) is given twice")
            }
        }
        return revisions
    }
}

private enum RevisionType: String, CaseIterable {
    case commitID = "COMMIT_ID"
    case imageDigest = "IMAGE_DIGEST"
    case objectVersion = "S3_OBJECT_VERSION_ID"
    case objectKey = "S3_OBJECT_KEY"

    /// SRC-1, SRC-2
    func check(against action: Action, _ path: String) throws {
        let provider = action.type.provider
        let fits =
            switch self {
            case .commitID: provider != "S3" && provider != "ECR"
            case .imageDigest: provider == "ECR"
            case .objectVersion, .objectKey: provider == "S3"
            }
        guard fits else {
            throw APIError.validation("\(path).revisionType: \(rawValue) is nothing that \(provider) takes (SRC-1)")
        }
        guard self == .objectKey, action.configuration["AllowOverrideForS3ObjectKey"]?.lowercased() != "true" else {
            return
        }
        throw APIError.validation(
            "\(path).revisionType: \(rawValue) needs AllowOverrideForS3ObjectKey=true in the configuration of"
                + " \(action.name) (SRC-2)")
    }
}

extension JSONReader {
    /// The elements of a list of so many.
    func limited(_ range: ClosedRange<Int>) throws -> [JSONReader] {
        let elements = try elements()
        guard range.contains(elements.count) else {
            throw APIError.validation(
                "\(path) must have \(range.lowerBound) to \(range.upperBound) elements, found \(elements.count)")
        }
        return elements
    }
}
