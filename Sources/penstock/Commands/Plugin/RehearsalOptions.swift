import ArgumentParser
import Conformance
import Jansson
import PluginProtocol

/// What `plugin run`, `replay`, `shell` and `watch` share: how a plugin is rehearsed.
struct RehearsalOptions: ParsableArguments {
    @OptionGroup var surroundings: SurroundingOptions

    /// Reads a plugin that can be run.
    func plugin(_ directory: String) throws -> (folder: PluginFolder, manifest: Manifest) {
        try refuseEmpty(directory, "the plugin's folder")
        let folder = try PluginFolder(reading: directory)
        guard let manifest = folder.manifest else {
            let problems = folder.violations.map { "\(directory)/\(Manifest.fileName): \($0)" }
            throw Answer(.usage, problems.joined(separator: "\n"))
        }
        for problem in folder.fixtureProblems { complain("\(problem)") }
        return (folder, manifest)
    }

    func setting(
        _ folder: PluginFolder, _ manifest: Manifest, watch: (@Sendable (Recording.Entry) -> Void)? = nil
    ) throws -> Bench.Setting {
        var setting = Bench.Setting(
            manifest: manifest, fixtures: folder.fixtures, directory: folder.directory, launcher: Installation.launcher)
        setting.network = surroundings.network
        setting.environment = try surroundings.granted(to: folder)
        setting.secrets = try surroundings.secretValues(for: folder)
        setting.scale = surroundings.pace.scale
        setting.seed = .random(in: 1...UInt64(UInt32.max))
        setting.watch = watch
        return setting
    }
}

extension PluginFolder {
    /// - Parameter name: the first case when it is nil.
    /// - Throws: when there is no such case.
    func fixture(named name: String?) throws -> Fixture {
        guard let name else {
            guard let first = fixtures.first else {
                throw Answer(.usage, "\(self.name) has no cases to run; give it a job with --configuration KEY=VALUE")
            }
            return first
        }
        guard let fixture = fixtures.first(where: { $0.name == name }) else {
            let names = fixtures.map(\.name)
            let near = nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
            let there = names.isEmpty ? "none" : names.joined(separator: ", ")
            throw Answer(.usage, "--case \(name): there is no such case; there are \(there)\(near)")
        }
        return fixture
    }
}
