import Glibc

/// The folder of one job: `in/` to read, `out/` `tmp/` and `home/` to write. Spec: protocol, Workspace.
///
/// A worker has one for all its jobs, with `in/JOB/` to read and `jobs/JOB/` to write for each, and `tmp/` and `home/` of
/// its own. Nobody but ourselves and the owner can enter it.
public struct Workspace: Hashable, Sendable {
    /// Absolute path outside the sandbox.
    public let root: String
    /// As whom the plugin runs; nil when it runs as we do.
    public let owner: Identity?
    /// The job whose part of a worker's workspace this is; nil for a whole workspace.
    public let job: String?

    /// Names a workspace that was made before, to measure or remove it.
    public init(root: String, owner: Identity?) {
        self.root = root
        self.owner = owner
        job = nil
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
        job = nil
        let root = root
        try make(
            closed: [root, "\(root)/in"] + inputs.map { "\(root)/in/\($0)" },
            open: (["out", "tmp", "home"] + outputs.map { "out/\($0)" }).map { "\(root)/\($0)" })
    }

    /// Makes a fresh workspace for a worker.
    /// - Throws: and leaves nothing behind.
    public init(ofWorkerIn parent: String, named name: String, owner: Identity?) throws(WorkspaceError) {
        try Self.check(name)
        root = "\(parent)/\(name)"
        self.owner = owner
        job = nil
        try make(
            closed: [root] + ["in", "jobs", "ended"].map { "\(parent)/\(name)/\($0)" },
            open: ["\(root)/tmp", "\(root)/home"])
    }

    /// Makes what one job has of its worker's workspace. A running worker sees it at once.
    /// - Throws: and leaves nothing behind.
    public init(
        of job: String, in worker: Workspace, inputs: [String] = [], outputs: [String] = []
    ) throws(WorkspaceError) {
        for name in [job] + inputs + outputs { try Self.check(name) }
        root = worker.root
        owner = worker.owner
        self.job = job
        let (read, written) = ("\(worker.root)/in/\(job)", "\(worker.root)/jobs/\(job)")
        try make(
            closed: [read, written] + inputs.map { "\(read)/\($0)" },
            open: ["out", "tmp"].map { "\(written)/\($0)" } + outputs.map { "\(written)/out/\($0)" })
    }

    /// What the worker's processes have for themselves, as new: for each process.
    public func renewScratch() throws(WorkspaceError) {
        for name in ["tmp", "home"] {
            try Workspace(root: "\(root)/\(name)", owner: nil).remove()
            try makeFolder("\(root)/\(name)", mode: 0o755, writable: true)
        }
    }

    /// Where the plugin finds what it writes, relative to the root: empty, or `jobs/JOB/`.
    private var written: String { job.map { "jobs/\($0)/" } ?? "" }

    /// Relative to the root, as are those that follow.
    public func inputPath(_ artifact: String) -> String { (job.map { "in/\($0)/" } ?? "in/") + artifact }
    public func outputPath(_ artifact: String) -> String { "\(written)out/\(artifact)" }
    public var tmpPath: String { "\(written)tmp" }
    public var cachePath: String { "\(written)cache" }

    /// Absolute path outside of an input artifact's folder.
    public func input(_ artifact: String) -> String { "\(root)/\(inputPath(artifact))" }

    /// Absolute path outside of an output artifact's folder.
    public func output(_ artifact: String) -> String { "\(root)/\(outputPath(artifact))" }

    /// Lets the plugin read what was put below `in/`, whatever its modes are. Call it after that.
    ///
    /// Folders become the owner's, because git trusts no other's. A file that everybody can use as its owner can is
    /// left alone: it may be a second name of one in the artifact store.
    public func handOverInputs() throws(WorkspaceError) {
        guard let owner else { return }
        try Directory.walk(job.map { "\(root)/in/\($0)" } ?? "\(root)/in") {
            (parent, name, status) throws(WorkspaceError) in
            if status.isLentToAll { return }
            guard fchownat(parent, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw .last("hand over", text(of: name))
            }
        }
    }

    /// - Parameters:
    ///   - closed: folders that only we write; the first of them must not be there.
    ///   - open: folders that the plugin writes.
    private func make(closed: [String], open: [String]) throws(WorkspaceError) {
        // The group is the owner's alone; our own may be shared with other people.
        let mode: mode_t = owner == nil ? 0o700 : 0o750
        try makeFolder(closed[0], mode: mode, writable: false)
        do {
            for path in closed.dropFirst() { try makeFolder(path, mode: mode, writable: false) }
            for path in open { try makeFolder(path, mode: 0o755, writable: true) }
        } catch {
            try? remove()
            throw error
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

extension stat {
    /// Whether this is no folder, and everybody can read and execute it as its owner can.
    var isLentToAll: Bool {
        let needed = (st_mode >> 6) & 0o5
        return !isDirectory && st_mode & needed == needed
    }
}
