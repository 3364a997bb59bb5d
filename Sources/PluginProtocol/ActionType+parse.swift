import Jansson

extension ActionType {
    static let categories = ["Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute", "Rule"]

    init?(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(
            of: reader,
            known: [
                "category", "owner", "provider", "version", "operations", "settings", "configurationProperties",
                "inputArtifactDetails", "outputArtifactDetails", "providerSettings", "tags",
            ])
        guard let id = findings.attempt("MAN-03", { try identifier(reader) }) else { return nil }
        self.id = id
        let custom = id.owner == "Custom"
        operations = findings.member("operations", of: reader, "MAN-01", or: [.run]) {
            try $0.list(count: 1...3).map { try $0.word(Operation.self) }
        }
        let maximum = custom ? 10 : 50
        let properties = findings.member("configurationProperties", of: reader, "MAN-04", or: []) {
            try $0.list(count: 0...maximum)
        }
        configurationProperties = properties.compactMap { ConfigurationProperty($0, &findings) }
        inputArtifacts = findings.artifactCounts("inputArtifactDetails", of: reader, maximum: custom ? 5 : 10)
        outputArtifacts = findings.artifactCounts("outputArtifactDetails", of: reader, maximum: custom ? 5 : 10)
        let settings = findings.member("settings", of: reader, "MAN-01", or: nil) { $0 }
        readTemplates(settings, &findings)
        providerSettings = nil
        providerSettings = findings.member("providerSettings", of: reader, "MAN-01", or: nil) { $0 }
            .flatMap { ProviderSettings($0, &findings, nameable: nameable) }
        checkNames(of: reader.path, &findings)
    }

    /// The properties that a template may name. Spec: MAN-09
    private var nameable: Set<String> {
        Set(configurationProperties.filter { $0.required && !$0.secret }.map(\.name))
    }

    private mutating func readTemplates(_ settings: JSONReader?, _ findings: inout Findings) {
        guard let settings else { return }
        findings.refuseUnknownMembers(
            of: settings,
            known: ["entityUrlTemplate", "executionUrlTemplate", "revisionUrlTemplate", "thirdPartyConfigurationUrl"])
        let nameable = nameable
        func template(_ key: String) -> String? {
            findings.member(key, of: settings, "MAN-09", or: nil) { try urlTemplate($0, nameable: nameable) }
        }
        entityUrlTemplate = template("entityUrlTemplate")
        executionUrlTemplate = template("executionUrlTemplate")
        revisionUrlTemplate = template("revisionUrlTemplate")
    }

    private func checkNames(of path: String, _ findings: inout Findings) {
        let names = configurationProperties.map(\.name)
        for (index, name) in names.enumerated() where names.prefix(index).contains(name) {
            let path = "\(path).configurationProperties[\(index)].name"
            findings.check(false, "MAN-04", path, "\"\(name)\" is declared a second time")
        }
        findings.check(
            configurationProperties.count(where: \.queryable) <= 1, "MAN-05", "\(path).configurationProperties",
            "must have at most one queryable property")
    }
}

private func identifier(_ reader: JSONReader) throws -> ActionTypeIdentifier {
    let category = try reader.required("category")
    guard ActionType.categories.contains(try category.string()) else {
        throw JSONTypeError(
            path: category.path, problem: "must be one of \(ActionType.categories.joined(separator: ", "))")
    }
    let owner = try reader.optional("owner")
    guard try ["AWS", "ThirdParty", "Custom"].contains(owner?.string() ?? "Custom") else {
        throw JSONTypeError(path: owner!.path, problem: "must be AWS, ThirdParty or Custom")
    }
    return ActionTypeIdentifier(
        category: try category.string(), owner: try owner?.string() ?? "Custom",
        provider: try reader.required("provider").name(length: 1...35),
        version: try reader.required("version").name(length: 1...9))
}

