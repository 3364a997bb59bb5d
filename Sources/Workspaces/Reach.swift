import CLinux
import Glibc

/// What a user without further groups can reach, judged by owners and modes as the kernel does.
///
/// Root asks this before it starts something as that user: afterwards there is only "Permission denied".
struct Reach {
    let identity: Identity

    /// - Throws: naming the folder whose mode stops the user, and the command that mends it.
    func require(_ path: String, writing: Bool) throws(WorkspaceError) {
        guard let real = realPath(path) else { throw .last("look at", path) }
        var prefix = ""
        for name in real.split(separator: "/").dropLast() {
            prefix += "/\(name)"
            try require(prefix, 0o1, "enter", "chmod o+x")
        }
        let isFolder = stat(path: real)?.isDirectory ?? false
        try require(real, isFolder ? 0o5 : 0o4, "read", isFolder ? "chmod o+rx" : "chmod o+r")
        if writing { try require(real, 0o2, "write", "chown -R \(identity.uid):\(identity.gid)") }
    }

    /// Whether the folder and all in it can be read.
    func canRead(tree: String) -> Bool {
        do {
            try require(tree, writing: false)
            try Directory.walk(tree) { (_, name, status) throws(WorkspaceError) in
                if status.isSymbolicLink || allows(status, status.isDirectory ? 0o5 : 0o4) { return }
                throw WorkspaceError(.unreachable, text(of: name))
            }
            return true
        } catch {
            return false
        }
    }

    private func require(
        _ path: String, _ bits: mode_t, _ verb: String, _ remedy: String
    ) throws(WorkspaceError) {
        guard let status = stat(path: path) else { throw .last("look at", path) }
        // An access list can grant what the mode does not show: then only trying tells.
        if allows(status, bits) || csystem_has_access_list(path) != 0 { return }
        throw WorkspaceError(
            .unreachable,
            "the user \(identity.uid), as whom this plugin runs, cannot \(verb) \(path) (mode"
                + " \(String(status.st_mode & 0o7777, radix: 8)), owner \(status.st_uid)): \(remedy) \(path)")
    }

    private func allows(_ status: stat, _ bits: mode_t) -> Bool {
        let shift: mode_t = status.st_uid == identity.uid ? 6 : status.st_gid == identity.gid ? 3 : 0
        return (status.st_mode >> shift) & bits == bits
    }
}

/// Absolute and without links; nil when nothing is there.
func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
}
