import Glibc

/// The folder of one job: `in/` to read, `out/` `tmp/` and `home/` to write. Spec: protocol, Workspace.
///
/// Nobody but ourselves and the owner can enter it.
public struct Workspace: Hashable, Sendable {
    /// Absolute path outside the sandbox.
    public let root: String
    /// As whom the plugin runs; nil when it runs as we do.
    public let owner: Identity?

    /// Names a workspace that was made before, to measure or remove it.
    public init(root: String, owner: Identity?) {
        self.root = root
        self.owner = owner
    }

    /// Makes a fresh workspace below `parent`, which must exist.
    /// - Parameters:
    ///   - name: of the folder; random when nil.
    ///   - inputs: artifact folders to make empty below `in/`, to be filled by us.
    ///   - outputs: artifact folders to make below `out/`, to be filled by the plugin.
    /// - Throws: and leaves nothing behind.
    public init(
        in parent: String, named name: String? = nil, owner: Identity?, inputs: [String] = [], outputs: [String] = []
    ) throws(WorkspaceError) {
        let name = name ?? Self.randomName()
        for name in [name] + inputs + outputs { try Self.check(name) }
        root = "\(parent)/\(name)"
        self.owner = owner
        // The group is the owner's alone; our own may be shared with other people.
        let closed: mode_t = owner == nil ? 0o700 : 0o750
        try makeFolder(root, mode: closed, writable: false)
        do {
            for name in ["in"] + inputs.map({ "in/\($0)" }) {
                try makeFolder("\(root)/\(name)", mode: closed, writable: false)
            }
            for name in ["out", "tmp", "home"] + outputs.map({ "out/\($0)" }) {
                try makeFolder("\(root)/\(name)", mode: 0o755, writable: true)
            }
        } catch {
            try? remove()
            throw error
        }
    }

    /// Absolute path outside of an input artifact's folder.
    public func input(_ artifact: String) -> String { "\(root)/in/\(artifact)" }

    /// Absolute path outside of an output artifact's folder.
    public func output(_ artifact: String) -> String { "\(root)/out/\(artifact)" }

    /// Lets the plugin read what was put below `in/`, whatever its modes are. Call it after that.
    ///
    /// Folders become the owner's, because git trusts no other's. A file that everybody can use as its owner can is
    /// left alone: it may be a second name of one in the artifact store.
    public func handOverInputs() throws(WorkspaceError) {
        guard let owner else { return }
        try Directory.walk("\(root)/in") { (parent, name, status) throws(WorkspaceError) in
            let needed = (status.st_mode >> 6) & 0o5
            if !status.isDirectory, status.st_mode & needed == needed { return }
            guard fchownat(parent, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw .last("hand over", text(of: name))
            }
        }
    }

    func makeFolder(_ path: String, mode: mode_t, writable: Bool) throws(WorkspaceError) {
        guard mkdir(path, 0o700) == 0 else { throw .last("make", path) }
        // What we keep to ourselves for writing the owner reads through its group.
        if let owner, chown(path, writable ? owner.uid : geteuid(), owner.gid) != 0 {
            throw .last("hand over", path)
        }
        // mkdir's mode would be subject to the umask.
        guard chmod(path, mode) == 0 else { throw .last("set the mode of", path) }
    }

    private static func check(_ name: String) throws(WorkspaceError) {
        let refused = name.isEmpty || name == "." || name == ".." || name.utf8.contains(UInt8(ascii: "/"))
        guard !refused, !name.utf8.contains(0), name.utf8.count <= 255 else {
            throw WorkspaceError(
                .invalidPath, "'\(name)' cannot name a folder: it takes 1 to 255 bytes without '/', and not '.' or '..'"
            )
        }
    }

    static func randomName() -> String {
        let number = UInt64.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
