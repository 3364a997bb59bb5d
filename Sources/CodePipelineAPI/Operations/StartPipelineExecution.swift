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
    let asked = try call.sourceRevisions()
    let record = try await call.record(name)
    let start = Start(
        execution: call.api.newID(), pipelineVersion: record.version,
        trigger: .init(type: "StartPipelineExecution", detail: call.caller), variables: variables,
        sourceRevisions: try combined(asked, for: record.pipeline), clientRequestToken: token,
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
            try element.has(only: ["name", "value"])
            let reader = try element.required("name")
            let name = try checked(reader, .variable)
            let value = try element.required("value").string(length: 1...1000)
            guard variables.updateValue(value, forKey: name) == nil else {
                throw APIError.validation("\(reader.path): the variable \(name) is given twice")
            }
        }
        return variables
    }

    fileprivate func sourceRevisions() throws -> [AskedRevision] {
        guard let list = try input.optional("sourceRevisions") else { return [] }
        return try list.limited(0...50).map { element in
            try element.has(only: ["actionName", "revisionType", "revisionValue"])
            return AskedRevision(
                path: element.path, action: try checked(element.required("actionName"), .name),
                type: try word(element.required("revisionType")),
                value: try element.required("revisionValue").string(length: 1...1500))
        }
    }
}

/// One element of `sourceRevisions`, not yet held against a pipeline.
private struct AskedRevision {
    let path: String
    let action: String
    let type: RevisionType
    let value: String
}

private func combined(_ asked: [AskedRevision], for pipeline: Pipeline) throws -> [String: SourceRevision] {
    var revisions: [String: SourceRevision] = [:]
    let sources = pipeline.stages.first?.actions ?? []
    for one in asked {
        guard let action = sources.first(where: { $0.name == one.action }) else {
            let names = sources.map(\.name).joined(separator: ", ")
            throw APIError.validation("\(one.path).actionName: there is no source action \(one.action), only \(names)")
        }
        try one.type.check(against: action, one.path)
        let revision = SourceRevision(type: one.type.rawValue, value: one.value)
        guard let earlier = revisions[one.action] else {
            revisions[one.action] = revision
            continue
        }
        guard let both = earlier.combined(with: revision) else {
            throw APIError.validation("\(one.path).actionName: the revision of \(one.action) is given twice")
        }
        revisions[one.action] = both
    }
    return revisions
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

extension SourceRevision {
    /// Only the key and the version of an object go together (SRC-1).
    fileprivate func combined(with other: SourceRevision) -> SourceRevision? {
        switch (type, objectKey, other.type) {
        case (RevisionType.objectKey.rawValue, _, RevisionType.objectVersion.rawValue):
            SourceRevision(type: other.type, value: other.value, objectKey: value)
        case (RevisionType.objectVersion.rawValue, nil, RevisionType.objectKey.rawValue):
            SourceRevision(type: type, value: value, objectKey: other.value)
        default: nil
        }
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
