import Jansson
import Pipelines

/// A pipeline that was read from a file, and all that is wrong with it.
public struct DefinitionFile: Hashable, Sendable {
    /// What could be read; only fit to run when there are no findings.
    public let pipeline: Pipeline
    /// Their paths are places in the pipeline object, or in the template that it comes from.
    public let findings: [Finding]
    /// The pipeline object as the file has it, or as the template's resource says it.
    public let document: JSON
    /// Nil for a definition that is no template.
    public let origin: TemplateOrigin?

    /// Where a reader finds a place of the pipeline object: in the template, if it comes from one.
    public func place(of path: String) -> String { origin?.places[path] ?? path }

    /// Reads and judges a definition: AWS's `{"pipeline": {…}}` or the bare object, or the pipeline of a CloudFormation
    /// template, in JSON or YAML.
    /// - Parameters:
    ///   - logicalID: which pipeline of a template; without it the only one that CloudFormation would make.
    ///   - parameters: values for a template's parameters, and for pseudo parameters such as `AWS::Region`.
    /// - Throws: `DocumentError` when there is no document to judge, or no pipeline, or several.
    public static func load(
        _ path: String, logicalID: String? = nil, parameters: [String: String] = [:],
        catalogue: ActionTypeCatalogue = .aws, limits: ValidationLimits = ValidationLimits()
    ) throws(DocumentError) -> DefinitionFile {
        let all = try loadAll(path, parameters: parameters, catalogue: catalogue, limits: limits)
        return try all.one(logicalID, file: path)
    }

    /// Every pipeline of the file: one of a definition, any number but none of a template, by their logical ids.
    /// - Throws: as `load`.
    public static func loadAll(
        _ path: String, parameters: [String: String] = [:], catalogue: ActionTypeCatalogue = .aws,
        limits: ValidationLimits = ValidationLimits()
    ) throws(DocumentError) -> [DefinitionFile] {
        try all(in: try readDocument(at: path), file: path, parameters, catalogue, limits)
    }

    /// As `load`, from bytes that are in memory; `file` is the name that messages use.
    public static func parse(
        _ bytes: [UInt8], file: String, format: DocumentFormat? = nil, logicalID: String? = nil,
        parameters: [String: String] = [:], catalogue: ActionTypeCatalogue = .aws,
        limits: ValidationLimits = ValidationLimits()
    ) throws(DocumentError) -> DefinitionFile {
        let document = try parseDocument(bytes, file: file, format: format)
        return try all(in: document, file: file, parameters, catalogue, limits).one(logicalID, file: file)
    }

    private static func all(
        in document: JSON, file: String, _ parameters: [String: String], _ catalogue: ActionTypeCatalogue,
        _ limits: ValidationLimits
    ) throws(DocumentError) -> [DefinitionFile] {
        if Template.isTemplate(document) {
            let template = try Template(document, file: file, given: parameters)
            return try template.definitions(catalogue: catalogue, limits: limits)
        }
        guard parameters.isEmpty else {
            throw DocumentError(file: file, problem: "is no CloudFormation template, so it takes no --parameter")
        }
        let (pipeline, faults) = Pipeline.judge(document, catalogue: catalogue, limits: limits)
        let findings = faults + (catalogue.isStrict ? Pipeline.looseScalars(in: document) : [])
        let bare = document["pipeline"] ?? document
        return [DefinitionFile(pipeline: pipeline, findings: findings, document: bare, origin: nil)]
    }
}

extension Template {
    fileprivate func definitions(
        catalogue: ActionTypeCatalogue, limits: ValidationLimits
    ) throws(DocumentError) -> [DefinitionFile] {
        let ids = resources(of: "AWS::CodePipeline::Pipeline")
        if ids.isEmpty {
            let macros = resources.keys.sorted().filter { $0.hasPrefix("Fn::") }
            let unseen = macros.isEmpty ? "" : " that can be seen: \(macros.joined(separator: ", ")) runs in AWS only"
            let noun = resources.count == 1 ? "resource" : "resources"
            throw DocumentError(
                file: file,
                problem: "has no AWS::CodePipeline::Pipeline among its \(resources.count) \(noun)\(unseen)")
        }
        let neighbourhood = Neighbourhood(of: self, catalogue: catalogue)
        return ids.map { definition($0, neighbourhood, limits: limits) }
    }
}

extension [DefinitionFile] {
    /// The one that is meant.
    fileprivate func one(_ logicalID: String?, file: String) throws(DocumentError) -> DefinitionFile {
        let ids = compactMap(\.origin?.logicalID)
        if let logicalID {
            if let named = first(where: { $0.origin?.logicalID == logicalID }) { return named }
            let there = ids.isEmpty ? "is no CloudFormation template" : "has \(ids.joined(separator: ", "))"
            throw DocumentError(file: file, problem: "has no pipeline of the logical id \(logicalID); it \(there)")
        }
        let made = filter { $0.origin?.unmetCondition == nil }
        if made.count == 1 { return made[0] }
        let list = map { file in
            let condition = file.origin?.unmetCondition.map { ", not made because its condition \($0) does not hold" }
            return "\n  \(file.origin?.logicalID ?? "") (\(file.pipeline.name)\(condition ?? ""))"
        }
        let problem = made.isEmpty ? "makes no pipeline with these parameters" : "has \(made.count) pipelines"
        throw DocumentError(file: file, problem: "\(problem); name one by --logical-id:\(list.joined())")
    }
}
