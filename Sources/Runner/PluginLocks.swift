import Artifacts
import PluginHost
import PluginProtocol
import Synchronization

/// Holds plugins to the lock files of their directories: a lock is read once, a plugin digested once a process.
public final class PluginLocks: Sendable {
    private struct Known {
        var locks: [String: Result<PluginLock?, InvalidLock>] = [:]
        /// By the plugin's folder; nil where nothing is wrong.
        var verdicts: [String: Failure?] = [:]
    }
    private let known = Mutex(Known())

    public init() {}

    /// Lets a plugin pass whose directory has no lock file, or one that has the plugin as it stands.
    ///
    /// It blocks: the whole folder is read the first time.
    /// - Throws: `LockMismatch` with the difference, or `ConfigurationInvalid` when lock or folder cannot be read.
    public func check(_ plugin: Plugin) throws(Failure) {
        // Held meanwhile: whoever asks for the same plugin at the same time waits for the one look at it.
        let verdict = known.withLock { known -> Failure? in
            if let verdict = known.verdicts[plugin.directory] { return verdict }
            let verdict = judge(plugin, &known.locks)
            known.verdicts[plugin.directory] = .some(verdict)
            return verdict
        }
        if let verdict { throw verdict }
    }

    private func judge(_ plugin: Plugin, _ locks: inout [String: Result<PluginLock?, InvalidLock>]) -> Failure? {
        let lock =
            locks[plugin.origin] ?? Result { () throws(InvalidLock) in try PluginLock(ofDirectory: plugin.origin) }
        locks[plugin.origin] = lock
        do {
            guard let lock = try lock.get() else { return nil }
            let content = try FolderContent(ofFolder: plugin.directory, excluding: plugin.unlockedNames)
            try lock.check(
                plugin,
                found: .init(
                    version: plugin.manifest.version, sha256: content.digest.description, files: content.entries))
            return nil
        } catch let failure as Failure {
            return failure
        } catch {
            return Failure(
                .configurationInvalid,
                "plugin \(plugin.manifest.name) cannot be compared with \(plugin.lockFile):\n\(error)")
        }
    }
}
