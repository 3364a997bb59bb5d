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
    /// By the place of the environment variable that names one.
    private(set) var secrets: [Int: String] = [:]

    /// The entry of the settings that an action refers to: `CodeCommit.repositories.shop`.
    public enum SettingsEntry: Hashable, Sendable {
        case notNeeded
        case there(String)
        case missing(String)
        /// Which one it is shows when the action starts.
        case unknown(String)
    }

    /// - Parameter unresolved: the members of the action, as in `Action.templates`, whose references have no value yet;
    ///   what depends on them is not judged.
    public init(
        _ action: Action, _ operation: PluginProtocol.Operation = .run, catalogue: PluginCatalogue, settings: Settings,
        shippedPlugins: String?, locks: PluginLocks, unresolved: Set<String> = []
    ) {
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
        findEntry(of: action, type, in: settings, unresolved)
        for (index, variable) in action.environmentVariables.enumerated() where variable.kind == .secretsManager {
            guard !unresolved.contains("environmentVariables[\(index)].value") else { continue }
            secrets[index] = attempt { () throws(Failure) in try settings.secret(variable.value) }
        }
        let keys = action.configuration.keys.filter { unresolved.contains("configuration.\($0)") }
        attempt { () throws(Failure) in
            try plugin.manifest.check(action.configuration, of: id, operation, unresolved: Set(keys))
        }
    }

    private mutating func findEntry(
        of action: Action, _ type: PluginProtocol.ActionType, in settings: Settings, _ unresolved: Set<String>
    ) {
        guard let wanted = type.providerSettings else { return }
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

extension ActionTypeIdentifier {
    public init(_ id: ActionTypeID) {
        self.init(category: id.category, owner: id.owner, provider: id.provider, version: id.version)
    }
}
