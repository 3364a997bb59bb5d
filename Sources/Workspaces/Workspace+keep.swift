import Glibc

extension Workspace {
    /// Moves the workspace to where it stays, on the same file system. Its processes must have ended.
    ///
    /// Of a worker's workspace, whose processes live on, only what the job had goes: it becomes a whole one, with an empty
    /// `home/`.
    /// - Parameter path: absolute; its parent is there, and it is not.
    /// - Throws: and leaves the workspace as it can still be removed.
    public func move(to path: String) throws(WorkspaceError) {
        guard let job else {
            guard rename(root, path) == 0 else { throw .last("keep", path) }
            return
        }
        let kept = Workspace(root: path, owner: owner)
        try kept.makeFolder(path, mode: owner == nil ? 0o700 : 0o750, writable: false)
        try kept.makeFolder("\(path)/home", mode: 0o755, writable: true)
        // First out of the worker's sight, and nothing that it put in the folder's place is followed.
        let ended = "ended/\(job)"
        guard rename("\(root)/jobs/\(job)", "\(root)/\(ended)") == 0 else { throw .last("keep", path) }
        try Workspace.requireFolder("\(root)/\(ended)")
        for (from, to) in [("in/\(job)", "in"), ("\(ended)/out", "out"), ("\(ended)/tmp", "tmp")] {
            guard rename("\(root)/\(from)", "\(path)/\(to)") == 0 else { throw .last("keep", path) }
        }
    }

    /// A workspace that was kept, with the owner that it has.
    /// - Throws: when it is not there, or a link is in it where a sandbox would follow it.
    public init(keptAt path: String) throws(WorkspaceError) {
        for name in ["in", "out", "tmp", "home"] { try Self.requireFolder("\(path)/\(name)") }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .last("look at", path) }
        // A slot's user has a group of the same number, as which it enters; ours does not come in.
        let isOurs = status.st_mode & 0o070 == 0
        self.init(root: path, owner: isOurs ? nil : Identity(uid: status.st_gid, gid: status.st_gid))
    }

    private static func requireFolder(_ path: String) throws(WorkspaceError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .last("look at", path) }
        guard status.isDirectory else { throw WorkspaceError(.invalidPath, "\(path) is no folder: it is not used") }
    }

    /// Gives the workspace, with all that is not ours in it, to another slot's user; only root can.
    public func handOver(to user: Identity) throws(WorkspaceError) -> Workspace {
        func give(_ parent: Int32, _ name: UnsafePointer<CChar>, _ status: stat) throws(WorkspaceError) {
            let isOurs = status.st_uid == geteuid()
            // It may be a second name of one in the artifact store, and everybody can read it.
            if isOurs, status.isLentToAll { return }
            let uid = isOurs ? status.st_uid : user.uid
            guard fchownat(parent, name, uid, user.gid, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw .last("hand over", text(of: name))
            }
        }
        try Directory.walk(root, visit: give)
        // The top comes last: whoever dies on the way leaves one that is handed over again.
        guard lchown(root, geteuid(), user.gid) == 0 else { throw .last("hand over", root) }
        return Workspace(root: root, owner: user)
    }

    /// Puts a file into `tmp/`, the owner's to read and nobody else's; one of that name is replaced.
    ///
    /// What the plugin has put there is not followed.
    public func put(_ bytes: [UInt8], inTmp name: String) throws(WorkspaceError) {
        let path = "\(root)/\(tmpPath)/\(name)"
        let folder = try Directory("\(root)/\(tmpPath)")
        guard unlinkat(folder.descriptor, name, 0) == 0 || errno == ENOENT else { throw .last("replace", path) }
        let file = openat(folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .last("make", path) }
        defer { close(file) }
        if let owner, fchown(file, owner.uid, owner.gid) != 0 { throw .last("hand over", path) }
        guard bytes.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == bytes.count else {
            throw .last("write", path)
        }
    }
}
