import Jansson
import Pipelines

/// The sections of a CloudFormation template that say something about its pipelines.
struct Template: Sendable {
    let file: String
    let parameters: [String: JSON]
    let mappings: [String: JSON]
    let conditions: [String: JSON]
    let resources: [String: JSON]
    /// Values that stand for the defaults of parameters, or for what pseudo parameters are taken to be.
    let given: [String: String]
    /// Whether a macro makes or changes resources, so that not all of them can be seen here.
    let hasUnseenResources: Bool

    /// A template is known by its `Resources`, which no definition has.
    static func isTemplate(_ document: JSON) -> Bool {
        guard case .object? = document["Resources"] else { return false }
        return document["pipeline"] == nil && document["stages"] == nil
    }

    /// - Throws: `DocumentError` for a section that is no object, and for a given value that no parameter takes.
    init(_ document: JSON, file: String, given: [String: String]) throws(DocumentError) {
        self.file = file
        self.given = given
        parameters = try section("Parameters", of: document, file)
        mappings = try section("Mappings", of: document, file)
        conditions = try section("Conditions", of: document, file)
        resources = try section("Resources", of: document, file)
        let transforms = document["Transform"].map { $0 != "AWS::LanguageExtensions" } ?? false
        hasUnseenResources = transforms || resources.keys.contains { $0.hasPrefix("Fn::") }
        try checkGiven()
    }

    /// The logical ids of all resources of a type, sorted.
    func resources(of type: String) -> [String] {
        resources.filter { $0.value["Type"] == .string(type) }.keys.sorted()
    }

    /// What CDK and most people name the file by: `shop.template.json` makes the stack `shop`.
    var stackName: String {
        let base = file.split(separator: "/").last?.split(separator: ".").first ?? ""
        let letters = base.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.drop { !$0.isLetter }
        return letters.isEmpty ? "stack" : String(letters.prefix(128))
    }

    private func checkGiven() throws(DocumentError) {
        for (name, value) in given.sorted(by: { $0.key < $1.key }) where PseudoParameter(rawValue: name) == nil {
            guard let declaration = parameters[name] else { throw unknownParameter(name) }
            guard case .array(let allowed)? = declaration["AllowedValues"] else { continue }
            let words = allowed.compactMap(scalarText)
            guard words.contains(value) else {
                throw DocumentError(
                    file: file,
                    problem: "takes for its parameter \(name) one of \(words.joined(separator: ", ")), not \"\(value)\""
                )
            }
        }
    }

    private func unknownParameter(_ name: String) -> DocumentError {
        let names = parameters.keys.sorted().joined(separator: ", ")
        let near = nearest(to: name, in: parameters.keys).map { "; did you mean \($0)?" }
        let there = near ?? (names.isEmpty ? "; it has none" : "; it has \(names)")
        return DocumentError(file: file, problem: "has no parameter \(name)\(there)")
    }
}

private func section(_ name: String, of document: JSON, _ file: String) throws(DocumentError) -> [String: JSON] {
    switch document[name] {
    case .object(let members)?: return members
    case nil, .null?: return [:]
    case let other?: throw DocumentError(file: file, problem: "has \(name) that must be an object, found \(other.kind)")
    }
}
