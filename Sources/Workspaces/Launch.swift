import Glibc

/// What one job or worker starts, before it is known in which sandbox.
public struct Launch: Hashable, Sendable {
    /// The plugin's folder outside; inside it is `/plugin`, or where it is.
    public var plugin: String
    /// The program, relative to the plugin's folder unless it is absolute, and its arguments.
    public var command: [String]
    public var workspace: Workspace
    /// All that the plugin sees, beside `PWD`.
    public var environment: [String: String]
    /// The host's network, with its loopback and its abstract sockets; without it there is a loopback of the job's own.
    public var network: Bool
    public var hostPaths: [HostPath]
    /// Whether the workspace has a `cache/` to write.
    public var hasCache: Bool
    /// Whether the workspace is a worker's.
    public var isWorker: Bool
    /// For a person at a terminal: what is started stays in our session, which the terminal belongs to, and no status is
    /// told.
    public var isInteractive = false
    public var limits: Limits
    /// Whose memory limit counts, if it has one.
    public var group: ControlGroup?

    public init(
        plugin: String, command: [String], workspace: Workspace, environment: [String: String] = [:],
        network: Bool = false, hostPaths: [HostPath] = [], hasCache: Bool = false, isWorker: Bool = false,
        limits: Limits = Limits()
    ) {
        precondition(!command.isEmpty, "a launch names a program")
        self.plugin = plugin
        self.command = command
        self.workspace = workspace
        self.environment = environment
        self.network = network
        self.hostPaths = hostPaths
        self.hasCache = hasCache
        self.isWorker = isWorker
        self.limits = limits
    }
}

/// A file or folder of the host that the operator has granted.
public struct HostPath: Hashable, Sendable {
    /// Absolute, outside.
    public var path: String
    /// Absolute, inside; the same as outside unless given.
    public var inside: String
    public var writable: Bool

    public init(_ path: String, inside: String? = nil, writable: Bool = false) {
        self.path = path
        self.inside = inside ?? path
        self.writable = writable
    }
}

extension Launch {
    /// Makes sure that a sandbox can be built: every path is there, may be granted, and the plugin's user reaches it.
    ///
    /// A plugin's folder that this user cannot read (a checkout below /root, say) is copied into the workspace, and
    /// `plugin` names the copy then.
    /// - Throws: for any other path, naming the folder whose mode stops it and the command that mends it.
    public mutating func makeReachable() throws(WorkspaceError) {
        for host in hostPaths { try check(host) }
        guard let owner = workspace.owner else { return }
        let reach = Reach(identity: owner)
        try reach.require(workspace.root, writing: false)
        for host in hostPaths { try reach.require(host.path, writing: host.writable) }
        guard !reach.canRead(tree: plugin) else { return }
        let copy = "\(workspace.root)/plugin"
        try copyTree(plugin, to: copy)
        plugin = copy
    }

    private func check(_ host: HostPath) throws(WorkspaceError) {
        for path in [host.path, host.inside] where !path.hasPrefix("/") || path.split(separator: "/").contains("..") {
            throw WorkspaceError(.invalidPath, "cannot grant \(path): a host path is absolute and has no '..'")
        }
        let needed = host.writable ? R_OK | W_OK : R_OK
        guard access(host.path, needed) == 0 else { throw .last("grant", host.path) }
        let hidden = (Self.taken + Self.shared).first { isBelow($0, host.inside) }
        if let taken = hidden ?? Self.taken.first(where: { isBelow(host.inside, $0) }) {
            throw WorkspaceError(
                .invalidPath, "cannot grant \(host.inside): the sandbox has a \(taken) of its own, choose another path")
        }
        guard !isBelow(realPath(workspace.root) ?? workspace.root, realPath(host.path) ?? host.path) else {
            throw WorkspaceError(
                .invalidPath, "cannot grant \(host.path): the state of all pipelines is kept below it, grant less")
        }
    }

    /// What a host path may neither hide nor reach into.
    private static let taken = ["/etc", "/proc", "/dev", "/plugin", "/workspace", "/bin", "/sbin", "/lib", "/lib64"]
    /// What it may reach into, but not hide.
    private static let shared = ["/usr", "/tmp", "/var/tmp", "/run"]
}

/// Whether `path` is `ancestor` or something in it, by name.
private func isBelow(_ path: String, _ ancestor: String) -> Bool {
    path == ancestor || path.hasPrefix(ancestor.hasSuffix("/") ? ancestor : ancestor + "/")
}
