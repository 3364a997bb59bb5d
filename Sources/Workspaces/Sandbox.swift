import Glibc
import Processes

/// How a plugin is kept from everything that it was not given.
public struct Sandbox: Hashable, Sendable {
    /// Who keeps it. The raw value is the name on the command line and in the record of an execution.
    public enum Profile: String, Hashable, Sendable, CaseIterable {
        /// Our launcher, by namespaces that it makes.
        case namespaces
        /// bubblewrap, after our launcher has done what bubblewrap cannot.
        case bubblewrap
        /// Our launcher, by Landlock: for containers that allow no namespaces.
        case landlock
        /// The operator's explicit choice: the plugin runs as we do, with all our rights and without limits.
        case none
    }

    public var profile: Profile
    /// Path of `penstock-sandbox`: it becomes the slot's user, sets limits and the seccomp filter, and makes the sandbox
    /// or becomes bwrap.
    public var launcher: String
    /// Path of bwrap.
    public var bubblewrap = "/usr/bin/bwrap"
    public var etc: Etc
    /// The workspace inside, where it has a place of its own.
    public var insideRoot = "/workspace"
    /// For judging a plugin, by bubblewrap: nothing that it does is refused or lost that an ordinary machine would let
    /// it do.
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

    public init(_ profile: Profile, launcher: String, etc: Etc) {
        self.profile = profile
        self.launcher = launcher
        self.etc = etc
    }

    public static let none = Sandbox(.none, launcher: "", etc: Etc(folder: "/etc", names: []))

    // MARK: What a profile means

    /// Whether a plugin runs as a user of its own where that can be had, with limits, and is told what it may reach.
    public var isConfined: Bool { profile != .none }

    /// Whether the plugin sees a tree of its own, with names of its own, and whatever is mounted read-only in it stays
    /// so: then an input's file may be a second name of one in the artifact store.
    public var hasOwnMounts: Bool { profile == .namespaces || profile == .bubblewrap }

    /// Whether the kernel ends all that is in the sandbox before its first process, the `child-pid`, is gone.
    public var endsAtOnce: Bool { profile == .namespaces || profile == .bubblewrap }

    /// What is not kept from a plugin that a better profile keeps, for who runs Penstock; empty, or begins with a blank.
    public var weakness: String {
        guard profile == .landlock else { return "" }
        let others = " (which hides no names, and gives no loopback, terminals or shared memory"
        return geteuid() == 0
            ? "\(others))" : "\(others), and lets plugins change modes and times of what belongs to this user)"
    }

    /// The workspace's root as the plugin sees it.
    public func root(of workspace: Workspace) -> String { hasOwnMounts ? insideRoot : workspace.root }

    /// The plugin's folder as the plugin sees it.
    public func pluginFolder(of launch: Launch) -> String { hasOwnMounts ? Self.pluginFolder : launch.plugin }

    static let pluginFolder = "/plugin"

    // MARK: What is started

    /// Makes sure that the launch can be: see `Launch.makeReachable()`. Without a sandbox everything can.
    public func prepare(_ launch: inout Launch) throws(WorkspaceError) {
        guard isConfined else { return }
        try launch.makeReachable()
        if hasOwnMounts { return }
        for host in launch.hostPaths where host.path != host.inside {
            throw WorkspaceError(
                .invalidPath,
                "cannot show \(host.path) as \(host.inside): the sandbox \(profile.rawValue) has no mounts of its own")
        }
    }

    /// What to spawn. A pure function: nothing is looked at, made or checked (`prepare` does).
    ///
    /// The environment is the launch's and `PWD`. With a sandbox, unless it is interactive, `Stream.status` carries
    /// bwrap's status lines: one with `child-pid`, to whose group a graceful SIGTERM goes, and one with `exit-code` if
    /// the program ever ran.
    public func command(for launch: Launch) -> Command {
        let name = launch.command[0]
        let plugin =
            [name.hasPrefix("/") ? name : "\(pluginFolder(of: launch))/\(name)"] + launch.command.dropFirst()
        guard isConfined else {
            return Command(
                executable: plugin[0], arguments: Array(plugin.dropFirst()),
                // A sandbox sets it by itself: the two must not differ.
                environment: launch.environment.merging(["PWD": launch.workspace.root]) { $1 },
                directory: launch.workspace.root)
        }
        let (loader, environment) = Self.split(launch.environment)
        let arguments =
            launcherOptions(launch) + confinement(of: launch)
            + loader.flatMap { ["--setenv", $0.key, $0.value] } + ["--"] + supervisor + plugin
        return Command(
            executable: launcher, arguments: arguments, environment: environment,
            reportsStatus: !launch.isInteractive)
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
