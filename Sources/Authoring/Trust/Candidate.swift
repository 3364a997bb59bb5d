import Artifacts
import Conformance
import Glibc
import PluginHost
import PluginProtocol
import Processes

/// A plugin that is to be installed: a copy of it that nobody uses yet.
public struct Candidate: Sendable {
    public let folder: PluginFolder
    /// Where it comes from, for a reader: with the commit of a repository.
    public let origin: String
    /// What somebody who installs it should know.
    public let notes: [String]

    /// The manifest's, which is there unless the rules of the manifest are broken.
    public var manifest: Manifest? { folder.manifest }

    /// Whether its program is not there, and can be built.
    public var needsBuild: Bool {
        guard let run = manifest?.run, run.build != nil else { return false }
        return access("\(folder.directory)/\(run.command[0])", F_OK) != 0
    }

    /// Runs the manifest's `build` in the copy; it is the author's code, with all the rights of whoever runs us.
    /// - Parameter told: each line that it writes.
    /// - Throws: when there is nothing to run, or it fails.
    public func build(_ told: (String) -> Void) async throws {
        guard let words = manifest?.run.build, let name = words.first else {
            throw TrustError("\(folder.name): its manifest has no run.build")
        }
        let program = Program(
            name, Array(words.dropFirst()), environment: ownEnvironment(), directory: folder.directory)
        guard let program else { throw TrustError("\(folder.name): run.build starts \(name), which is not there") }
        let exit = try await program.run { told(String(decoding: $0.bytes, as: UTF8.self)) }
        guard exit == .code(0) else {
            throw TrustError(
                "\(folder.name): its build failed: \(words.joined(separator: " ")) ended with \(exit.words)")
        }
        try tidy(folder.directory)
    }
}

extension PluginDirectory {
    /// Copies a plugin to where it can be looked at; nothing of it is executed.
    /// - Throws: `TrustError` or `ArtifactError`: it is not there, holds no plugin, or something that no plugin may hold.
    public func stage(_ source: PluginSource) async throws -> Candidate {
        try makeStaging()
        let fetched = "\(staging)/fetched"
        var (root, origin, notes) = (fetched, source.description, [String]())
        switch source {
        case .directory(let path):
            if "\(realPath(self.path) ?? self.path)/".hasPrefix("\(path)/") {
                throw TrustError(
                    "\(path): holds \(self.path), where plugins are installed; name the folder of one plugin")
            }
            root = path
        case .archive(let path):
            let store = try ArtifactStore(directory: "\(staging)/archive")
            try store.materialise(try store.ingest(archive: path, limits: pluginLimits), into: fetched)
        case .repository(let url, let revision):
            let commit = try await Repository(url: url, revision: revision, shown: origin).checkOut(into: fetched)
            origin += " (commit \(commit))"
            if access("\(fetched)/.gitmodules", F_OK) == 0 {
                notes.append("the repository's submodules are not fetched")
            }
        }
        let copy = "\(staging)/plugin"
        let store = try ArtifactStore(directory: "\(staging)/store")
        let digest = try store.ingest(
            directory: try pluginRoot(of: root, source), excluding: unkept, limits: pluginLimits)
        try store.materialise(digest, into: copy)
        try tidy(copy)
        for path in [fetched, "\(staging)/archive", "\(staging)/store"] { removeTree(path) }
        return Candidate(folder: try PluginFolder(reading: copy), origin: origin, notes: notes)
    }

    /// The folder with the `plugin.json`: the top, or the one folder there that has one.
    private func pluginRoot(of path: String, _ source: PluginSource) throws(TrustError) -> String {
        func isPlugin(_ folder: String) -> Bool { mode(of: "\(folder)/\(Manifest.fileName)") != nil }
        if isPlugin(path) { return path }
        let below = (names(in: path) ?? []).filter { isPlainDirectory("\(path)/\($0)") && isPlugin("\(path)/\($0)") }
        switch below.count {
        case 1: return "\(path)/\(below[0])"
        case 0:
            throw TrustError(
                "\(source.description): holds no plugin: there is no \(Manifest.fileName) at its top, nor in a folder there"
            )
        default:
            throw TrustError(
                "\(source.description): holds several plugins, \(below.joined(separator: ", ")); install one")
        }
    }
}

/// More than any plugin has that was seen; those with a runtime of their own have a few hundred megabytes.
private let pluginLimits = ArtifactLimits(totalBytes: 1 << 30, entries: 50_000)

/// What belongs to the author's way of working, and not to the plugin.
private let unkept: Set<String> = [".git", ".hg", ".svn"]

/// Gives files and folders the modes that every user of a sandbox can work with, and removes what is not kept.
private func tidy(_ folder: String) throws(TrustError) {
    for name in names(in: folder) ?? [] {
        let path = "\(folder)/\(name)"
        guard !unkept.contains(name) else {
            removeTree(path)
            continue
        }
        guard let mode = mode(of: path), mode & S_IFMT != S_IFLNK else { continue }
        let isOpen = mode & S_IFMT == S_IFDIR || mode & 0o100 != 0
        guard chmod(path, isOpen ? 0o755 : 0o644) == 0 else { throw .system(errno, "its mode cannot be changed", path) }
        if mode & S_IFMT == S_IFDIR { try tidy(path) }
    }
}