extension ConfigurationProperty {
    fileprivate init?(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(
            of: reader, known: ["name", "required", "key", "secret", "queryable", "type", "description"])
        required = findings.member("required", of: reader, "MAN-04", or: false) { try $0.bool() }
        key = findings.member("key", of: reader, "MAN-04", or: false) { try $0.bool() }
        secret = findings.member("secret", of: reader, "MAN-04", or: false) { try $0.bool() }
        queryable = findings.member("queryable", of: reader, "MAN-05", or: false) { try $0.bool() }
        type = findings.member("type", of: reader, "MAN-04", or: .string) { try $0.word(Kind.self) }
        description = findings.member("description", of: reader, "MAN-04", or: nil) { try $0.string(length: 0...160) }
        findings.check(
            !queryable || (required && !secret), "MAN-05", "\(reader.path).queryable",
            "needs a property that is required and not secret")
        guard let name = findings.attempt("MAN-04", { try reader.required("name").string(length: 1...50) }) else {
            return nil
        }
        self.name = name
    }
}

extension ProviderSettings {
    fileprivate init?(_ reader: JSONReader, _ findings: inout Findings, nameable: Set<String>) {
        findings.refuseUnknownMembers(of: reader, known: ["collection", "key", "entry"])
        let collection = findings.attempt("MAN-01") { try reader.required("collection").string(length: 1...50) }
        let key = findings.attempt("MAN-09") {
            let key = try reader.required("key")
            for name in placeholders(in: try key.string()) where !nameable.contains(name) {
                throw unnameable(name, at: key.path)
            }
            return try key.string(length: 1...200)
        }
        guard let collection, let key else { return nil }
        let members = findings.member("entry", of: reader, "MAN-01", or: []) { try $0.list(count: 0...50) }
        self.init(collection: collection, key: key, entry: members.compactMap { Member($0, &findings) })
    }
}

extension ProviderSettings.Member {
    fileprivate init?(_ reader: JSONReader, _ findings: inout Findings) {
        findings.refuseUnknownMembers(of: reader, known: ["name", "required", "description"])
        required = findings.member("required", of: reader, "MAN-01", or: false) { try $0.bool() }
        description = findings.member("description", of: reader, "MAN-01", or: "") { try $0.string(length: 0...160) }
        guard let name = findings.attempt("MAN-01", { try reader.required("name").string(length: 1...50) }) else {
            return nil
        }
        self.name = name
    }
}

private func urlTemplate(_ reader: JSONReader, nameable: Set<String>) throws -> String {
    let template = try reader.string(length: 1...2048)
    for name in placeholders(in: template) where name != "ExternalExecutionId" {
        guard name.hasPrefix("Config:"), nameable.contains(String(name.dropFirst(7))) else {
            throw unnameable(name, at: reader.path)
        }
    }
    return template
}

/// What stands in braces. Not by a regular expression: the first one of a program takes half a millisecond.
private func placeholders(in template: String) -> [String] {
    var names: [String] = []
    var rest = template[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
        names.append(String(rest[open..<close].dropFirst()))
        rest = rest[close...].dropFirst()
    }
    return names
}

private func unnameable(_ placeholder: String, at path: String) -> JSONTypeError {
    JSONTypeError(
        path: path,
        problem: "has {\(placeholder)}, which must name a configuration property that is required and not secret"
    )
}

extension Findings {
    /// Absent details mean no artifacts.
    fileprivate mutating func artifactCounts(
        _ key: String, of reader: JSONReader, maximum: Int
    ) -> ClosedRange<Int> {
        guard let details = member(key, of: reader, "MAN-06", or: nil, { $0 }) else { return 0...0 }
        refuseUnknownMembers(of: details, known: ["minimumCount", "maximumCount"])
        return attempt("MAN-06") {
            let least = try details.required("minimumCount").integer(in: 0...maximum)
            let most = try details.required("maximumCount").integer(in: 0...maximum)
            guard least <= most else {
                throw JSONTypeError(
                    path: details.path, problem: "must have minimumCount ≤ maximumCount, found \(least) and \(most)")
            }
            return least...most
        } ?? 0...0
    }
}
