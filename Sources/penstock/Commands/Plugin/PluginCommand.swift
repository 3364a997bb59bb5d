import ArgumentParser
import Jansson
import PluginHost
import PluginProtocol
import Runner
import Settings

struct PluginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Makes, tries and looks at plugins, and says which are trusted.",
        subcommands: [
            New.self, Run.self, Replay.self, Shell.self, Watch.self, Build.self, List.self, Show.self,
            Install.self, Remove.self, Lock.self, Grant.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the plugins and the action types they serve.")
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let wiring = try Wiring(common)
            let catalogue = wiring.catalogue
            var refusals: [String] = []
            for plugin in catalogue.plugins {
                let types = plugin.manifest.actionTypes.map(\.id.description)
                do { try wiring.locks.check(plugin) } catch { refusals.append(error.message) }
                switch common.format {
                case .json:
                    print(
                        JSON.object([
                            "name": .string(plugin.manifest.name), "version": .string(plugin.manifest.version),
                            "directory": .string(plugin.directory), "actionTypes": .strings(types),
                        ]).text)
                case .human:
                    print("\(plugin.manifest.name) \(plugin.manifest.version)  \(plugin.directory)")
                    for type in types { print("  \(type)") }
                }
            }
            for problem in catalogue.problems { complain(problem.description) }
            for refusal in refusals { complain(refusal) }
            throw Answer(catalogue.problems.isEmpty && refusals.isEmpty ? .yes : .no)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one plugin: what it takes, needs and may do.")
        @Argument(help: "The plugin's name.") var name: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let wiring = try Wiring(common)
            let plugin = try wiring.plugin(name)
            let manifest = plugin.manifest
            print("\(manifest.name) \(manifest.version)  \(plugin.directory)")
            if let description = manifest.description { print(description) }
            print("requires   \(manifest.run.requires.joined(separator: ", "))")
            for wish in manifest.permissions.wishes { print("asks for   \(wish)") }
            for problem in plugin.problems(wiring) { print("problem    \(problem)") }
            for type in manifest.actionTypes { show(type) }
        }

        private func show(_ type: ActionType) {
            print("\n\(type.id)  \(type.inputArtifacts.words) in, \(type.outputArtifacts.words) out")
            for property in type.configurationProperties {
                let traits = [property.required ? "required" : nil, property.secret ? "secret" : nil].compactMap { $0 }
                let suffix = traits.isEmpty ? "" : " (\(traits.joined(separator: ", ")))"
                print("  \(property.name)\(suffix)\(property.description.map { ": \($0)" } ?? "")")
            }
            if let settings = type.providerSettings {
                print("  settings: \(type.id.provider): {\(settings.collection): {\(settings.key): {…}}}")
                for member in settings.entry {
                    print("    \(member.name)\(member.required ? " (required)" : ""): \(member.description)")
                }
            }
        }
    }
}

extension ClosedRange<Int> {
    var words: String { lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)" }
}

extension Plugin {
    /// What keeps this plugin from running here.
    func problems(_ wiring: Wiring) -> [String] {
        var problems: [String] = []
        do { try wiring.locks.check(self) } catch { problems.append(error.message) }
        do { _ = try executable() } catch { problems.append(error.message) }
        do { try checkRequirements() } catch { problems.append(error.message) }
        do {
            _ = try wiring.settings.grants(of: manifest.name).narrowed(
                to: manifest, shipped: origin == wiring.shippedPlugins, options: options + wiring.settings.options)
        } catch { problems.append(error.message) }
        return problems
    }
}
