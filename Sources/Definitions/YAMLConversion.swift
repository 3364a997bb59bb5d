import Jansson
import Yams

/// More values than any definition has, and few enough to hold: what aliases may unfold to.
let yamlLimitValues = 250_000

/// Turns Yams's nodes into JSON, with aliases put in and counted.
struct YAMLConversion {
    /// A value with its size, so that an alias costs no walk.
    struct Expanded {
        var json: JSON
        var values = 1
        var textBytes = 0
        /// How many collections deep: 0 for a scalar.
        var height = 0
    }

    let file: String
    let standIn: Unicode.Scalar
    /// Whether this is a CloudFormation template, which may have functions as tags: `!Ref Name`.
    private let isTemplate: Bool
    private var anchors: [String: Expanded] = [:]

    init(file: String, standIn: Unicode.Scalar, root: Node) {
        self.file = file
        self.standIn = standIn
        isTemplate =
            root.mapping?.contains { key, value in key.scalar?.string == "Resources" && value.mapping != nil } ?? false
    }

    /// - Parameter level: how many collections are around the node.
    mutating func expanded(_ node: Node, level: Int) throws(DocumentError) -> Expanded {
        if level > JSON.defaultMaximumDepth { throw tooDeep(file: file, line: node.mark?.line) }
        var result: Expanded
        switch node {
        case .scalar(let scalar): result = try expanded(scalar)
        case .sequence(let sequence): result = try expanded(sequence, level: level)
        case .mapping(let mapping): result = try expanded(mapping, level: level)
        case .alias: preconditionFailure("the parser sees no alias")
        }
        if let function = function(node.tag) { result = result.argument(of: function) }
        if level + result.height > JSON.defaultMaximumDepth { throw tooDeep(file: file, line: node.mark?.line) }
        // An alias means the latest anchor of its name before it.
        if let anchor = node.anchor?.rawValue { anchors[anchor] = result }
        return result
    }

    private func expanded(_ scalar: Node.Scalar) throws(DocumentError) -> Expanded {
        let text = scalar.string
        if scalar.style == .plain, text.unicodeScalars.first == standIn {
            try refuseTag(scalar.tag, but: [.implicit], line: scalar.mark?.line)
            return try alias(text, line: scalar.mark?.line)
        }
        let string = restored(text)
        if function(scalar.tag) == nil { try refuseTag(scalar.tag, but: [.implicit, .str], line: scalar.mark?.line) }
        let isPlain = scalar.style == .plain && scalar.tag.rawValue == Tag.Name.implicit.rawValue
        let value = isPlain ? plainValue(string) : .string(string)
        return Expanded(json: value, textBytes: string.utf8.count)
    }

    private func alias(_ text: String, line: Int?) throws(DocumentError) -> Expanded {
        let name = String(text.unicodeScalars.dropFirst())
        guard name.utf8.allSatisfy(isAnchorCharacter) else {
            throw fault(
                line, "has the value \(restored(text)), which starts with \"*\" as an alias does; put it in quotes")
        }
        guard let value = anchors[name] else {
            throw fault(line, "has the alias *\(name), but no anchor &\(name) before it")
        }
        return value
    }

    private mutating func expanded(_ sequence: Node.Sequence, level: Int) throws(DocumentError) -> Expanded {
        if function(sequence.tag) == nil {
            try refuseTag(sequence.tag, but: [.implicit, .seq], line: sequence.mark?.line)
        }
        var whole = Expanded(json: .null, height: 1)
        var elements: [JSON] = []
        elements.reserveCapacity(sequence.count)
        for node in sequence {
            let element = try expanded(node, level: level + 1)
            elements.append(element.json)
            try whole.add(element, conversion: self, line: node.mark?.line)
        }
        whole.json = .array(elements)
        return whole
    }

    private mutating func expanded(_ mapping: Node.Mapping, level: Int) throws(DocumentError) -> Expanded {
        if function(mapping.tag) == nil {
            try refuseTag(mapping.tag, but: [.implicit, .map], line: mapping.mark?.line)
        }
        var whole = Expanded(json: .null, height: 1)
        var members: [String: JSON] = [:]
        for (keyNode, node) in mapping {
            let key = try key(keyNode)
            let member = try expanded(node, level: level + 1)
            guard members.updateValue(member.json, forKey: key) == nil else {
                throw fault(keyNode.mark?.line, "has the key \"\(key)\" more than once in one object; remove one")
            }
            whole.textBytes += key.utf8.count
            try whole.add(member, conversion: self, line: node.mark?.line)
        }
        whole.json = .object(members)
        return whole
    }

    private func key(_ node: Node) throws(DocumentError) -> String {
        let line = node.mark?.line
        guard case .scalar(let scalar) = node else { throw fault(line, "has a key that is no string") }
        try refuseTag(scalar.tag, but: [.implicit, .str], line: line)
        let marks = scalar.string.unicodeScalars.prefix { $0 == repeatedKeyMark }.count
        if isTemplate, marks > 0 {
            let name = restored(String(scalar.string.unicodeScalars.dropFirst(marks)))
            return name + String(repeating: repeatedKeySuffix, count: marks)
        }
        let key = restored(scalar.string)
        guard scalar.style == .plain else { return key }
        if scalar.string.unicodeScalars.first == standIn {
            throw fault(line, "has the alias \(key) as a key; write the key itself")
        }
        if case .string = coreSchemaValue(key) { return key }
        throw fault(line, "has the key \(key.isEmpty ? "null" : key), which is no string; put it in quotes")
    }

    private func restored(_ text: String) -> String { withStars(text, for: standIn) }

    /// CloudFormation reads YAML 1.1, where these are booleans too.
    private func plainValue(_ text: String) -> JSON {
        guard isTemplate else { return coreSchemaValue(text) }
        switch text {
        case "yes", "Yes", "YES", "on", "On", "ON": return true
        case "no", "No", "NO", "off", "Off", "OFF": return false
        default: return coreSchemaValue(text)
        }
    }

    /// The long form of a function that a template has as a tag: `!Sub` is `Fn::Sub`.
    private func function(_ tag: Tag) -> String? {
        guard isTemplate, tag.rawValue.hasPrefix("!"), tag.rawValue.utf8.count > 1 else { return nil }
        let name = tag.rawValue.dropFirst()
        return name == "Ref" || name == "Condition" ? String(name) : "Fn::\(name)"
    }

    private func refuseTag(_ tag: Tag, but known: [Tag.Name], line: Int?) throws(DocumentError) {
        if known.contains(where: { $0.rawValue == tag.rawValue }) { return }
        throw fault(line, "has the tag \(tag.rawValue); tags are not understood here, write the value without it")
    }

    fileprivate func fault(_ line: Int?, _ problem: String) -> DocumentError {
        DocumentError(file: file, line: line, problem: problem)
    }
}

extension YAMLConversion.Expanded {
    fileprivate func argument(of function: String) -> Self {
        Self(
            json: .object([function: json]), values: values + 1, textBytes: textBytes + function.utf8.count,
            height: height + 1)
    }

    fileprivate mutating func add(_ part: Self, conversion: YAMLConversion, line: Int?) throws(DocumentError) {
        values += part.values
        textBytes += part.textBytes
        height = max(height, part.height + 1)
        if values > yamlLimitValues {
            throw conversion.fault(line, "has more than \(yamlLimitValues) values once its aliases are put in")
        }
        if textBytes > documentLimitBytes {
            throw conversion.fault(
                line, "has more than \(documentLimitBytes) bytes of text once its aliases are put in")
        }
    }
}
