import CLinux
import Failpoints
import Glibc

extension Workspace {
    /// Deletes the workspace and everything in it. One that is gone already is no error.
    ///
    /// The processes of a whole one must have ended. No link is followed, names are bytes, folders without permission bits are
    /// opened first, and depth does not matter: a folder that is not empty moves up to the root and is emptied there.
    ///
    /// A job's part of a worker's workspace, whose processes live on, is taken out of their sight first.
    public func remove() throws(WorkspaceError) {
        guard let job else { return try removeFolder(root) }
        let ended = "\(root)/ended/\(job)"
        if rename("\(root)/jobs/\(job)", ended) != 0, errno != ENOENT { throw .last("move", "\(root)/jobs/\(job)") }
        try removeFolder(ended)
        try removeFolder("\(root)/in/\(job)")
    }

    private func removeFolder(_ root: String) throws(WorkspaceError) {
        var status = stat()
        guard lstat(root, &status) == 0 else {
            if errno == ENOENT { return }
            throw .last("look at", root)
        }
        guard status.isDirectory else {
            throw WorkspaceError(.invalidPath, "cannot remove \(root): it is not a folder")
        }
        csystem_unlock_directory(AT_FDCWD, root)
        try Removal(root: try Directory(root)).run()
        reach(.workspaceEmptied)
        guard rmdir(root) == 0 else { throw .last("remove", root) }
    }
}

private struct Removal: ~Copyable {
    private let root: Directory
    private var moved = 0
    /// Nobody can have made a name with it in advance.
    private let prefix = ".removed-\(Workspace.randomName())-"

    init(root: consuming Directory) { self.root = root }

    /// Each pass empties the folders that stand in the root and moves theirs up, so at last one finds nothing.
    consuming func run() throws(WorkspaceError) {
        while try pass() {}
    }

    /// True when there was something to remove.
    private mutating func pass() throws(WorkspaceError) -> Bool {
        var names: [[CChar]] = []
        try root.forEachName { name in names.append(bytes(of: name)) }
        for name in names where try !unlink(name, in: root.descriptor) {
            csystem_unlock_directory(root.descriptor, name)
            guard let folder = Directory(name, in: root.descriptor) else { throw .last("open", text(of: name)) }
            var moved = moved
            try folder.forEachName { (inner) throws(WorkspaceError) in
                if try unlink(inner, in: folder.descriptor) { return }
                // Moving a folder writes its "..", for which it must be writable.
                csystem_unlock_directory(folder.descriptor, inner)
                moved += 1
                guard renameat(folder.descriptor, inner, root.descriptor, "\(prefix)\(moved)") == 0 else {
                    throw .last("remove", text(of: inner))
                }
            }
            self.moved = moved
            guard unlinkat(root.descriptor, name, AT_REMOVEDIR) == 0 else { throw .last("remove", text(of: name)) }
        }
        return !names.isEmpty
    }
}

/// False for a folder that is not empty.
private func unlink(_ name: UnsafePointer<CChar>, in folder: Int32) throws(WorkspaceError) -> Bool {
    if unlinkat(folder, name, 0) == 0 { return true }
    let reason = errno
    if unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return true }
    if errno == ENOTEMPTY || errno == EEXIST { return false }
    if errno == ENOTDIR { errno = reason }
    throw .last("remove", text(of: name))
}
