import Jansson

extension Evaluator {
    /// What runs in AWS only and changes the template itself.
    func isMacro(_ name: String) -> Bool { name == "Fn::Transform" || name.hasPrefix("Fn::ForEach") }

    mutating func call(_ name: String, _ argument: JSON, at path: String) -> Evaluated {
        let inside = "\(path).\(name)"
        switch name {
        case "Ref":
            guard case .string(let target) = argument else { return wrong(inside, name, "takes a name") }
            return ref(target, at: path)
        case "Fn::GetAtt": return getAtt(argument, at: path)
        case "Fn::Sub": return sub(argument, at: path)
        case "Fn::Join": return join(argument, at: path)
        case "Fn::Split": return split(argument, at: path)
        case "Fn::Select": return select(argument, at: path)
        case "Fn::If": return choose(argument, at: path)
        case "Fn::FindInMap": return findInMap(argument, at: path)
        case "Fn::ImportValue": return placeholder(argument, name, at: path) { .export($0) }
        case "Fn::GetAZs": return placeholder(argument, name, at: path) { .availabilityZones($0) }
        case "Fn::Cidr": return cidr(argument, at: path)
        case "Fn::Base64":
            let value = evaluate(argument, at: inside)
            return value.text.map { made(base64($0), at: path, value.references) }
                ?? wrong(value, inside, name, "a text")
        case "Fn::Length":
            let value = evaluate(argument, at: inside)
            guard case .list(let elements) = value.content else { return wrong(value, inside, name, "a list") }
            return Evaluated(
                content: .scalar(.integer(Int64(elements.count))), path: path, references: value.allReferences)
        case "Fn::ToJsonString":
            let value = evaluate(argument, at: inside)
            return value.isFault ? value : made(value.json.text, at: path, value.allReferences)
        case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
            return fault(inside, "\(name) works in the section Conditions only; name a condition in Fn::If.")
        case _ where isMacro(name): return fault(inside, macroAdvice(name, argument))
        default:
            let near = advice(about: name, among: knownFunctions)
            return fault(inside, "\(excerpt(name)) is not a function that is known here\(near)")
        }
    }

    private func macroAdvice(_ name: String, _ argument: JSON) -> String {
        let macro = argument["Name"]?.stringValue.map { " (\($0))" } ?? ""
        return """
            \(name)\(macro) runs in AWS only. Import what it makes: aws cloudformation get-template --template-stage \
            Processed --query TemplateBody --stack-name NAME.
            """
    }

    /// A fault of an argument that was not worked out yet.
    mutating func wrong(_ path: String, _ name: String, _ what: String) -> Evaluated {
        fault(path, "\(name) \(what).")
    }

    /// A fault of an argument that is not of its kind, unless that one is a fault already.
    mutating func wrong(_ value: Evaluated, _ path: String, _ name: String, _ kind: String) -> Evaluated {
        value.isFault ? value : fault(path, "\(name) takes \(kind) here, found \(value.json.kind).")
    }

    /// The arguments of a function that takes a list of some length; nil when it is reported that they are not.
    mutating func arguments(_ argument: JSON, _ name: String, _ count: ClosedRange<Int>, at path: String) -> [JSON]? {
        if case .array(let elements) = argument, count.contains(elements.count) { return elements }
        let number = count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
        _ = fault("\(path).\(name)", "\(name) takes a list of \(number) values.")
        return nil
    }

    private mutating func placeholder(
        _ argument: JSON, _ name: String, at path: String, _ reference: (String) -> TemplateReference
    ) -> Evaluated {
        let value = evaluate(argument, at: "\(path).\(name)")
        guard let text = value.text else { return wrong(value, "\(path).\(name)", name, "a text") }
        let region = template.text(of: .region) ?? ""
        let subject = text.isEmpty ? region : text
        return made(subject, at: path, merged([reference(subject)], value.references))
    }

    private mutating func cidr(_ argument: JSON, at path: String) -> Evaluated {
        guard let parts = arguments(argument, "Fn::Cidr", 2...3, at: path) else { return .fault(at: path) }
        let block = evaluate(parts[0], at: "\(path).Fn::Cidr[0]")
        guard let text = block.text else { return wrong(block, "\(path).Fn::Cidr[0]", "Fn::Cidr", "a text") }
        return made(text, at: path, merged([.addresses(text)], block.references))
    }

