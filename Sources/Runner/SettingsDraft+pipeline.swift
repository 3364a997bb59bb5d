import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Settings

extension SettingsDraft {
    /// The settings that the actions of a pipeline need from the operator.
    /// - Parameters:
    ///   - shippedPlugins: the directory of those plugins that have their network without a grant.
    ///   - known: members of entries that need no choice, by provider and key.
    /// - Returns: the draft, and what could not be put into it, as sentences.
    public static func needed(
        by pipeline: Pipeline, _ catalogue: PluginCatalogue, shippedPlugins: String?,
        known: [String: [String: SettingsDraft]] = [:]
    ) -> (draft: SettingsDraft, notes: [String]) {
        var (draft, notes) = (SettingsDraft.object([:]), [String]())
        for stage in pipeline.stages {
            for action in stage.actions where action.type != .manualApproval {
                let id = ActionTypeIdentifier(action.type)
                guard let plugin = catalogue.plugin(for: id), let type = plugin.actionType(id) else {
                    notes.append("\(stage.name)/\(action.name): \(catalogue.explanation(of: id))")
                    continue
                }
                draft.addGrants(to: plugin, isShipped: plugin.origin == shippedPlugins)
                draft.addSecrets(of: action)
                guard let wanted = type.providerSettings else { continue }
                let key = wanted.key(in: action.configuration)
                if key.contains("#{") {
                    notes.append(
                        "\(stage.name)/\(action.name): which entry of \(id.provider).\(wanted.collection) it needs shows "
                            + "when it runs: \(key)")
                    continue
                }
                let place = [id.provider, wanted.collection, key]
                draft.insert(known[id.provider]?[key] ?? .object([:]), at: place)
                draft.insert(.object(wanted.members), at: place)
            }
        }
        return (draft, notes)
    }

    private mutating func addGrants(to plugin: Plugin, isShipped: Bool) {
        let (permissions, place) = (plugin.manifest.permissions, ["grants", plugin.manifest.name])
        if permissions.network && !isShipped { insert(.value(true), at: place + ["network"]) }
        if !permissions.environment.isEmpty {
            insert(.value(.strings(permissions.environment.sorted())), at: place + ["environment"])
        }
        for slot in permissions.hostPaths {
            let what = "\(slot.description ?? "a path of this machine") (an absolute path, \(slot.mode.rawValue))"
            insert(slot.required ? .choice(what) : .remark(what), at: place + ["hostPaths", slot.name])
        }
    }

    private mutating func addSecrets(of action: Action) {
        for variable in action.environmentVariables where variable.kind == .secretsManager {
            addSecret(variable.value)
        }
        let texts = action.configuration.values + action.environmentVariables.map(\.value)
        for use in texts.flatMap({ SecretTemplate($0).uses }) { addSecret(use.reference.id) }
    }
}

extension ProviderSettings {
    fileprivate var members: [String: SettingsDraft] {
        Dictionary(
            entry.map { ($0.name, $0.required ? SettingsDraft.choice($0.description) : .remark($0.description)) }
        ) { first, _ in first }
    }
}
