import Jansson

/// What a CodeBuild project of a template says about the build itself.
public struct BuildProject: Hashable, Sendable {
    /// The text of a build specification, or its path in the source; nil for the usual `buildspec.yml`, and for what
    /// is not known or lies in a bucket.
    public let buildspec: String?
    /// Variables with their values.
    public let environment: [String: String]
    /// Variables whose values are in the parameter store or the secrets manager, with the names there.
    public let parameters: [String: String]
    public let secrets: [String: String]

    init(reading properties: Evaluated) {
        var environment: [String: String] = [:]
        var (parameters, secrets) = (environment, environment)
        for variable in properties.member("Environment")?.member("EnvironmentVariables")?.elements ?? [] {
            guard let name = variable.member("Name")?.text, let value = variable.member("Value")?.text else { continue }
            switch variable.member("Type")?.text {
            case "PARAMETER_STORE": parameters[name] = value
            case "SECRETS_MANAGER": secrets[name] = value
            default: environment[name] = value
            }
        }
        self.environment = environment
        self.parameters = parameters
        self.secrets = secrets
        let specification = properties.member("Source")?.member("BuildSpec")
        if case .object? = specification?.content {
            buildspec = specification?.json.text
        } else {
            buildspec = specification?.text.flatMap { $0.hasPrefix("arn:") ? nil : $0 }
        }
    }
}
