import ArgumentParser
import Authoring
import PluginHost
import PluginProtocol

extension PluginCommand {
    struct Lock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes down what plugins are now, so that a changed one is refused.",
            discussion: """
                Writes plugins.lock in the first --plugins directory, or in the one where plugins are installed: name, \
                version and SHA-256 of the folder of each plugin. From then on a plugin of that directory which is not \
                in it, or not as it was, is refused before it starts.
                """)

        @Argument(help: "Names; all plugins of the directory if absent.") var names: [String] = []
        @OptionGroup var plugins: PluginOptions

        func run() async throws {
            try await PluginDirectory.changing(plugins.home) { directory in
                let old = try readable(directory)
                let changes = try directory.relock(names, from: old)
                for change in changes { print(printable(change.description)) }
                for problem in directory.catalogue.problems { complain(problem.description) }
                try tellUnlocked(directory)
            }
        }

        /// What it was that others have agreed to cannot be told from a lock file that is none.
        private func readable(_ directory: PluginDirectory) throws -> PluginLock? {
            do {
                return try directory.lock()
            } catch {
                throw Answer(
                    .usage, "\(error)\nnothing is locked; to lock all plugins as they are now, remove the file first")
            }
        }

        private func tellUnlocked(_ directory: PluginDirectory) throws {
            let lock = try directory.lock() ?? PluginLock()
            let others = directory.catalogue.plugins.map(\.manifest.name).filter { lock.plugins[$0] == nil }
            guard !others.isEmpty else { return }
            complain("not in the lock, so refused from now on: \(others.joined(separator: ", "))")
        }
    }
}
