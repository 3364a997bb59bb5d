extension Sandbox {
    private static let reportDescriptor = "4"
    static let supervisorPath = "/penstock-sandbox"

    /// As process 1 the supervisor cannot be ended or stopped by what it watches.
    var supervisor: [String] {
        guard let exposure else { return [] }
        return [Self.supervisorPath, "--supervise", Self.reportDescriptor] + exposure.supervision + ["--"]
    }

    func launcherOptions(_ launch: Launch) -> [String] {
        let (limits, owner) = (launch.limits, launch.workspace.owner)
        // Without a user of its own the job shares this limit with everything that the operator runs.
        let processes = limits.processes ?? (owner == nil ? 4_096 : 512)
        let options: [(String, Int?)] = [
            ("--uid", owner.map { Int($0.uid) }), ("--gid", owner.map { Int($0.gid) }), ("--nproc", processes),
            ("--nofile", limits.openFiles), ("--fsize", limits.fileBytes), ("--as", limits.addressSpaceBytes),
            ("--cpu", limits.cpuSeconds), ("--keep", launch.isInteractive ? nil : 3),
        ]
        let report = exposure == nil ? [] : ["--report", Self.reportDescriptor]
        let group = launch.group.map { ["--cgroup", $0.folder] } ?? []
        return options.flatMap { name, value in value.map { [name, String($0)] } ?? [] } + report + group
    }

    /// What comes between the launcher's options and the plugin's program, in the words of who makes the sandbox.
    func confinement(of launch: Launch) -> [String] {
        precondition(exposure == nil || profile == .bubblewrap, "only bubblewrap exposes a plugin")
        let parts = Surroundings(of: launch, in: self).parts
        let directory = ["--chdir", root(of: launch.workspace)]
        let ours = (launch.network ? ["--network"] : []) + (launch.isInteractive ? [] : ["--new-session"])
        switch profile {
        case .bubblewrap:
            return ["--", bubblewrap] + Self.namespaces(launch) + (exposure == nil ? [] : ["--as-pid-1"])
                + parts.flatMap(\.forBubblewrap) + directory + ["--remount-ro", "/"]
        case .namespaces: return ["--namespaces"] + ours + parts.flatMap(\.forNamespaces) + directory
        case .landlock: return ["--landlock"] + ours + parts.flatMap(\.forLandlock) + directory
        case .none: return []
        }
    }

    /// A terminal belongs to a session, so a shell cannot have one of its own; the seccomp filter keeps it from typing
    /// into ours (TIOCSTI).
    ///
    /// Each by name: `--unshare-all` would silently go on without a user namespace. No `--hostname`: podman's filter of
    /// system calls refuses it even there, and bwrap cannot do without then.
    private static func namespaces(_ launch: Launch) -> [String] {
        [
            "--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
        ] + (launch.network ? [] : ["--unshare-net"]) + [
            "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
        ] + (launch.isInteractive ? [] : ["--new-session"]) + ["--die-with-parent"]
            + (launch.isInteractive ? [] : ["--json-status-fd", "3"])
    }
}

extension Surroundings.Part {
    /// A mount costs 0.2 ms, a link nothing: hence few of the first and many of the second.
    fileprivate var forBubblewrap: [String] {
        switch self {
        case .processes: ["--proc", "/proc"]
        case .devices(let bytes):
            ["--dev", "/dev", "--size", "\(bytes)", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        case .scratch(let path, let bytes): ["--size", "\(bytes)", "--tmpfs", path]
        case .bind, .link, .folder, .etc: forNamespaces
        }
    }

    fileprivate var forNamespaces: [String] {
        switch self {
        case .bind(let outside, let inside, let writable): [writable ? "--bind" : "--ro-bind", outside, inside]
        case .link(let content, let path): ["--symlink", content, path]
        case .folder(let path): ["--dir", path]
        case .etc(let etc, let network):
            // `-try`: not every machine has all of them.
            ["--ro-bind", etc.folder, "/etc"] + (network ? Etc.ofNetwork : []).flatMap { ["--ro-bind-try", $0, $0] }
        case .devices(let bytes): ["--dev", "\(bytes)"]
        // It has a /proc unasked; what exposes a plugin is bubblewrap's.
        case .processes, .scratch: []
        }
    }

    /// What may be opened, where it is.
    fileprivate var forLandlock: [String] {
        switch self {
        case .bind(let outside, _, let writable): [writable ? "--bind" : "--ro-bind", outside, outside]
        case .etc(let etc, let network):
            (etc.names.map { "/etc/\($0)" } + (network ? Etc.ofNetwork : [])).flatMap { ["--ro-bind-try", $0, $0] }
        case .processes: Self.harmlessProcesses.flatMap { ["--ro-bind-try", "/proc/\($0)", "/proc/\($0)"] }
        case .devices: Self.harmlessDevices.flatMap { ["--bind", "/dev/\($0)", "/dev/\($0)"] }
        case .link, .folder, .scratch: []
        }
    }

    private static let harmlessProcesses = [
        "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version",
    ]
    /// No terminals and no shared memory: without mounts of its own these would be the host's.
    private static let harmlessDevices = ["null", "zero", "full", "random", "urandom", "tty"]
}
