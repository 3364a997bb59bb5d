import ArgumentParser
import Authoring
import Conformance
import Jansson
import PluginHost
import PluginProtocol
import Processes

/// What `plugin run`, `replay`, `shell` and `watch` share: how a plugin is rehearsed.
struct RehearsalOptions: ParsableArguments {
    @OptionGroup var surroundings: SurroundingOptions

    /// Reads a plugin.
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

    /// Makes sure that a plugin can be started, and says when it is to be built again.
    func requireProgram(_ folder: PluginFolder, _ manifest: Manifest, named directory: String) throws {
        do {
            let plugin = Plugin(manifest: manifest, directory: folder.directory, origin: directory)
            _ = try plugin.executable()
            try plugin.checkRequirements()
        } catch {
            let build = manifest.run.build == nil ? "" : "; penstock plugin build \(shellWord(directory))"
            throw Answer(.no, error.message + build)
        }
        if let program = folder.staleProgram(manifest) {
            complain("\(program) is older than what it is built from: penstock plugin build \(shellWord(directory))")
        }
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
        setting.endsFloods = true
        return setting
    }

    /// Tries a plugin, and clears everything away whatever happens.
    func rehearsing<Value: Sendable>(
        on bench: Bench, _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        do {
            return try await bench.closing { try await interruptible(work) }
        } catch let fault as KitFault where fault.fixture != nil {
            // It is the plugin's, or its case's.
            throw Answer(.no, "case \(fault.fixture!): \(fault)")
        }
    }
}

extension PluginFolder {
    /// - Parameter name: the first case when it is nil.
    /// - Throws: when there is no such case.
    func fixture(named name: String?) throws -> Fixture {
        if let name { _ = try cases(named: [name]) }
        guard let fixture = name.map({ name in fixtures.first { $0.name == name } }) ?? fixtures.first else {
            throw Answer(.usage, "\(self.name) has no cases to run; give it a job with --configuration KEY=VALUE")
        }
        return fixture
    }

    /// The program that the plugin's build makes, if something else of the folder is newer.
    fileprivate func staleProgram(_ manifest: Manifest) -> String? {
        guard manifest.run.build != nil else { return nil }
        let program = manifest.run.command[0]
        return Fingerprint(of: directory).isOlder(
            program, without: ["conformance", "fixtures", "plugin.json", "README.md"])
            ? program : nil
    }
}

extension Bench {
    /// Does something here, and clears everything away whatever happens.
    nonisolated func closing<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        do {
            let value = try await work()
            await close()
            return value
        } catch {
            await close()
            throw error
        }
    }
}
