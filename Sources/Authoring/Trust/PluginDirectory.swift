import Artifacts
import Conformance
import Glibc
import Jansson
import PluginHost
import PluginProtocol

/// A directory of plugins that is being changed, by nobody else meanwhile.
///
///     NAME/                    a plugin
///     plugins.lock             what the plugins are trusted to be
///     .penstock-XXXXXXXX/      what is not finished; what a killed process left of it, the next one removes
public struct PluginDirectory: Sendable {
    /// Absolute.
    public let path: String
    /// On the same file system, for what is to be moved into its place or out of it.
    let staging: String

    /// Changes a directory, which is made if it is not there; whatever `change` leaves unfinished is removed.
    /// - Throws: `TrustError` when it cannot be had, and what `change` does.
    public static func changing<Value>(
        _ path: String, _ change: (PluginDirectory) async throws -> Value
    ) async throws -> Value {
        guard realPath(path) != "/" else { throw TrustError("/: is no place for plugins; name another directory") }
        try makeDirectory(path)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TrustError.system(errno, "cannot be opened", path) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw TrustError("\(path): somebody else is changing its plugins just now; try again when that has ended")
        }
        // Closing is not enough while a child that is just being started has a copy of the descriptor.
        defer { flock(descriptor, LOCK_UN) }
        for name in names(in: path) ?? [] where name.hasPrefix(stagingPrefix) { removeTree("\(path)/\(name)") }
        let directory = PluginDirectory(
            path: path, staging: "\(path)/\(stagingPrefix)\(String(UInt32.random(in: .min ... .max), radix: 16))")
        defer { removeTree(directory.staging) }
        return try await change(directory)
    }

    /// Makes the place for what is unfinished.
    func makeStaging() throws(TrustError) {
        guard mkdir(staging, 0o755) == 0 || errno == EEXIST else { throw .system(errno, "cannot be written", path) }
    }

    /// What is in the directory now.
    public var catalogue: PluginCatalogue { PluginCatalogue(searching: [path]) }

    /// A plugin of this directory.
    /// - Throws: when there is none of that name, with the near ones.
    public func plugin(named name: String) throws(TrustError) -> Plugin {
        let catalogue = catalogue
        if let plugin = catalogue.plugin(named: name) { return plugin }
        let names = catalogue.plugins.map(\.manifest.name)
        let near = nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" }
        let there = names.isEmpty ? "there is none" : "there are \(names.joined(separator: ", "))"
        throw TrustError("\(name): no such plugin in \(path)\(near ?? "; \(there)")\(catalogue.unread)")
    }
}

private let stagingPrefix = ".penstock-"

// MARK: The lock

/// What became of one plugin in a lock file.
public enum LockChange: Hashable, Sendable, CustomStringConvertible {
    case locked(name: String, PluginLock.Entry)
    case unchanged(name: String, PluginLock.Entry)
    case changed(name: String, PluginLock.Entry, PluginLock.Difference)
    case dropped(name: String)

    public var description: String {
        switch self {
        case .locked(let name, let entry): "locked    \(name) \(entry.version)  \(entry.sha256)"
        case .unchanged(let name, let entry): "unchanged \(name) \(entry.version)  \(entry.sha256)"
        case .changed(let name, let entry, let difference):
            "changed   \(name) \(entry.version)  \(entry.sha256): \(difference)"
        case .dropped(let name): "dropped   \(name): it is not there any more"
        }
    }
}

extension PluginDirectory {
    /// The lock file; nil when there is none.
    public func lock() throws(InvalidLock) -> PluginLock? { try PluginLock(ofDirectory: path) }

    func write(_ lock: PluginLock) throws(TrustError) {
        let file = "\(path)/\(PluginLock.fileName)"
        // Behind a link there is something of somebody else's.
        if let mode = mode(of: file), mode & S_IFMT != S_IFREG {
            throw TrustError("\(file): is no regular file, as a lock is; remove it, and lock again")
        }
        try replaceFile(file, with: lock.json.prettyPrinted + "\n", mode: 0o644)
    }

    /// Locks plugins as they are now.
    /// - Parameters:
    ///   - wanted: names; all plugins of the directory when empty, and what is no longer there is dropped.
    ///   - old: what the lock file has; nil when there is none.
    /// - Throws: when a plugin is not there, or there twice, or cannot be read.
    public func relock(_ wanted: [String], from old: PluginLock?) throws -> [LockChange] {
        let plugins = catalogue.plugins
        guard !plugins.isEmpty else { throw TrustError("\(path): there is no plugin to lock\(catalogue.unread)") }
        for name in wanted { _ = try plugin(named: name) }
        let chosen = plugins.filter { wanted.isEmpty || wanted.contains($0.manifest.name) }
        for (name, same) in Dictionary(grouping: chosen, by: \.manifest.name) where same.count > 1 {
            let folders = same.map(\.directory).joined(separator: " and ")
            throw TrustError("\(path): the plugin \(name) is there twice, in \(folders); remove one of them")
        }
        var lock = wanted.isEmpty ? PluginLock() : old ?? PluginLock()
        for plugin in chosen { lock.plugins[plugin.manifest.name] = try PluginLock.Entry(plugin) }
        try write(lock)
        return changes(from: old ?? PluginLock(), to: lock, of: chosen.map(\.manifest.name))
    }

    private func changes(from old: PluginLock, to new: PluginLock, of names: [String]) -> [LockChange] {
        let kept = names.sorted().map { name -> LockChange in
            let entry = new.plugins[name]!
            guard let before = old.plugins[name] else { return .locked(name: name, entry) }
            if before == entry { return .unchanged(name: name, entry) }
            return .changed(name: name, entry, .init(from: before, to: entry))
        }
        return kept + old.plugins.keys.filter { new.plugins[$0] == nil }.sorted().map { .dropped(name: $0) }
    }
}

extension PluginLock.Entry {
    /// A plugin as it stands.
    init(_ plugin: Plugin) throws(ArtifactError) {
        let content = try FolderContent(ofFolder: plugin.directory, excluding: plugin.unlockedNames)
        self.init(
            version: plugin.manifest.version, sha256: content.digest.description, files: content.entries)
    }
}
