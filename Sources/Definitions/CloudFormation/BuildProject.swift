import Jansson

/// What a CodeBuild project of a template says about the build itself.
public struct BuildProject: Hashable, Sendable {
    /// The text of a build specification, or its path in the source; nil for the usual `buildspec.yml`, and for what
    /// is not known or lies in a bucket.
    public let buildspec: String?
    /// Variables with their values.
    public let environment: [String: String]
    /// Variables whose values are not known here, with what they stand for.
    public let openEnvironment: [String: String]
    /// Variables whose values are in the parameter store or the secrets manager, with the names there.
    public let parameters: [String: String]
    public let secrets: [String: String]
    /// What a build specification that stands in the template asks the parameter store and the secrets manager for.
    public let buildspecParameters: Set<String>
    public let buildspecSecrets: Set<String>

    init(reading properties: Evaluated) {
        var environment: [String: String] = [:]
        var (parameters, secrets, open) = (environment, environment, environment)
        for variable in properties.member("Environment")?.member("EnvironmentVariables")?.elements ?? [] {
            guard let name = variable.member("Name")?.text, let content = variable.member("Value"),
                let value = content.text
            else { continue }
            let unknown = content.allReferences
            switch variable.member("Type")?.text {
            case "PARAMETER_STORE": parameters[name] = value
            case "SECRETS_MANAGER": secrets[name] = value
            case _ where !unknown.isEmpty: open[name] = unknown.map(\.description).joined(separator: ", and ")
            default: environment[name] = value
            }
        }
        self.environment = environment
        openEnvironment = open
        self.parameters = parameters
        self.secrets = secrets
        let specification = properties.member("Source")?.member("BuildSpec")
        if case .object? = specification?.content {
            buildspec = specification?.json.text
        } else {
            buildspec = specification?.text.flatMap { $0.hasPrefix("arn:") ? nil : $0 }
        }
        // A path is a document, too: a text.
        let document = buildspec.flatMap { try? parseDocument(Array($0.utf8), file: "buildspec") }
        buildspecParameters = Set(document?.names(in: "parameter-store") ?? [])
        // ID:KEY:STAGE:VERSION, where the id of another account is an ARN.
        buildspecSecrets = Set(
            (document?.names(in: "secrets-manager") ?? []).map { name in
                name.hasPrefix("arn:") ? name : String(name.prefix { $0 != ":" })
            })
    }
}

extension JSON {
    /// What the variables of one kind of a build specification's `env` refer to.
    fileprivate func names(in kind: String) -> [String] {
        guard case .object(let variables)? = self["env"]?[kind] else { return [] }
        return variables.values.compactMap(\.stringValue)
    }
}
