import Jansson
import PluginHost
import PluginProtocol

/// What the operator says about this machine: what lives outside a definition, what plugins may have, where secrets are.
///
/// ```
/// grants: {git: {network: true, hostPaths: {repositories: /srv/git}}}
/// secrets: {deploy-key: {file: /run/secrets/deploy-key}, token: {environment: DEPLOY_TOKEN}, "prod/*": {aws: {}}}
/// limits: {all: {seconds: 3600}, plugins: {git: {memoryBytes: 500000000}}}
/// retention: {each: {days: 90, executions: 200}}
/// CodeCommit: {repositories: {shop: {url: /srv/git/shop.git, password: {secret: token}}}}
/// ```
/// Every other key is a provider, with collections of named entries. In an entry `{secret: NAME}` stands for a secret.
/// A name of `secrets` that ends in `*` serves all that begin like it; the longest counts.
public struct Settings: Sendable {
    /// Begins a value that is still to be chosen, in a file that was written for the operator.
    public static let choiceMark = "CHOOSE:"

    /// What the operator says about one thing outside a definition.
    public struct Entry: Hashable, Sendable {
        public let value: JSON
        /// The values of the secrets in it, by their names.
        public let secrets: [String: String]
    }

    /// The file, for messages; nil when there is none.
    public let path: String?
    /// What a command is told to use this file: `["--settings", "/srv/settings.json"]`, or nothing.
    public let options: [String]
    private let grantsByPlugin: [String: Grants]
    let secrets: [String: SecretSource]
    private let providers: [String: JSON]
    /// How much of what is over is kept.
    public let retention: JSON?
    /// What jobs may take.
    public let limits: JSON?
    /// What asks AWS for secrets; nil where it is not installed.
    let awsProgram: String?
    /// Whether nobody else may be asked for a secret.
    public private(set) var isLookedAt = false

    /// No settings: nothing is granted and nothing is known.
    public static let none = Settings(
        path: nil, options: [], grantsByPlugin: [:], secrets: [:], providers: [:], retention: nil, limits: nil,
        awsProgram: nil)

    private init(
        path: String?, options: [String], grantsByPlugin: [String: Grants], secrets: [String: SecretSource],
        providers: [String: JSON], retention: JSON?, limits: JSON?, awsProgram: String?
    ) {
        self.path = path
        self.options = options
        self.grantsByPlugin = grantsByPlugin
        self.secrets = secrets
        self.providers = providers
        self.retention = retention
        self.limits = limits
        self.awsProgram = awsProgram
    }

    /// - Parameters:
    ///   - options: what a command is told to use this file, when it has to be told.
    ///   - providers: the provider names that installed plugins serve; a near miss of one is refused.
    ///   - awsProgram: what asks AWS for secrets.
    /// - Throws: the first thing that is wrong, with its path in the document.
    public init(
        _ document: JSON, path: String, options: [String] = [], providers known: Set<String>, awsProgram: String? = nil
    ) throws(JSONTypeError) {
        let root = JSONReader(document)
        var grants: [String: Grants] = [:]
        for (plugin, reader) in try root.optional("grants")?.members() ?? [] { grants[plugin] = try Grants(reader) }
        var secrets: [String: SecretSource] = [:]
        for (name, reader) in try root.optional("secrets")?.members() ?? [] {
            secrets[name] = try SecretSource(reader, name: name)
        }
        try Self.checkCredentials(secrets)
        var providers: [String: JSON] = [:]
        for (name, reader) in try root.members() where !Self.own.contains(name) {
            if !known.contains(name), let near = nearest(to: name, in: known.union(Self.own)) {
                throw JSONTypeError(path: name, problem: "is not a known provider; did you mean \"\(near)\"?")
            }
            for (_, collection) in try reader.members() {
                for (_, entry) in try collection.members() { _ = try entry.members() }
            }
            providers[name] = reader.value
        }
        self.init(
            path: path, options: options, grantsByPlugin: grants, secrets: secrets,
            providers: providers, retention: try root.optional("retention")?.value,
            limits: try root.optional("limits")?.value, awsProgram: awsProgram)
    }

    /// For a plan: no program is run and nobody is asked, and a secret that is not here is not read.
    public var lookedAt: Settings {
        var settings = self
        settings.isLookedAt = true
        return settings
    }

    /// What is no provider.
    private static let own: Set<String> = ["grants", "secrets", "retention", "limits"]

