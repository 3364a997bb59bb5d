import Jansson
import PluginProtocol
import Processes

/// What a `plugins.lock` says: the plugins of its directory as they were when somebody trusted them.
///
/// ```
/// {"lockVersion": 1, "plugins": {"acme": {"version": "1.0.0", "sha256": "9f86…", "files": {"run": "Fx60303a…"}}}}
/// ```
public struct PluginLock: Hashable, Sendable {
    public static let fileName = "plugins.lock"
    static let formatVersion = 1

    /// One plugin as it was.
    public struct Entry: Hashable, Sendable {
        public var version: String
        /// Of the folder's content, 64 hexadecimal digits.
        public var sha256: String
        /// By path: `Fx` or `F-` (whether it is executable) and the SHA-256 of a file, `D`, `L` and a link's target, `O`.
        public var files: [String: String]

        public init(version: String, sha256: String, files: [String: String]) {
            self.version = version
            self.sha256 = sha256
            self.files = files
        }
    }

    /// By the plugin's name.
    public var plugins: [String: Entry]

    public init(plugins: [String: Entry] = [:]) { self.plugins = plugins }

    /// As it stands in the file.
    public var json: JSON {
        let entries = plugins.mapValues { entry -> JSON in
            ["version": .string(entry.version), "sha256": .string(entry.sha256), "files": .strings(entry.files)]
        }
        return ["lockVersion": .integer(Int64(Self.formatVersion)), "plugins": .object(entries)]
    }

    /// Refuses a plugin that is not what the lock has.
    /// - Parameter found: what the plugin is now.
    /// - Throws: `LockMismatch` with the difference and the command for who trusts it.
    public func check(_ plugin: Plugin, found: Entry) throws(Failure) {
        guard let locked = plugins[plugin.manifest.name] else {
            throw Failure(
                .lockMismatch,
                "plugin \(plugin.manifest.name) \(plugin.manifest.version) is not in \(plugin.lockFile), so it is not"
                    + " trusted. If you trust it: \(plugin.lockCommand)")
        }
        guard locked != found else { return }
        throw Failure(
            .lockMismatch,
            "plugin \(plugin.manifest.name) is not what \(plugin.lockFile) has:"
                + " \(Difference(from: locked, to: found)). If you trust it as it is now: \(plugin.lockCommand)")
    }

    /// What is different in a plugin.
    public struct Difference: Hashable, Sendable, CustomStringConvertible {
        public let versions: [String]
        public let changed: [String]
        public let added: [String]
        public let removed: [String]
        /// Whether no file says why the digests differ.
        private let isOfDigestAlone: Bool

        public init(from old: Entry, to new: Entry) {
            versions = old.version == new.version ? [] : [old.version, new.version]
            changed = new.files.filter { old.files[$0.key] != nil && old.files[$0.key] != $0.value }.keys.sorted()
            added = new.files.keys.filter { old.files[$0] == nil }.sorted()
            removed = old.files.keys.filter { new.files[$0] == nil }.sorted()
            isOfDigestAlone = old.files == new.files && old.sha256 != new.sha256
        }

        /// `version 1.0.0 → 1.1.0; changed bin/plugin; added lib/x.py, lib/y.py and 12 more`
        public var description: String {
            let parts =
                (versions.isEmpty ? [] : ["version \(versions.joined(separator: " → "))"])
                + [("changed", changed), ("added", added), ("removed", removed)].compactMap { word, paths in
                    guard !paths.isEmpty else { return nil }
                    let more = paths.count > shownPaths ? " and \(paths.count - shownPaths) more" : ""
                    let shown = paths.prefix(shownPaths).map { $0.prefix(200) }
                    return "\(word) \(shown.joined(separator: ", "))\(more)"
                }
            let digest = isOfDigestAlone ? ["the sha256 of the whole, though no file differs: the lock was edited"] : []
            return (parts + digest).joined(separator: "; ")
        }
    }
}

/// Of each kind: enough to know where to look.
private let shownPaths = 4

extension Plugin {
    /// The lock file that would have to have it.
    public var lockFile: String { "\(origin)/\(PluginLock.fileName)" }

    /// Names at the top of its folder that the lock is not about.
    public var unlockedNames: Set<String> {
        // The lock of a directory that is a plugin's folder itself cannot hold its own digest.
        realPath(origin) == directory ? [".git", PluginLock.fileName] : [".git"]
    }

    var lockCommand: String { "penstock plugin lock \(manifest.name) --plugins \(shellWord(origin))" }
}
