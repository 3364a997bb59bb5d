import Processes

/// The sandbox made by bubblewrap, with our launcher before it.
public struct Bubblewrap: Hashable, Sendable {
    /// Path of `penstock-sandbox`: it becomes the slot's user, sets limits and adds the seccomp filter.
    public var launcher: String
    public var program: String
    /// Folder that stands in for `/etc`, as `makeEtc(in:)` makes it.
    public var etc: String
    /// The workspace inside.
    public var insideRoot: String
    /// For judging a plugin: nothing that it does is refused or lost that an ordinary machine would let it do.
    public var exposure: Exposure?

    /// What is there to be looked at afterwards, where a job's sandbox hides it or ends it.
    public struct Exposure: Hashable, Sendable {
        /// Folder outside that stands for `/tmp` and `/var/tmp`, apart from the workspace's own.
        public var tmp: String
        /// What the supervisor does beside the plugin: its options, up to `--`.
        public var supervision: [String]
        /// The workspace's `tmp/` has no room, and its `home/` cannot be written.
        public var isScarce: Bool

        public init(tmp: String, supervision: [String] = [], isScarce: Bool = false) {
            self.tmp = tmp
            self.supervision = supervision
            self.isScarce = isScarce
        }
    }

    public init(
        launcher: String, program: String = "/usr/bin/bwrap", etc: String, insideRoot: String = "/workspace",
        exposure: Exposure? = nil
    ) {
        self.launcher = launcher
        self.program = program
        self.etc = etc
        self.insideRoot = insideRoot
        self.exposure = exposure
    }

    static let pluginFolder = "/plugin"

    func command(for launch: Launch, program plugin: [String]) -> Command {
        let (loader, environment) = Self.split(launch.environment)
        let arguments =
            Self.launcherOptions(launch) + (exposure == nil ? [] : ["--report", Self.reportDescriptor])
            + ["--", program] + Self.namespaces(launch) + guarded + system
            + (launch.network ? Self.networkFiles : []) + work(launch)
            + loader.flatMap { ["--setenv", $0.key, $0.value] } + ["--"] + supervisor + plugin
        return Command(
            executable: launcher, arguments: arguments, environment: environment,
            reportsStatus: !launch.isInteractive)
    }

    private static let reportDescriptor = "4"
    private static let supervisorPath = "/penstock-sandbox"

    private var supervisor: [String] {
        guard let exposure else { return [] }
        return [Self.supervisorPath, "--supervise", Self.reportDescriptor] + exposure.supervision + ["--"]
    }

    /// As process 1 the supervisor cannot be ended or stopped by what it watches.
    private var guarded: [String] { exposure == nil ? [] : ["--as-pid-1"] }

    private static func launcherOptions(_ launch: Launch) -> [String] {
        let (limits, owner) = (launch.limits, launch.workspace.owner)
        // Without a user of its own the job shares this limit with everything that the operator runs.
        let processes = limits.processes ?? (owner == nil ? 4_096 : 512)
        let options: [(String, Int?)] = [
            ("--uid", owner.map { Int($0.uid) }), ("--gid", owner.map { Int($0.gid) }), ("--nproc", processes),
            ("--nofile", limits.openFiles), ("--fsize", limits.fileBytes), ("--as", limits.addressSpaceBytes),
            ("--cpu", limits.cpuSeconds), ("--keep", launch.isInteractive ? nil : 3),
        ]
        return options.flatMap { name, value in value.map { [name, String($0)] } ?? [] }
            + (launch.group?.folders ?? []).flatMap { ["--cgroup", $0] }
    }

    /// A terminal belongs to a session, so a shell cannot have one of its own; the seccomp filter keeps it from typing
    /// into ours (TIOCSTI).
    ///
    /// Each by name: `--unshare-all` would silently go on without a user namespace.
    private static func namespaces(_ launch: Launch) -> [String] {
        [
            "--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
        ] + (launch.network ? [] : ["--unshare-net"]) + [
            "--uid", "1000", "--gid", "1000", "--hostname", "penstock", "--cap-drop", "ALL",
        ] + (launch.isInteractive ? [] : ["--new-session"]) + ["--die-with-parent"]
            + (launch.isInteractive ? [] : ["--json-status-fd", "3"])
    }

    /// A mount costs 0.2 ms, a link nothing: hence few of the first and many of the second.
    private var system: [String] {
        let links = ["bin", "sbin", "lib", "lib64"].flatMap { ["--symlink", "usr/\($0)", "/\($0)"] }
        return ["--ro-bind", "/usr", "/usr"] + links + [
            "--ro-bind", etc, "/etc", "--proc", "/proc", "--dev", "/dev", "--size", "16777216", "--tmpfs", "/dev/shm",
            "--remount-ro", "/dev", "--dir", "/run", "--dir", "/var", "--symlink", "../tmp", "/var/tmp",
        ] + temporary
    }

    private var temporary: [String] {
        if let exposure { return ["--bind", exposure.tmp, "/tmp"] }
        // Relative, so that it also means the right folder while bwrap builds the tree.
        return ["--symlink", "\(insideRoot.dropFirst())/tmp", "/tmp"]
    }

    /// What a program needs to find and trust a server. `-try`: not every machine has all of them.
    private static let networkFiles = ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs"].flatMap {
        ["--ro-bind-try", $0, $0]
    }

    private func work(_ launch: Launch) -> [String] {
        let root = launch.workspace.root
        let granted = launch.hostPaths.flatMap { [$0.writable ? "--bind" : "--ro-bind", $0.path, $0.inside] }
        let plugin = ["--ro-bind", launch.plugin, Self.pluginFolder]
        let end = ["--chdir", insideRoot, "--remount-ro", "/"]
        if let exposure {
            // The smallest there is: one page.
            let scarce = [
                "--size", "4096", "--tmpfs", "\(insideRoot)/tmp", "--ro-bind", "\(root)/home", "\(insideRoot)/home",
            ]
            // The inputs too: a plugin that changes them is to be seen doing it.
            return plugin + ["--bind", root, insideRoot, "--ro-bind", launcher, Self.supervisorPath]
                + (exposure.isScarce ? scarce : []) + granted + end
        }
        // Mounts of their own, so that nothing inside can put a link in the place of one.
        // Of a worker's, jobs that come later must be seen, and what leads to them is not the plugin's to write.
        let folders = [launch.isWorker ? "jobs" : "out", "tmp", "home"] + (launch.hasCache ? ["cache"] : [])
        let writable = folders.flatMap { ["--bind", "\(root)/\($0)", "\(insideRoot)/\($0)"] }
        return plugin + ["--ro-bind", "\(root)/in", "\(insideRoot)/in"] + writable + granted + end
    }

    /// The environment goes through the launcher and bwrap, because arguments can be read by everyone. What steers the
    /// dynamic loader must not reach the launcher, which starts as root.
    private static func split(
        _ environment: [String: String]
    ) -> (loader: [(key: String, value: String)], rest: [String: String]) {
        func isLoader(_ name: String) -> Bool { name.hasPrefix("LD_") || name == "GLIBC_TUNABLES" }
        return (
            environment.filter { isLoader($0.key) }.sorted { $0.key < $1.key },
            environment.filter { !isLoader($0.key) }
        )
    }
}