    public func grants(of plugin: String) -> Grants { grantsByPlugin[plugin] ?? Grants() }

    /// The entry that an action names, such as one repository of `CodeCommit`, with its secrets in place.
    /// - Parameter members: what an entry holds, for who has to write it.
    /// - Throws: `ConfigurationInvalid` with the lines to add, or what keeps a secret from being read.
    public func entry(
        provider: String, collection: String, key: String, members: [ProviderSettings.Member] = []
    ) throws(Failure) -> Entry {
        if let entry = providers[provider]?[collection]?[key] {
            try check(entry, at: "\(provider).\(collection).\(key)", members)
            var secrets: [String: String] = [:]
            let value = try resolve(entry, at: "\(provider).\(collection).\(key)", &secrets)
            return Entry(value: value, secrets: secrets)
        }
        let collections = Array(self.members(of: providers[provider]).keys)
        let misspelt = providers[provider]?[collection] == nil ? nearest(to: collection, in: collections) : nil
        let near =
            (misspelt.map { "\(provider).\($0)" } ?? nearest(to: key, in: entries(provider, collection)))
            .map { " (it has \"\($0)\")" } ?? ""
        let needed = members.filter(\.required).map { "\($0.name): …" }.joined(separator: ", ")
        let lines = [
            "\(place) says nothing about \(key)\(near). Add to it:",
            "\(provider): {\(collection): {\(JSON.string(key).text): {\(needed)}}}",
        ]
        let meanings = members.map { "  \($0.name)\($0.required ? "" : " (optional)"): \($0.description)" }
        throw Failure(.configurationInvalid, (lines + meanings).joined(separator: "\n"))
    }

    /// A member that the plugin does not know is a mistake, which must not be silent: it may be the address of a server.
    private func check(
        _ entry: JSON, at path: String, _ members: [ProviderSettings.Member]
    ) throws(Failure) {
        let known = members.map(\.name)
        guard !known.isEmpty, case .object(let given) = entry else { return }
        for name in given.keys.sorted() where !known.contains(name) {
            let near = nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
            throw Failure(
                .configurationInvalid,
                "\(place) has \(path).\(name), which means nothing: \(near ?? "there may be \(known.joined(separator: ", "))")"
            )
        }
        for member in members where member.required && given[member.name] == nil {
            throw Failure(
                .configurationInvalid,
                "\(place) lacks \(path).\(member.name): \(member.description)")
        }
    }

    private func resolve(_ value: JSON, at path: String, _ secrets: inout [String: String]) throws(Failure) -> JSON {
        switch value {
        case .object(let members):
            if members.count == 1, case .string(let name) = members["secret"] {
                let text = try secret(SecretRequest(name)) ?? ""
                secrets[name] = text
                return .string(text)
            }
            var resolved: [String: JSON] = [:]
            for (name, member) in members { resolved[name] = try resolve(member, at: "\(path).\(name)", &secrets) }
            return .object(resolved)
        case .array(let elements):
            var resolved: [JSON] = []
            for (index, element) in elements.enumerated() {
                resolved.append(try resolve(element, at: "\(path)[\(index)]", &secrets))
            }
            return .array(resolved)
        case .string(let text) where text.hasPrefix(Self.choiceMark):
            throw Failure(
                .configurationInvalid, "\(place) still says \(JSON.string(text).text) at \(path): put the value there")
        case .null, .bool, .integer, .real, .string: return value
        }
    }

    var place: String { path.map { "the settings file \($0)" } ?? "there is no settings file, so it" }

    private func entries(_ provider: String, _ collection: String) -> [String] {
        Array(members(of: providers[provider]?[collection]).keys)
    }

    private func members(of value: JSON?) -> [String: JSON] {
        if case .object(let members) = value { members } else { [:] }
    }
}

extension Grants {
    fileprivate init(_ reader: JSONReader) throws(JSONTypeError) {
        try reader.refuseUnknownMembers(known: ["network", "environment", "hostPaths"])
        var hostPaths: [String: [String]] = [:]
        for (slot, paths) in try reader.optional("hostPaths")?.members() ?? [] {
            // One path may stand without its list.
            if case .string(let path) = paths.value {
                hostPaths[slot] = [path]
            } else {
                hostPaths[slot] = try paths.strings()
            }
        }
        self.init(
            network: try reader.optional("network")?.bool() ?? false,
            environment: Set(try reader.optional("environment")?.strings() ?? []), hostPaths: hostPaths)
    }
}
