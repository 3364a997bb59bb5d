import CLinux
import Conformance
import Glibc
import PluginHost
import PluginProtocol

extension PluginDirectory {
    /// The plugin that a candidate would take the place of.
    /// - Throws: when something else stands in its way.
    public func predecessor(of name: String) throws(TrustError) -> Plugin? {
        let target = "\(path)/\(name)"
        let catalogue = catalogue
        let namesakes = catalogue.plugins.filter { $0.manifest.name == name }
        if let other = namesakes.first(where: { $0.directory != realPath(target) }) {
            throw TrustError("\(name): is installed already, in \(other.directory); remove it, or put it at \(target)")
        }
        guard let kind = mode(of: target).map({ $0 & S_IFMT }) else { return nil }
        guard let plugin = namesakes.first, kind == S_IFDIR else {
            throw TrustError("\(target): is there already, and is not the folder of a plugin \(name); move it away")
        }
        return plugin
    }

    /// Puts a candidate in its place, at once, and locks it.
    ///
    /// A predecessor is exchanged for it: at any moment the one or the other is there, whole.
    /// - Returns: what was locked. Where there was no lock file, that is every plugin of the directory.
    /// - Throws: with nothing changed, unless it is about the lock file.
    public func install(_ candidate: Candidate) throws -> [LockChange] {
        let name = candidate.folder.name
        let lock = try lock()
        let isReplacing = try predecessor(of: name) != nil
        sync(candidate.folder.directory)
        guard csystem_rename(candidate.folder.directory, "\(path)/\(name)", isReplacing ? 1 : 0) == 0 else {
            if isReplacing, [EINVAL, ENOSYS].contains(errno) {
                throw TrustError("\(path): its file system cannot exchange two folders; remove \(name) before")
            }
            throw TrustError.system(errno, "cannot be put in its place", "\(path)/\(name)")
        }
        syncDirectory(path)
        do {
            return try relock(lock == nil ? [] : [name], from: lock)
        } catch {
            throw TrustError("\(name) is installed, but not locked: \(error)")
        }
    }

    /// Removes a plugin, at once, and takes it out of the lock file.
    /// - Throws: with nothing changed, unless it is about the lock file.
    public func remove(_ plugin: Plugin) throws {
        var lock = try lock()
        guard let folder = names(in: path)?.first(where: { realPath("\(path)/\($0)") == plugin.directory }) else {
            throw TrustError("\(path): is the folder of the plugin \(plugin.manifest.name) itself; remove it yourself")
        }
        try makeStaging()
        guard rename("\(path)/\(folder)", "\(staging)/removed") == 0 else {
            throw TrustError.system(errno, "cannot be removed", "\(path)/\(folder)")
        }
        syncDirectory(path)
        guard lock?.plugins.removeValue(forKey: plugin.manifest.name) != nil, let lock else { return }
        try write(lock)
    }

    /// Before it is in its place, all of it is on disk.
    private func sync(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        csystem_syncfs(descriptor)
        close(descriptor)
    }
}
