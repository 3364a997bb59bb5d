import Jansson
import Pipelines

/// Something that a template refers to and that has no value outside of AWS.
public enum TemplateReference: Hashable, Sendable, CustomStringConvertible {
    case resource(String, type: String)
    case attribute(String, of: String)
    case export(String)
    /// A parameter without a default, for which no value was given.
    case parameter(String, isSecret: Bool)
    /// A parameter whose value stands in the Systems Manager under `key`.
    case stored(String, key: String)
    case availabilityZones(String)
    case addresses(String)
    /// `{{resolve:SERVICE:KEY}}`, which CloudFormation replaces when it makes the pipeline.
    case dynamic(String)
    /// A name that the template itself does not declare: a macro makes it.
    case unseen(String)

    /// Whether it is a secret, which an action may refer to here as well.
    var isSecret: Bool {
        guard case .dynamic(let key) = self else { return false }
        return key.hasPrefix("secretsmanager:") || key.hasPrefix("ssm-secure:")
    }

    public var description: String {
        switch self {
        case .resource(let id, let type): "the resource \(id) (\(type))"
        case .attribute(let name, let id): "the attribute \(name) of the resource \(id)"
        case .export(let name): "the export \(name) of another stack"
        case .parameter(let name, _): "the parameter \(name), which has no value"
        case .stored(let name, let key):
            "the parameter \(name), whose value is in the Systems Manager under \(key)"
        case .availabilityZones(let region): "the availability zones of \(region)"
        case .addresses(let block): "a part of the addresses \(block)"
        case .dynamic(let key): "what AWS keeps under \(key)"
        case .unseen(let name): "\(name), which a macro of the template makes"
        }
    }
}

/// A value of a template after its functions have been worked out.
struct Evaluated: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case scalar(JSON)
        case list([Evaluated])
        case object([String: Evaluated])
        /// `AWS::NoValue`: the member or element is not there.
        case nothing
        /// What is wrong has been reported.
        case fault
    }

    var content: Content
    /// Where it stands in the template: `Resources.Pipeline.Properties.Name`.
    var path: String
    /// What a text stands for, when that is not known: the text is then a placeholder, or has one in it.
    var references: [TemplateReference] = []

    static func fault(at path: String) -> Evaluated { Evaluated(content: .fault, path: path) }

    static func text(_ text: String, at path: String, _ references: [TemplateReference] = []) -> Evaluated {
        Evaluated(
            content: .scalar(.string(text)), path: path, references: merged(references, dynamicReferences(in: text)))
    }

    var text: String? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalarText(scalar)
    }

    var isFault: Bool { content == .fault }

    /// The references of this value and of all in it, each once, in the order of the text.
    var allReferences: [TemplateReference] {
        switch content {
        case .scalar, .nothing, .fault: references
        case .list(let elements): elements.reduce(references) { merged($0, $1.allReferences) }
        case .object(let members):
            members.sorted { $0.key < $1.key }.reduce(references) { merged($0, $1.value.allReferences) }
        }
    }

    /// The value alone.
    var json: JSON {
        switch content {
        case .scalar(let scalar): scalar
        case .list(let elements): .array(elements.map(\.json))
        case .object(let members): .object(members.mapValues(\.json))
        case .nothing, .fault: .null
        }
    }
}

/// The references of both, each once; more than these say nothing to a reader.
func merged(_ first: [TemplateReference], _ second: [TemplateReference]) -> [TemplateReference] {
    first.count >= 50 ? first : first + second.prefix(50).filter { !first.contains($0) }
}

private func dynamicReferences(in text: String) -> [TemplateReference] {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return [] }
    return text.matches(of: /\{\{resolve:([^{}]*)\}\}/).map { .dynamic(String($0.1)) }
}