    private mutating func join(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::Join"
        guard let parts = arguments(argument, name, 2...2, at: path) else { return .fault(at: path) }
        guard case .string(let delimiter) = parts[0] else {
            return wrong("\(path).\(name)[0]", name, "takes a text first")
        }
        let list = evaluate(parts[1], at: "\(path).\(name)[1]")
        // The list itself may be something of another stack.
        if let text = list.text, !list.references.isEmpty { return made(text, at: path, list.references) }
        guard case .list(let elements) = list.content else { return wrong(list, "\(path).\(name)[1]", name, "a list") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else { return wrong(element, element.path, name, "texts") }
            texts.append(text)
        }
        return made(texts.joined(separator: delimiter), at: path, list.allReferences)
    }

    private mutating func split(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::Split"
        guard let parts = arguments(argument, name, 2...2, at: path) else { return .fault(at: path) }
        guard case .string(let delimiter) = parts[0], !delimiter.isEmpty else {
            return wrong("\(path).\(name)[0]", name, "takes a text first that is not empty")
        }
        let value = evaluate(parts[1], at: "\(path).\(name)[1]")
        guard let text = value.text else { return wrong(value, "\(path).\(name)[1]", name, "a text") }
        return list(of: text.split(separator: delimiter, omittingEmptySubsequences: false), at: path, value.references)
    }

    mutating func list(
        of texts: [some StringProtocol], at path: String, _ references: [TemplateReference] = []
    ) -> Evaluated {
        let elements = texts.map { made(String($0), at: path, references) }
        return Evaluated(content: .list(elements), path: path, references: references)
    }

    private mutating func select(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::Select"
        guard let parts = arguments(argument, name, 2...2, at: path) else { return .fault(at: path) }
        let position = evaluate(parts[0], at: "\(path).\(name)[0]")
        guard let index = position.text.flatMap({ Int($0) }), index >= 0 else {
            return wrong(position, "\(path).\(name)[0]", name, "a number from 0")
        }
        let list = evaluate(parts[1], at: "\(path).\(name)[1]")
        if case .list(let elements) = list.content {
            if elements.indices.contains(index) {
                var element = elements[index]
                if case .scalar = element.content { element.path = path }
                return element
            }
            guard !list.references.isEmpty else {
                return fault(
                    "\(path).\(name)",
                    "\(name) asks for the value \(index) of a list of \(elements.count), counted from 0.")
            }
        }
        // Nobody knows what is in a list that stands for something elsewhere.
        guard !list.references.isEmpty else { return wrong(list, "\(path).\(name)[1]", name, "a list") }
        let subject = list.text ?? list.firstText
        return made("\(subject)-\(index)", at: path, list.references)
    }

    private mutating func findInMap(_ argument: JSON, at path: String) -> Evaluated {
        let name = "Fn::FindInMap"
        guard let parts = arguments(argument, name, 3...4, at: path) else { return .fault(at: path) }
        var keys: [String] = []
        var references: [TemplateReference] = []
        for (index, part) in parts.prefix(3).enumerated() {
            let key = evaluate(part, at: "\(path).\(name)[\(index)]")
            guard let text = key.text else { return wrong(key, "\(path).\(name)[\(index)]", name, "a text") }
            keys.append(text)
            references = merged(references, key.references)
        }
        if let value = template.mappings[keys[0]]?[keys[1]]?[keys[2]] {
            return evaluate(value, at: "Mappings.\(keys.joined(separator: "."))")
        }
        if parts.count == 4, let value = parts[3]["DefaultValue"] {
            return evaluate(value, at: "\(path).\(name)[3].DefaultValue")
        }
        if !references.isEmpty { return made(keys.joined(separator: "-"), at: path, references) }
        return fault("\(path).\(name)", whatIsMissing(keys))
    }

    private func whatIsMissing(_ keys: [String]) -> String {
        guard let map = template.mappings[keys[0]] else { return "There is no mapping \(keys[0])." }
        let place = "The mapping \(keys[0])"
        guard map[keys[1]] != nil else {
            let isAssumed = keys[1] == assumed[PseudoParameter.region.rawValue]
            let advice = isAssumed ? "; choose another region by --parameter AWS::Region=NAME" : ""
            return "\(place) has no \(keys[1])\(advice)."
        }
        return "\(place) has no \(keys[2]) in \(keys[1])."
    }
}

extension Evaluated {
    fileprivate var firstText: String {
        guard case .list(let elements) = content else { return "" }
        return elements.first?.text ?? ""
    }
}

private let knownFunctions = [
    "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Split", "Fn::Select", "Fn::If", "Fn::FindInMap", "Fn::ImportValue",
    "Fn::GetAZs", "Fn::Cidr", "Fn::Base64", "Fn::Length", "Fn::ToJsonString", "Fn::Equals", "Fn::And", "Fn::Or",
    "Fn::Not",
]

private func base64(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
        for position in 0..<4 {
            result.append(position <= group.count ? digits[bits >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: result, as: UTF8.self)
}
