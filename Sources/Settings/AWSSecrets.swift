import Jansson
import PluginHost

/// A Secrets Manager or a Systems Manager, AWS's own or what speaks as they do.
struct AWSSecrets: Hashable, Sendable {
    /// A text of the settings, or the name of another secret.
    enum Credential: Hashable, Sendable {
        case text(String)
        case secret(String)
    }

    /// The one that is asked for a secret that does not say; Secrets Manager if the settings do not either.
    let service: AWSService?
    /// What AWS knows the secret by; nil for the name by which it is asked for.
    let id: String?
    let region: String?
    let endpoint: String?
    /// By `accessKeyId`, `secretAccessKey` and `sessionToken`; empty for those that AWS's tools would find.
    let credentials: [String: Credential]

    private static let credentialNames = ["accessKeyId", "secretAccessKey", "sessionToken"]
    private static let timeoutSeconds = 30

    init(_ reader: JSONReader) throws(JSONTypeError) {
        try reader.refuseUnknownMembers(known: Set(["service", "id", "region", "endpoint"] + Self.credentialNames))
        service = try reader.optional("service")?.word(AWSService.self)
        id = try reader.optional("id")?.string()
        region = try reader.optional("region")?.string()
        endpoint = try reader.optional("endpoint")?.string()
        var credentials: [String: Credential] = [:]
        for name in Self.credentialNames {
            guard let value = try reader.optional(name) else { continue }
            if case .object = value.value {
                try value.refuseUnknownMembers(known: ["secret"])
                credentials[name] = .secret(try value.required("secret").string())
            } else {
                credentials[name] = .text(try value.string())
            }
        }
        guard credentials.isEmpty || credentials["accessKeyId"] != nil && credentials["secretAccessKey"] != nil else {
            throw JSONTypeError(
                path: reader.path, problem: "must have both \"accessKeyId\" and \"secretAccessKey\", or neither")
        }
        self.credentials = credentials
    }

    /// - Parameters:
    ///   - program: what speaks with AWS; nil when it is not installed.
    ///   - credentials: with their values.
    /// - Throws: why the secret cannot be had, as AWS says it.
    func read(_ request: SecretRequest, by program: String?, _ credentials: [String: String]) throws(Failure) -> String
    {
        if let service, let asked = request.service, service != asked {
            throw Failure(
                .configurationInvalid,
                "secret \(request.id): is asked of \(asked.rawValue), and the settings keep it in \(service.rawValue)")
        }
        guard let program else {
            throw Failure(
                .configurationInvalid, "secret \(request.id): what asks AWS is not there; install Penstock again")
        }
        let service = request.service ?? service ?? .secretsManager
        var question: [String: JSON?] = [
            "service": .string(service.rawValue), "id": .string(id ?? request.id),
            "version": request.version.map { .string($0) }, "stage": request.versionStage.map { .string($0) },
            "region": region.map { .string($0) }, "endpoint": endpoint.map { .string($0) },
        ]
        for (name, value) in credentials { question[name] = .string(value) }
        let bytes = try OperatorProgram(program, arguments: [], for: request.id).answer(
            to: JSON.object(present: question).serialized, limitBytes: 8 * SecretSource.limitBytes,
            seconds: Self.timeoutSeconds)
        guard let answer = try? JSON(parsing: bytes) else {
            throw Failure(.configurationInvalid, "secret \(request.id): \(program) gave no answer")
        }
        guard let value = answer["value"]?.stringValue, value.utf8.count <= SecretSource.limitBytes else {
            let problem = answer["error"]?.stringValue ?? "it is larger than \(SecretSource.limitBytes) bytes"
            throw Failure(.configurationInvalid, "secret \(request.id): \(service.rawValue) of AWS: \(problem)")
        }
        return value
    }
}

extension JSONReader {
    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(_ type: Word.Type) throws(JSONTypeError)
        -> Word
    {
        let text = try string()
        guard let word = Word(rawValue: text) else {
            throw JSONTypeError(
                path: path, problem: "must be \(Word.allCases.map(\.rawValue).joined(separator: " or "))")
        }
        return word
    }
}
