import Jansson
import PluginProtocol

extension Manifest {
    /// Refuses a job that this plugin cannot be given, before it is started. Spec: HST-23
    ///
    /// The variables of the configuration are resolved by now.
    /// - Throws: `UnsupportedProtocol`, `ConfigurationInvalid` naming every property at fault, or `LimitExceeded`.
    public func admit(_ job: Job) throws(Failure) {
        let id = job.data.actionTypeId
        try check(job.data.configuration, of: id, job.operation, secret: Set(job.secretConfigurationKeys))
        let problems = placesOfNul(in: job.data.json, path: "")
        guard problems.isEmpty else {
            throw Failure(.configurationInvalid, "\(id): \(problems.joined(separator: "; "))")
        }
        let bytes = HostMessage.job(job).line.count
        guard bytes <= MessageLimits.lineBytes else {
            throw Failure(
                .limitExceeded,
                "the job has \(bytes) bytes as a message; a plugin is given at most \(MessageLimits.lineBytes)."
                    + " Put what is large into an artifact")
        }
    }

    /// Refuses a configuration that this plugin cannot be given, also before there is a job.
    /// - Parameters:
    ///   - unresolved: keys whose value is not known yet; only their presence is judged.
    ///   - secret: keys whose value is never told, beside those of secret properties.
    /// - Throws: `UnsupportedProtocol`, or `ConfigurationInvalid` naming every property at fault.
    public func check(
        _ configuration: [String: String], of id: ActionTypeIdentifier, _ operation: Operation = .run,
        unresolved: Set<String> = [], secret: Set<String> = []
    ) throws(Failure) {
        guard protocols.contains(WireProtocol.version) else {
            throw Failure(
                .unsupportedProtocol,
                "plugin \(name) speaks \(protocols.joined(separator: ", ")), and this host \(WireProtocol.version)")
        }
        guard let type = actionTypes.first(where: { $0.id == id }), type.operations.contains(operation) else {
            throw Failure(.configurationInvalid, "plugin \(name) does not serve \(operation.rawValue) of \(id)")
        }
        let problems = type.problems(of: configuration, unresolved, secret)
        guard problems.isEmpty else {
            throw Failure(.configurationInvalid, "\(id): \(problems.joined(separator: "; "))")
        }
    }
}

extension ActionType {
    /// Missing, unknown and mistyped properties, each as a sentence that never quotes a secret.
    fileprivate func problems(
        of configuration: [String: String], _ unresolved: Set<String>, _ secret: Set<String>
    ) -> [String] {
        let declared = Dictionary(uniqueKeysWithValues: configurationProperties.map { ($0.name, $0) })
        let missing = configurationProperties.filter { $0.required && configuration[$0.name, default: ""].isEmpty }
            .map { "configuration \($0.name) is required" }
        let wrong = configuration.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
            guard let property = declared[key] else {
                let near = nearest(to: key, in: declared.keys).map { "; did you mean \($0)?" } ?? ""
                return "configuration \(key) is not known\(near)"
            }
            guard !value.isEmpty, !unresolved.contains(key), !property.type.accepts(value) else { return nil }
            let found = property.secret || secret.contains(key) ? "" : ", found \"\(value)\""
            return "configuration \(key) must be \(property.type.words)\(found)"
        }
        return missing + wrong
    }
}

extension ConfigurationProperty.Kind {
    fileprivate func accepts(_ value: String) -> Bool {
        switch self {
        case .string: true
        case .number: value.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?/) != nil
        case .boolean: ["true", "false"].contains(value.lowercased())
        }
    }

    fileprivate var words: String {
        switch self {
        case .string: "text"
        case .number: "a number"
        case .boolean: "true or false"
        }
    }
}

/// Texts with U+0000: many languages cut a text there.
private func placesOfNul(in json: JSON, path: String) -> [String] {
    switch json {
    case .string(let text): text.utf8.contains(0) ? ["\(path) must not contain U+0000"] : []
    case .array(let elements):
        elements.enumerated().flatMap { placesOfNul(in: $1, path: "\(path)[\($0)]") }
    case .object(let members):
        members.sorted { $0.key < $1.key }.flatMap { key, member in
            let place = path.isEmpty ? key : "\(path).\(key)"
            return (key.utf8.contains(0) ? ["a key of \(path) must not contain U+0000"] : [])
                + placesOfNul(in: member, path: place)
        }
    case .null, .bool, .integer, .real: []
    }
}
