import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Settings

/// What an action finds on this machine: its plugin, grants, settings and secrets, and everything that it lacks.
///
/// Here and nowhere else it is judged: a job is made of it, and a plan shows it. Nothing is made or changed.
public struct Provision: Sendable {
    public private(set) var plugin: Plugin?
    public private(set) var type: PluginProtocol.ActionType?
    /// What the plugin asks for and is granted; nil when it is not granted all that it needs.
    public private(set) var grants: Grants?
    public private(set) var settings = SettingsEntry.notNeeded
    /// What keeps the action from being run, in the order in which a job would meet it.
    public private(set) var failures: [Failure] = []
    private(set) var entry: Settings.Entry?
    /// The action with its secrets in place, as its plugin gets it and nobody else.
    private(set) var action: Action
    /// The keys of its configuration in which there is one.
    private(set) var secretKeys: Set<String> = []
    /// Every value that must not be seen, with the name under which the operator knows it.
    private(set) var secrets: [(name: String, value: String)] = []
    /// Each is read once.
    private var read: [SecretRequest: String?] = [:]
    /// The environment variables that are secret now, and had their values put in.
    private var resolvedVariables: Set<Int> = []

    /// The entry of the settings that an action refers to: `CodeCommit.repositories.shop`.
    public enum SettingsEntry: Hashable, Sendable {
        case notNeeded
        case there(String)
        case missing(String)
        /// Which one it is shows when the action starts.
        case unknown(String)
    }

    /// - Parameters:
    ///   - secretPlaces: the references to secrets in the action.
    ///   - unresolved: the members of the action, as in `Action.templates`, whose references have no value yet; what
    ///     depends on them is not judged.
    public init(
        _ action: Action, _ secretPlaces: SecretPlaces, _ operation: PluginProtocol.Operation = .run,
        catalogue: PluginCatalogue, settings: Settings, shippedPlugins: String?, locks: PluginLocks,
        unresolved: Set<String> = []
    ) {
        self.action = action
        let id = ActionTypeIdentifier(action.type)
        guard let plugin = catalogue.plugin(for: id), let type = plugin.actionType(id) else {
            failures = [Failure(.commandNotFound, catalogue.explanation(of: id))]
            return
        }
        self.plugin = plugin
        self.type = type
        attempt { () throws(Failure) in try locks.check(plugin) }
        _ = attempt { () throws(Failure) in try plugin.executable() }
        attempt { () throws(Failure) in try plugin.checkRequirements() }
        grants = attempt { () throws(Failure) in
            try settings.grants(of: plugin.manifest.name).narrowed(
                to: plugin.manifest, shipped: plugin.origin == shippedPlugins,
                options: plugin.options + settings.options)
        }
        findEntry(of: action, type, in: settings, unresolved, secretPlaces)
        for (name, value) in entry?.secrets ?? [:] { secrets.append((name, value)) }
        for name in type.configurationProperties.filter(\.secret).map(\.name) {
            if let value = action.configuration[name], secretPlaces["configuration.\(name)"] == nil {
                secrets.append((name, value))
            }
        }
        let failuresBefore = failures.count
        readSecrets(secretPlaces, settings)
        readSecretVariables(settings, unresolved)
        guard failures.count == failuresBefore else { return }
        let (configuration, secretKeys) = (self.action.configuration, secretKeys)
        var keys = Set(configuration.keys.filter { unresolved.contains("configuration.\($0)") })
        if settings.isLookedAt { keys.formUnion(secretKeys) }
        attempt { () throws(Failure) in
            try plugin.manifest.check(configuration, of: id, operation, unresolved: keys, secret: secretKeys)
        }
    }

    /// Puts secrets into the texts in which the definition refers to them (VAR-9).
    private mutating func readSecrets(_ places: SecretPlaces, _ settings: Settings) {
        for (key, text) in action.configuration.sorted(by: { $0.key < $1.key }) {
            guard let offsets = places["configuration.\(key)"] else { continue }
            secretKeys.insert(key)
            action.configuration[key] = resolved(text, offsets, settings)
        }
        for (index, variable) in action.environmentVariables.enumerated() {
            guard let offsets = places["environmentVariables[\(index)].value"] else { continue }
            action.environmentVariables[index].value = resolved(variable.value, offsets, settings)
            // So that the plugin keeps it to itself.
            action.environmentVariables[index].kind = .secretsManager
            resolvedVariables.insert(index)
        }
    }

