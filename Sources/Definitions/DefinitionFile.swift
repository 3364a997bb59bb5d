import Jansson
import Pipelines

/// A pipeline that was read from a file, and all that is wrong with it.
public struct DefinitionFile: Hashable, Sendable {
    /// What could be read; only fit to run when there are no findings.
    public let pipeline: Pipeline
    public let findings: [Finding]

    /// Reads and judges a definition: AWS's `{"pipeline": {…}}` or the bare object, in JSON or YAML.
    /// - Throws: `DocumentError` when there is no document to judge.
    public static func load(
        _ path: String, catalogue: ActionTypeCatalogue = .aws, limits: ValidationLimits = ValidationLimits()
    ) throws(DocumentError) -> DefinitionFile {
        DefinitionFile(judging: try readDocument(at: path), catalogue: catalogue, limits: limits)
    }

    /// As `load`, from bytes that are in memory; `file` is the name that messages use.
    public static func parse(
        _ bytes: [UInt8], file: String, format: DocumentFormat? = nil, catalogue: ActionTypeCatalogue = .aws,
        limits: ValidationLimits = ValidationLimits()
    ) throws(DocumentError) -> DefinitionFile {
        let document = try parseDocument(bytes, file: file, format: format)
        return DefinitionFile(judging: document, catalogue: catalogue, limits: limits)
    }

    private init(judging document: JSON, catalogue: ActionTypeCatalogue, limits: ValidationLimits) {
        (pipeline, findings) = Pipeline.judge(document, catalogue: catalogue, limits: limits)
    }
}
