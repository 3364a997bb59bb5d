import Jansson
import PluginHost

extension Settings {
    /// The value of a whole secret, read now; nil when these settings are only looked at and it is not here.
    /// - Throws: `ConfigurationInvalid` with the lines to add, or why the secret cannot be read; never anything of it.
    public func secret(_ request: SecretRequest) throws(Failure) -> String? {
        guard let source = source(of: request.id) else {
            throw Failure(
                .configurationInvalid,
                "\(place) has no secret \(request.id). Add to it:\nsecrets: {\(JSON.string(request.id).text): {\(example(request))}}"
            )
        }
        guard source.isHere || !isLookedAt else { return nil }
        if case .aws(let aws) = source { return try aws.read(request, by: awsProgram, try credentials(of: aws)) }
        guard request.version == nil, request.versionStage == nil else {
            throw Failure(
                .configurationInvalid,
                "secret \(request.id): a version is asked for, and only a secret from {aws: …} has versions")
        }
        return try source.read(request.id)
    }

    /// Whether the settings have a secret of just this name.
    public func hasSecret(named name: String) -> Bool { secrets[name] != nil }

    /// That of its name, or of the longest beginning.
    private func source(of name: String) -> SecretSource? {
        if let source = secrets[name] { return source }
        return secrets.filter { $0.key.hasSuffix("*") && name.hasPrefix($0.key.dropLast()) }
            .max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }

    private func example(_ request: SecretRequest) -> String {
        switch request.service {
        case nil: "file: /PATH/OF/THE/SECRET"
        case _?: "aws: {region: …}"
        }
    }

    private func credentials(of aws: AWSSecrets) throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        for (name, credential) in aws.credentials {
            switch credential {
            case .text(let text): values[name] = text
            case .secret(let secret): values[name] = try self.secret(SecretRequest(secret))
            }
        }
        return values
    }

    /// What opens AWS is not kept there: nobody could ever read it.
    static func checkCredentials(_ secrets: [String: SecretSource]) throws(JSONTypeError) {
        for (name, source) in secrets.sorted(by: { $0.key < $1.key }) {
            guard case .aws(let aws) = source else { continue }
            for case (let member, .secret(let other)) in aws.credentials {
                let path = "secrets.\(name).aws.\(member).secret"
                switch secrets[other] {
                case nil: throw JSONTypeError(path: path, problem: "names no secret of these settings: \(other)")
                case .aws?: throw JSONTypeError(path: path, problem: "must not be kept in AWS: \(other)")
                case .file?, .environment?, .command?: break
                }
            }
        }
    }
}
