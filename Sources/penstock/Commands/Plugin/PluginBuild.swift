import Authoring
import Conformance
import Glibc
import PluginHost
import PluginProtocol
import Processes

/// A plugin's own build, for who writes it.
enum PluginBuild {
    /// Runs `run.build` of the manifest in the plugin's folder, with the terminal and the variables of who calls.
    /// - Throws: when there is none, when it fails, and when the plugin has no program afterwards.
    static func run(in directory: String) throws {
        let folder = try PluginFolder(reading: directory)
        guard let manifest = folder.manifest else {
            throw Answer(.usage, folder.violations.map { "\(directory): \($0)" }.joined(separator: "\n"))
        }
        guard let build = manifest.run.build, !build.isEmpty else {
            throw Answer(.usage, "\(directory): its manifest has no run.build, so there is nothing to build")
        }
        let command = Command(
            executable: "/usr/bin/env", arguments: build, environment: ownEnvironment(),
            directory: folder.directory)
        switch try runInForeground(command) {
        case .code(0): break
        case .code(let code):
            throw Answer(.no, "\(directory): `\(build.joined(separator: " "))` ended with status \(code)")
        case .signal(let signal):
            throw Answer(.no, "\(directory): `\(build.joined(separator: " "))` was ended by signal \(signal)")
        }
        do {
            _ = try Plugin(manifest: manifest, directory: folder.directory, origin: directory).executable()
        } catch {
            throw Answer(.no, "built, but \(error.message)")
        }
    }
}