    private mutating func resolved(_ text: String, _ offsets: [Int], _ settings: Settings) -> String {
        let bytes = Array(text.utf8)
        var (result, rest) = ([UInt8](), 0)
        for use in offsets.sorted().compactMap({ SecretTemplate.Use(at: $0, in: bytes) }) {
            let value = read(SecretRequest(use.reference), settings) ?? Masker.replacement
            result += bytes[rest..<use.offset] + value.utf8
            rest = use.offset + use.length
        }
        return String(decoding: result + bytes[rest...], as: UTF8.self)
    }

    private mutating func readSecretVariables(_ settings: Settings, _ unresolved: Set<String>) {
        for (index, variable) in action.environmentVariables.enumerated() where variable.kind == .secretsManager {
            guard !unresolved.contains("environmentVariables[\(index)].value"), !resolvedVariables.contains(index)
            else {
                continue
            }
            var request = SecretRequest(variable.value)
            if !settings.hasSecret(named: variable.value),
                let reference = SecretReference(environmentVariable: variable.value)
            {
                request = SecretRequest(reference)
                // Whatever the settings name, as without a member or a version.
                request.service = nil
            }
            if let value = read(request, settings) { action.environmentVariables[index].value = value }
        }
    }

    /// - Returns: nil when it cannot be had, which is then among the failures, or is not to be read.
    private mutating func read(_ request: SecretRequest, _ settings: Settings) -> String? {
        if read[request.whole] == nil {
            let whole = attempt { () throws(Failure) in try settings.secret(request.whole) } ?? nil
            read[request.whole] = .some(whole)
            if let whole { secrets.append((request.id, whole)) }
        }
        guard let whole = read[request.whole] ?? nil,
            let value = attempt({ () throws(Failure) in try request.part(of: whole) })
        else { return nil }
        if value != whole { secrets.append((request.jsonKey.map { "\(request.id):\($0)" } ?? request.id, value)) }
        return value
    }

    private mutating func findEntry(
        of action: Action, _ type: PluginProtocol.ActionType, in settings: Settings, _ unresolved: Set<String>,
        _ secretPlaces: SecretPlaces
    ) {
        guard let wanted = type.providerSettings else { return }
        if let name = wanted.properties.first(where: { secretPlaces["configuration.\($0)"] != nil }) {
            failures.append(
                Failure(
                    .configurationInvalid,
                    "configuration \(name) must not be a secret: it chooses the entry of the settings, which is shown"))
            return
        }
        let (provider, key) = (type.id.provider, wanted.key(in: action.configuration))
        let place = "\(provider).\(wanted.collection).\(key)"
        guard unresolved.isDisjoint(with: wanted.properties.map { "configuration.\($0)" }) else {
            return self.settings = .unknown(place)
        }
        entry = attempt { () throws(Failure) in
            try settings.entry(provider: provider, collection: wanted.collection, key: key, members: wanted.entry)
        }
        self.settings = entry == nil ? .missing(place) : .there(place)
    }

    @discardableResult
    private mutating func attempt<Value>(_ work: () throws(Failure) -> Value) -> Value? {
        do throws(Failure) {
            return try work()
        } catch {
            failures.append(error)
            return nil
        }
    }
}

extension PluginCatalogue {
    /// Why there is no plugin for a type: where it was looked for, what may be meant, and what to do (ACT-2).
    public func explanation(of id: ActionTypeIdentifier) -> String {
        let near = nearest(to: id).map(\.description)
        let hint = near.isEmpty ? "" : "; installed are \(near.joined(separator: ", "))"
        return "no plugin serves \(id): looked in \(searched.joined(separator: ", "))\(hint)."
            + " Install one (penstock plugin install SOURCE), or name its folder by --plugins"
    }
}

extension SecretRequest {
    fileprivate init(_ reference: SecretReference) {
        let service: AWSService? =
            switch reference.service {
            case .any: nil
            case .secretsManager: .secretsManager
            case .systemsManager: .systemsManager
            }
        self.init(
            reference.id, service: service, jsonKey: reference.jsonKey, versionStage: reference.versionStage,
            version: reference.version)
    }
}

extension ActionTypeIdentifier {
    public init(_ id: ActionTypeID) {
        self.init(category: id.category, owner: id.owner, provider: id.provider, version: id.version)
    }
}
