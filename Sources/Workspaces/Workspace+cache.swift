import Glibc

extension Workspace {
    /// Moves a folder that outlives jobs into the workspace, as `cache/`, and hands it over; an empty one when nothing
    /// is at `path`. Spec: protocol, `workspace.cache`
    ///
    /// While a job has it, nobody else has: a second job at the same time starts with an empty one.
    /// - Parameter path: absolute, on the same file system; `returnCache(to:)` makes the folders that lead there.
    public func borrowCache(from path: String) throws(WorkspaceError) {
        guard rename(path, cache) == 0 else {
            guard errno == ENOENT else { throw .last("move", path) }
            return try makeFolder(cache, mode: 0o755, writable: true)
        }
        var status = stat()
        guard lstat(cache, &status) == 0, status.isDirectory else {
            throw WorkspaceError(.invalidPath, "\(path) is no folder: remove it")
        }
        guard let owner, status.st_uid != owner.uid else { return }
        // The top comes last: a core that dies on the way leaves one that is handed over again.
        try Directory.walk(cache) { (parent, name, _) throws(WorkspaceError) in
            guard fchownat(parent, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw .last("hand over", text(of: name))
            }
        }
        guard lchown(cache, owner.uid, owner.gid) == 0 else { throw .last("hand over", path) }
    }

    /// Moves `cache/` back to where the next job looks for it. What is there already is removed with the workspace.
    ///
    /// The job must have ended.
    public func returnCache(to path: String) throws(WorkspaceError) {
        var status = stat()
        // Without a sandbox the plugin can have put anything there.
        guard lstat(cache, &status) == 0, status.isDirectory else { return }
        if rmdir(cache) == 0 { return }
        var folder = ""
        for name in path.split(separator: "/").dropLast() {
            folder += "/\(name)"
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last("make", folder) }
        }
        if rename(path, "\(cache)-before") != 0, errno != ENOENT { throw .last("move", path) }
        guard rename(cache, path) == 0 else { throw .last("keep", path) }
    }

    private var cache: String { "\(root)/\(cachePath)" }
}
