import ArgumentParser
import Authoring
import Definitions
import Jansson
import PluginHost
import PluginProtocol
import Settings

extension PluginCommand {
    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a plugin have what it asks for beyond its workspace, in the settings file.",
            discussion: """
                Without options it shows what the plugin asks for and what it has. Nothing can be granted that it does \
                not ask for. In a settings file in YAML only the lines about this plugin are touched.
                """)

        @Argument(help: "The plugin's name.") var name: String
        @Flag(help: "The machine's network.") var network = false
        @Option(help: ArgumentHelp("Variables of the machine; may be repeated.", valueName: "name,…"))
        var environment: [String] = []
        @Option(
            name: .customLong("host-path"),
            help: ArgumentHelp("A path of this machine for a slot; may be repeated.", valueName: "slot=path"))
        var hostPaths: [String] = []
        @Flag(help: "Everything that it asks for; slots need their paths beside it.") var all = false
        @Flag(help: "Takes away what the other options name; a slot may come without its path.") var revoke = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard !revoke || network || all || !environment.isEmpty || !hostPaths.isEmpty else {
                throw ValidationError("--revoke: say what, by --network, --environment, --host-path or --all")
            }
        }

        func run() async throws {
            let wiring = try Wiring(common, settingsMayBeMade: true)
            let before = wiring.settings.grants(of: name)
            // What is gone may still have grants.
            let plugin = revoke && before != Grants() ? wiring.catalogue.plugin(named: name) : try wiring.plugin(name)
            let request = try request()
            guard !request.isEmpty, let after = try grants(request, to: plugin, having: before, wiring) else {
                try tell(plugin, before, wiring)
                throw Answer(plugin.map { $0.missing(from: before, wiring) == Grants() } ?? true ? .yes : .no)
            }
            if after == before {
                print("nothing to change: \(name) \(revoke ? "does not have that" : "has all that")")
            } else {
                try write(GrantEdit(of: name, after), wiring)
            }
            try tell(plugin, after, wiring)
        }

        private func request() throws -> GrantRequest {
            var request = GrantRequest()
            (request.network, request.environment, request.all) = (network, words(environment), all)
            for text in hostPaths {
                if let pair = Pair(argument: text) {
                    request.hostPaths[pair.name, default: []].append(pair.value)
                } else if revoke, !text.isEmpty, !text.contains("=") {
                    request.hostPaths[text] = request.hostPaths[text] ?? []
                } else {
                    throw Answer(.usage, "--host-path \(text): must be SLOT=PATH")
                }
            }
            return request
        }

        private func grants(
            _ request: GrantRequest, to plugin: Plugin?, having grants: Grants, _ wiring: Wiring
        ) throws -> Grants? {
            if revoke { return request.revoked(from: grants) }
            guard let plugin else { return nil }
            let places = [
                ProtectedPlace(wiring.state, "the state directory"),
                ProtectedPlace(plugin.directory, "the plugin itself"),
                ProtectedPlace(wiring.settingsPath, "the settings file", onlyFromWriters: true),
            ]
            return try request.granted(
                to: plugin.manifest, having: grants, shipped: plugin.origin == wiring.shippedPlugins,
                protecting: places)
        }

        private func write(_ edit: GrantEdit, _ wiring: Wiring) throws {
            let path = wiring.settingsPath
            let isMade = try SettingsFile(path).make(edit) { text in
                try parseDocument(Array(text.utf8), file: path)
            }
            guard isMade else {
                let line = edit.grants == Grants() ? "grants: nothing for \(edit.plugin)" : edit.line
                throw Answer(
                    .no,
                    "\(path): is written in a way that cannot be changed without losing something; nothing was changed."
                        + " Let it have:\n\(line)")
            }
            if !common.quiet { print("\(path) is changed") }
        }

        private func tell(_ plugin: Plugin?, _ grants: Grants, _ wiring: Wiring) throws {
            guard let plugin, !common.quiet else { return }
            print(printableLines(plugin.wishes(grants, wiring)))
            let missing = plugin.missing(from: grants, wiring)
            guard missing != Grants() else { return }
            let options = plugin.options + wiring.settings.options
            print("to grant what is missing:\n\(printableLines(missing.command(for: name, options)))")
        }
    }
}

extension Wiring {
    func plugin(_ name: String) throws -> Plugin {
        if let plugin = catalogue.plugin(named: name) { return plugin }
        let names = catalogue.plugins.map(\.manifest.name)
        let near = nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" }
        throw Answer(
            .usage,
            "\(name): no such plugin in \(catalogue.searched.joined(separator: ", "))\(near ?? "; there are \(names.joined(separator: ", "))")\(catalogue.unread)"
        )
    }

    /// Where settings are, or come to be.
    var settingsPath: String { settings.path.map(absolute) ?? "\(defaultSettingsDirectory())/settings.yaml" }
}

extension Plugin {
    fileprivate func missing(from grants: Grants, _ wiring: Wiring) -> Grants {
        grants.missing(for: manifest, shipped: origin == wiring.shippedPlugins)
    }

    /// A line for each thing that it asks for.
    func wishes(_ grants: Grants, _ wiring: Wiring) -> String {
        let wishes = manifest.permissions.wishes
        guard !wishes.isEmpty else { return "\(manifest.name) asks for nothing beyond its workspace" }
        let lines = wishes.map { wish in
            var state = grants.has(wish) ? "granted" : "not granted"
            switch wish {
            case .hostPath(let slot) where grants.has(wish):
                state += ": \(grants.hostPaths[slot.name, default: []].joined(separator: ", "))"
            case .network where origin == wiring.shippedPlugins: state = "granted, because it came with Penstock"
            default: break
            }
            return "  \(wish): \(state)"
        }
        return (["\(manifest.name) asks for"] + lines).joined(separator: "\n")
    }
}
