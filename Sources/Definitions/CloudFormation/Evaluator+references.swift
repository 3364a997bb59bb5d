import Jansson
import Pipelines

extension Evaluator {
    mutating func ref(_ name: String, at path: String) -> Evaluated {
        if let pseudo = PseudoParameter(rawValue: name) { return value(of: pseudo, at: path) }
        if let declaration = template.parameters[name] { return value(ofParameter: name, declaration, at: path) }
        if template.resources[name] != nil { return resource(name, at: path) }
        if template.hasUnseenResources { return made(name, at: path, [.unseen(name)]) }
        let all = Array(template.parameters.keys) + Array(template.resources.keys)
        return fault(
            path,
            "\"\(excerpt(name))\" is neither a parameter nor a resource of the template\(advice(about: name, among: all))"
        )
    }

    private mutating func value(of pseudo: PseudoParameter, at path: String) -> Evaluated {
        switch pseudo {
        case .noValue: return Evaluated(content: .nothing, path: path)
        case .notificationARNs:
            let given = template.given[pseudo.rawValue] ?? ""
            return list(of: given.split(separator: ","), at: path)
        default: break
        }
        let text = template.text(of: pseudo) ?? ""
        if template.given[pseudo.rawValue] == nil { assumed[pseudo.rawValue] = text }
        return made(text, at: path)
    }

    private mutating func value(ofParameter name: String, _ declaration: JSON, at path: String) -> Evaluated {
        let type = declaration["Type"]?.stringValue ?? "String"
        let text: String
        if let given = template.given[name] {
            text = given
        } else if type.hasPrefix("AWS::SSM::Parameter::Value"), let key = declaration["Default"]?.stringValue {
            return made(name, at: path, [.stored(name, key: key)])
        } else if let standard = declaration["Default"].flatMap(scalarText) {
            text = standard
        } else {
            return made(name, at: path, [.parameter(name, isSecret: declaration.isSecret)])
        }
        guard type == "CommaDelimitedList" || type.contains("List<") else { return made(text, at: path) }
        return list(of: text.split(separator: ",").map { $0.trimmed }, at: path)
    }

    mutating func getAtt(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::GetAtt"
        if case .string(let text) = argument { return attribute(text, at: path) }
        guard let parts = arguments(argument, name, 2...2, at: path) else { return .fault(at: path) }
        var words: [String] = []
        for (index, part) in parts.enumerated() {
            let word = evaluate(part, at: "\(path).\(name)[\(index)]")
            guard let text = word.text else { return wrong(word, "\(path).\(name)[\(index)]", name, "a text") }
            words.append(text)
        }
        return attribute(words.joined(separator: "."), at: path)
    }

    /// `Resource.Attribute`, where the attribute may have periods too.
    private mutating func attribute(_ text: String, at path: String) -> Evaluated {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return fault(path, "\"\(text)\" is no attribute; write RESOURCE.ATTRIBUTE.") }
        let (id, attribute) = (String(parts[0]), String(parts[1]))
        guard let declaration = template.resources[id] else {
            let resource = ref(id, at: path)
            // A parameter has no attributes, whatever its value is.
            if resource.references == [.unseen(id)] { return made(text, at: path, [.attribute(attribute, of: id)]) }
            return resource.isFault ? resource : fault(path, "\(id) is no resource, so it has no \(attribute).")
        }
        let type = declaration["Type"]?.stringValue ?? ""
        let naming = physicalNames[type]
        if let naming, attribute == naming.property || attribute == "Name", let name = physicalName(id, at: path) {
            return made(name.text ?? id, at: path, name.references)
        }
        let reference = TemplateReference.attribute(attribute, of: id)
        guard type == "AWS::IAM::Role", attribute == "Arn" else { return made(text, at: path, [reference]) }
        let name = physicalName(id, at: path)?.text ?? id
        return made(template.roleARN(name), at: path, [reference])
    }

    /// The name that the template gives a resource, or else its logical id, which is what people know it by.
    private mutating func resource(_ id: String, at path: String) -> Evaluated {
        let type = template.resources[id]?["Type"]?.stringValue ?? "no type"
        let reference = TemplateReference.resource(id, type: type)
        guard let name = physicalName(id, at: path) else { return made(id, at: path, [reference]) }
        if name.isFault { return name }
        let isKnown = physicalNames[type]?.isRef ?? false
        return made(name.text ?? id, at: path, isKnown ? name.references : merged([reference], name.references))
    }

    /// The explicit name of a resource; nil when it has none, or none is known for its type.
    mutating func physicalName(_ id: String, at path: String) -> Evaluated? {
        let declaration = template.resources[id]
        guard let naming = physicalNames[declaration?["Type"]?.stringValue ?? ""],
            let property = declaration?["Properties"]?[naming.property]
        else { return nil }
        if let known = names[id] { return known.content == .nothing ? nil : known }
        let place = "Resources.\(id).Properties.\(naming.property)"
        let name = once("the name of \(id)", at: path) { $0.evaluate(property, at: place) }
        guard let name else { return .fault(at: path) }
        if name.text == nil, !name.isFault, name.content != .nothing {
            names[id] = fault(place, "Must be a text, found \(name.json.kind).")
        } else {
            names[id] = name
        }
        return names[id]!.content == .nothing ? nil : names[id]
    }

    // MARK: Sub

    mutating func sub(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::Sub"
        if case .string(let text) = argument { return substituted(text, [:], at: path) }
        guard let parts = arguments(argument, name, 2...2, at: path) else { return .fault(at: path) }
        guard case .string(let text) = parts[0] else { return wrong("\(path).\(name)[0]", name, "takes a text first") }
        guard case .object(let variables) = parts[1] else {
            return wrong("\(path).\(name)[1]", name, "takes an object of variables second")
        }
        var values: [String: Evaluated] = [:]
        for (key, value) in variables.sorted(by: { $0.key < $1.key }) {
            values[key] = evaluate(value, at: "\(path).\(name)[1].\(key)")
        }
        return substituted(text, values, at: path)
    }

    private mutating func substituted(_ text: String, _ variables: [String: Evaluated], at path: String) -> Evaluated {
        var result = ""
        var references: [TemplateReference] = []
        var isFaulty = false
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            result += rest[..<start.lowerBound]
            let name = String(rest[start.upperBound..<end])
            rest = rest[rest.index(after: end)...]
            if name.hasPrefix("!") {
                result += "${\(name.dropFirst())}"
                continue
            }
            let value = variables[name] ?? (name.contains(".") ? attribute(name, at: path) : ref(name, at: path))
            if let text = value.text {
                result += text
            } else if value.isFault {
                isFaulty = true
            } else {
                return fault(path, "\"\(name)\" is \(value.json.kind), which cannot stand in the text of Fn::Sub.")
            }
            references = merged(references, value.references)
        }
        return isFaulty ? .fault(at: path) : made(result + rest, at: path, references)
    }
}

extension JSON {
    /// Of the declaration of a parameter: `NoEcho`.
    var isSecret: Bool { self["NoEcho"].flatMap(scalarText) == "true" }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " }
        return start[..<(start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex)]
    }
}
