import Jansson
import Pipelines

/// Turns the properties of a pipeline resource into AWS's declaration: member names, scalars, placeholders that fit.
struct PipelineConversion {
    let template: Template
    /// From a place in the definition to the one in the template that it comes from.
    private(set) var origins: [String: String] = [:]
    private(set) var placeholders: [Placeholder] = []
    /// Places in the definition where there is nothing, because of something that has been reported.
    private(set) var faults: Set<String> = []
    /// Their paths are places in the template.
    private(set) var findings: [Finding] = []

    init(_ template: Template) { self.template = template }

    mutating func convert(_ value: Evaluated, _ shape: Shape, to path: String) -> JSON {
        origins[path] = value.path
        switch (shape, value.content) {
        case (_, .fault), (_, .nothing):
            faults.insert(path)
            return .null
        case (.list(let element), .list(let elements)):
            return .array(elements.enumerated().map { convert($1, element, to: "\(path)[\($0)]") })
        case (.object(let shapes), .object(let members)): return object(members, shapes, value, to: path)
        case (.configuration, .object(let members)): return configuration(members, to: path)
        case (.stores, .list(let elements)): return stores(elements, to: path)
        case (.integer, .scalar(let scalar)):
            note(value, as: value.text ?? "", at: path)
            // `RunOrder: "2"`, or a parameter, which is always a text.
            return scalarText(scalar).flatMap { Int64($0) }.map(JSON.integer) ?? scalar
        case (_, .scalar(let scalar)):
            guard let text = scalarText(scalar), shape.isText else { return scalar }
            let fitting = value.references.isEmpty ? text : fitted(text, shape)
            note(value, as: fitting, at: path)
            return .string(fitting)
        default:
            note(value, as: value.json.text, at: path)
            return value.json
        }
    }

    private mutating func object(
        _ members: [String: Evaluated], _ shapes: [String: Shape], _ whole: Evaluated, to path: String
    ) -> JSON {
        var result: [String: JSON] = [:]
        let prefix = path.isEmpty ? "" : "\(path)."
        let byTemplateName = Dictionary(uniqueKeysWithValues: shapes.keys.map { ($0.capitalised, $0) })
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if let key = byTemplateName[name], let shape = shapes[key] {
                result[key] = convert(member, shape, to: prefix + key)
            } else if !(path.isEmpty && Shape.templateOnly.contains(name)) {
                let near = nearest(to: excerpt(name), in: byTemplateName.keys).map { "; did you mean \"\($0)\"?" }
                report(
                    "\(whole.path).\(excerpt(name))",
                    "\"\(excerpt(name))\" is not a known member here\(near ?? "; remove it.")")
            }
        }
        return .object(result)
    }

    private mutating func configuration(_ members: [String: Evaluated], to path: String) -> JSON {
        var result: [String: JSON] = [:]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            result[name] = convert(member, .text, to: "\(path).\(excerpt(name))")
        }
        return .object(result)
    }

    private mutating func stores(_ elements: [Evaluated], to path: String) -> JSON {
        var stores: [String: JSON] = [:]
        for element in elements {
            guard case .object(let members) = element.content, let region = members["Region"]?.text,
                let store = members["ArtifactStore"]
            else {
                if !element.isFault { report(element.path, "Must have a Region and an ArtifactStore.") }
                continue
            }
            stores[region] = convert(store, .store, to: "\(path).\(region)")
        }
        return .object(stores)
    }

    /// The findings about the definition, with their places in the template; without those that follow from `faults`.
    func placed(_ found: [Finding]) -> [Finding] {
        found.compactMap { finding in
            let cuts = finding.path.indices.filter { finding.path[$0] == "." || finding.path[$0] == "[" }
            let places = [finding.path[...]] + cuts.reversed().map { finding.path[..<$0] } + [""]
            if places.contains(where: { faults.contains(String($0)) }) { return nil }
            guard let known = places.first(where: { origins[String($0)] != nil }) else { return finding }
            let rest = finding.path.dropFirst(known.count).split(separator: ".", omittingEmptySubsequences: false)
            let unknown = rest.map { String($0).capitalised }.joined(separator: ".")
            let separator = known.isEmpty && !unknown.isEmpty ? "." : ""
            return Finding(
                path: origins[String(known)]! + separator + unknown, rule: finding.rule,
                message: inTemplateNames(finding.message) + explanation(of: finding.path))
        }
    }

    /// `Is missing; add "stages".` has another name here.
    private func inTemplateNames(_ message: String) -> String {
        let start = "Is missing; add \""
        guard message.hasPrefix(start) else { return message }
        return start + String(message.dropFirst(start.count)).capitalised
    }

    /// What is not known of the place of a finding, which may be all that is wrong with it.
    private func explanation(of path: String) -> String {
        guard !path.isEmpty else { return "" }
        let unknown = placeholders.filter { $0.path == path || $0.path.hasPrefix("\(path).") }.flatMap(\.references)
        if unknown.isEmpty { return "" }
        return " This stands for \(unknown.prefix(5).map(\.description).joined(separator: ", and "))."
    }

    private mutating func report(_ path: String, _ message: String) {
        if findings.count < 1_000 { findings.append(Finding(path: path, rule: "STR-14", message: message)) }
    }

    private mutating func note(_ value: Evaluated, as text: String, at path: String) {
        let references = value.allReferences.filter { !($0.isSecret && canBeSecret(path)) }
        if !references.isEmpty { placeholders.append(Placeholder(path: path, value: text, references: references)) }
    }

    /// Whether a reference to a secret is replaced there when the action starts (VAR-9).
    private func canBeSecret(_ path: String) -> Bool {
        path.contains("].configuration.") || path.contains("].environmentVariables[")
    }

    /// A text with something unknown in it, changed as little as lets it stand there.
    private func fitted(_ text: String, _ shape: Shape) -> String {
        switch shape {
        case .name(let pattern): pattern.fitted(text)
        case .version: "1"
        case .role: role(text)
        default: text
        }
    }

    /// The ARN of a role, with the account of the template where that is not known, or all of it.
    private func role(_ text: String) -> String {
        guard text.hasPrefix("arn:"), let name = text.firstRange(of: ":role/") else {
            return template.roleARN(NamePattern.name.fitted(text))
        }
        let account = text[..<name.lowerBound].split(separator: ":").last ?? ""
        let isKnown = account.utf8.count == 12 && account.allSatisfy(\.isNumber)
        return isKnown ? text : template.roleARN(String(text[name.upperBound...]))
    }
}

extension Shape {
    fileprivate var isText: Bool {
        switch self {
        case .text, .name, .role, .version: true
        case .integer, .configuration, .list, .object, .stores: false
        }
    }
}

extension String {
    /// `runOrder` is `RunOrder` in a template.
    var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
