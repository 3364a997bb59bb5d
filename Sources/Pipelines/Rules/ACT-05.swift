import Jansson

extension ValidationRule {
    /// ACT-5: the configuration has the keys that its type requires, no others, and values of their kind; no key of our
    /// own where AWS is to take it.
    static let configuration = ValidationRule("ACT-5") { examination in
        for placed in examination.actions {
            let (action, path) = (placed.action, "\(placed.path).configuration")
            guard let type = examination.catalogue[action.type] else { continue }
            examination.examine(action.configuration, of: type, inputs: action.inputArtifacts.count, at: path)
        }
        for placed in examination.rules {
            let (rule, path) = (placed.rule, "\(placed.path).configuration")
            guard let type = examination.catalogue[rule.type] else { continue }
            examination.examine(rule.configuration, of: type, inputs: rule.inputArtifacts.count, at: path)
        }
    }
}

extension Examination {
    fileprivate mutating func examine(
        _ configuration: [String: String], of type: ActionType, inputs: Int, at path: String
    ) {
        for property in type.properties {
            guard let value = configuration[property.name] else {
                if let why = property.need(in: configuration, inputs: inputs) {
                    report("\(path).\(property.name)", "Is missing; \(type.id) needs it\(why).")
                }
                continue
            }
            report(
                "\(path).\(property.name)",
                fault: property.isOurs && catalogue.isStrict ? property.strangeness : property.fault(in: value))
        }
        if type.acceptsOtherKeys || !hasRoom { return }
        let keys = catalogue.isStrict ? type.properties.filter { !$0.isOurs } : type.properties
        let known = keys.map(\.name)
        for key in configuration.keys.sorted() where !type.properties.contains(where: { $0.name == key }) {
            let near = nearest(to: excerpt(key), in: known).map { "did you mean \"\($0)\"?" }
            let all = known.isEmpty ? "it has no keys." : "its keys are \(known.joined(separator: ", "))."
            report(
                "\(path).\(excerpt(key))",
                "\"\(excerpt(key))\" is not a configuration key of \(type.id); \(near ?? all)")
        }
    }
}

extension ConfigurationProperty {
    /// Why this key has to be there, as the end of a sentence; nil when it may be absent.
    fileprivate func need(in configuration: [String: String], inputs: Int) -> String? {
        if required { return "" }
        switch requiredWhen {
        case .severalInputArtifacts where inputs > 1: return " when there are several input artifacts"
        case .noInputArtifact where inputs == 0: return " when there is no input artifact"
        case .value(let key, let value) where configuration[key]?.lowercased() == value:
            return " when \(key) is \(value)"
        default: return nil
        }
    }

    fileprivate var strangeness: String {
        "\(name) is a key of Penstock's own, which AWS refuses; remove it where AWS is to take this definition."
    }

    fileprivate func fault(in value: String) -> String? {
        if !words.isEmpty {
            let isWord = words.contains { $0.lowercased() == value.lowercased() }
            let list = words.joined(separator: " or ")
            return isWord ? nil : "Must be \(list), written out, found \"\(excerpt(value))\"."
        }
        // A reference has its value later.
        if !VariableTemplate(value).references.isEmpty || !SecretTemplate(value).uses.isEmpty { return nil }
        if queryable && !queryablePattern.matches(value) { return queryablePattern.fault(in: value) }
        switch type {
        case .string: return nil
        case .number: return Double(value)?.isFinite == true ? nil : "Must be a number, found \"\(excerpt(value))\"."
        case .boolean:
            let isBoolean = ["true", "false"].contains(value.lowercased())
            return isBoolean ? nil : "Must be true or false, found \"\(excerpt(value))\"."
        }
    }
}

/// A value by which workers ask for their jobs (JOB-1).
private let queryablePattern = NamePattern(marks: "_-", length: 1...20)
