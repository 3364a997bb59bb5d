import Jansson
import PluginHost

/// One secret that is asked for, as whoever needs it knows it.
public struct SecretRequest: Hashable, Sendable {
    /// Which of AWS's services is meant; nil for whatever the settings name.
    public var service: AWSService?
    public var id: String
    /// A member of a secret that is JSON.
    public var jsonKey: String?
    public var versionStage: String?
    public var version: String?

    public init(
        _ id: String, service: AWSService? = nil, jsonKey: String? = nil, versionStage: String? = nil,
        version: String? = nil
    ) {
        (self.service, self.id, self.jsonKey) = (service, id, jsonKey)
        (self.versionStage, self.version) = (versionStage, version)
    }

    /// The same without the member: what is read.
    public var whole: SecretRequest {
        var request = self
        request.jsonKey = nil
        return request
    }

    /// What is asked for, of the whole secret.
    /// - Throws: `ConfigurationInvalid`, without anything of the secret.
    public func part(of whole: String) throws(Failure) -> String {
        guard let jsonKey else { return whole }
        guard let document = try? JSON(parsing: whole, maximumDepth: 32), case .object(let members) = document else {
            throw Failure(.configurationInvalid, "secret \(id): has no member \(jsonKey), for it is no JSON object")
        }
        switch members[jsonKey] {
        case .string(let text): return text
        case .null, nil: throw Failure(.configurationInvalid, "secret \(id): has no member \(jsonKey)")
        case let value?: return value.text
        }
    }
}

/// AWS's services that keep secrets.
public enum AWSService: String, Hashable, Sendable, CaseIterable {
    case secretsManager = "secretsmanager"
    case systemsManager = "ssm"
}
