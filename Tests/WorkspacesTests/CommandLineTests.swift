import Processes
import Testing
import Workspaces

/// The pure part: a launch becomes an argument list.
@Suite struct CommandLineTests {
    private static let launch = Launch(
        plugin: "/opt/plugins/git", command: ["bin/plugin", "--fast"],
        workspace: Workspace(root: "/state/w/1", owner: Identity(uid: 60_601, gid: 60_601)),
        environment: ["HOME": "/workspace/home", "LD_PRELOAD": "x.so"])
    private static let sandbox = sandbox(.bubblewrap)

    private static func sandbox(_ profile: Sandbox.Profile) -> Sandbox {
        Sandbox(
            profile, launcher: "/lib/penstock-sandbox",
            etc: Etc(folder: "/state/etc", names: ["ld.so.cache", "passwd"]))
    }

    @Test("the whole line")
    func whole() {
        let command = Self.sandbox.command(for: Self.launch)
        let expected = """
            --uid 60601 --gid 60601 --nproc 512 --nofile 1024 --fsize 8589934592 --keep 3 -- /usr/bin/bwrap
            --unshare-user --disable-userns --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup --unshare-net
            --uid 1000 --gid 1000 --cap-drop ALL --new-session --die-with-parent --json-status-fd 3
            --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib
            --symlink usr/lib64 /lib64 --ro-bind /state/etc /etc --proc /proc --dev /dev --size 16777216
            --tmpfs /dev/shm --remount-ro /dev --dir /run --dir /var --symlink ../tmp /var/tmp
            --symlink workspace/tmp /tmp --ro-bind /opt/plugins/git /plugin --ro-bind /state/w/1/in /workspace/in
            --bind /state/w/1/out /workspace/out --bind /state/w/1/tmp /workspace/tmp
            --bind /state/w/1/home /workspace/home --chdir /workspace --remount-ro / --setenv LD_PRELOAD x.so
            -- /plugin/bin/plugin --fast
            """
        #expect(command.arguments == expected.split(whereSeparator: \.isWhitespace).map(String.init))
        #expect(command.executable == "/lib/penstock-sandbox")
        #expect(command.environment == ["HOME": "/workspace/home"])
        #expect(command.directory == nil)
        #expect(command.reportsStatus)
    }

    private static let limits =
        "--uid 60601 --gid 60601 --nproc 512 --nofile 1024 --fsize 8589934592 --keep 3"

    @Test(
        "the whole line of the other profiles",
        arguments: [
            (
                .namespaces,
                """
                \(limits) --namespaces --new-session --ro-bind /usr /usr --symlink usr/bin /bin
                --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /state/etc /etc
                --dev 16777216 --dir /run --dir /var --symlink ../tmp /var/tmp --symlink workspace/tmp /tmp
                --ro-bind /opt/plugins/git /plugin --ro-bind /state/w/1/in /workspace/in
                --bind /state/w/1/out /workspace/out --bind /state/w/1/tmp /workspace/tmp
                --bind /state/w/1/home /workspace/home --chdir /workspace --setenv LD_PRELOAD x.so
                -- /plugin/bin/plugin --fast
                """
            ),
            (
                .landlock,
                """
                \(limits) --landlock --new-session --ro-bind /usr /usr --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache
                --ro-bind-try /etc/passwd /etc/passwd --ro-bind-try /proc/cpuinfo /proc/cpuinfo
                --ro-bind-try /proc/filesystems /proc/filesystems --ro-bind-try /proc/loadavg /proc/loadavg
                --ro-bind-try /proc/meminfo /proc/meminfo --ro-bind-try /proc/stat /proc/stat
                --ro-bind-try /proc/sys /proc/sys --ro-bind-try /proc/uptime /proc/uptime
                --ro-bind-try /proc/version /proc/version --bind /dev/null /dev/null --bind /dev/zero /dev/zero
                --bind /dev/full /dev/full --bind /dev/random /dev/random --bind /dev/urandom /dev/urandom
                --bind /dev/tty /dev/tty --ro-bind /opt/plugins/git /opt/plugins/git
                --ro-bind /state/w/1/in /state/w/1/in --bind /state/w/1/out /state/w/1/out
                --bind /state/w/1/tmp /state/w/1/tmp --bind /state/w/1/home /state/w/1/home --chdir /state/w/1
                --setenv LD_PRELOAD x.so -- /opt/plugins/git/bin/plugin --fast
                """
            ),
        ] as [(Sandbox.Profile, String)])
    func others(profile: Sandbox.Profile, line: String) {
        let command = Self.sandbox(profile).command(for: Self.launch)
        #expect(command.arguments == line.split(whereSeparator: \.isWhitespace).map(String.init))
        #expect(command.executable == "/lib/penstock-sandbox" && command.reportsStatus)
        #expect(command.environment == ["HOME": "/workspace/home"])
        var launch = Self.launch
        (launch.network, launch.isInteractive) = (true, true)
        let open = Self.sandbox(profile).command(for: launch)
        #expect(open.arguments.contains("--network") && open.arguments.contains("/etc/resolv.conf"))
        #expect(!open.arguments.contains("--new-session") && !open.reportsStatus)
    }

    @Test("at a terminal the sandbox stays in the session of the terminal, and tells no status")
    func interactive() {
        var launch = Self.launch
        launch.isInteractive = true
        let command = Self.sandbox.command(for: launch)
        let left = ["--keep", "3", "--new-session", "--json-status-fd"]
        #expect(!command.reportsStatus && !command.arguments.contains { left.contains($0) })
        let usual = Self.sandbox.command(for: Self.launch).arguments
        #expect(command.arguments == usual.filter { !left.contains($0) })
    }

    @Test("the same launch gives the same line")
    func pure() {
        var launch = Self.launch
        launch.environment = Dictionary(uniqueKeysWithValues: (0..<20).map { ("LD_\($0)", "x") })
        var copy = launch
        copy.environment = Dictionary(uniqueKeysWithValues: (0..<20).reversed().map { ("LD_\($0)", "x") })
        #expect(Self.sandbox.command(for: launch) == Self.sandbox.command(for: copy))
    }

    @Test("the network is left out of the namespaces when it is granted, and its files come in")
    func network() {
        var launch = Self.launch
        launch.network = true
        let arguments = Self.sandbox.command(for: launch).arguments
        #expect(!arguments.contains("--unshare-net"))
        #expect(arguments.contains("/etc/resolv.conf") && arguments.contains("/etc/ssl/certs"))
    }

    @Test("without a user of its own the job keeps ours, and shares a wider limit of processes")
    func unprivileged() {
        var launch = Self.launch
        launch.workspace = Workspace(root: "/state/w/1", owner: nil)
        let arguments = Self.sandbox.command(for: launch).arguments
        #expect(arguments.prefix(2) == ["--nproc", "4096"])
        launch.limits.processes = 100
        #expect(Self.sandbox.command(for: launch).arguments.prefix(2) == ["--nproc", "100"])
    }

    @Test("names with blanks, option signs and quotes stay one argument")
    func awkwardNames() {
        var launch = Self.launch
        launch.plugin = "/opt/my \"plugins\"/--x"
        launch.command = ["run", "", "--", "a b"]
        launch.hostPaths = [HostPath("/srv/ü x", writable: true)]
        let arguments = Self.sandbox.command(for: launch).arguments
        #expect(arguments.suffix(5) == ["--", "/plugin/run", "", "--", "a b"])
        #expect(arguments.contains("/opt/my \"plugins\"/--x") && arguments.contains("/srv/ü x"))
    }

    @Test("without a sandbox the plugin itself is started in the real workspace")
    func none() {
        let command = Sandbox.none.command(for: Self.launch)
        #expect(command.executable == "/opt/plugins/git/bin/plugin")
        #expect(command.arguments == ["--fast"])
        #expect(command.directory == "/state/w/1")
        #expect(
            command.environment == ["HOME": "/workspace/home", "LD_PRELOAD": "x.so", "PWD": "/state/w/1"])
        #expect(!command.reportsStatus)
        #expect(Sandbox.none.root(of: Self.launch.workspace) == "/state/w/1")
        #expect(Self.sandbox.root(of: Self.launch.workspace) == "/workspace")
        #expect(Self.sandbox(.landlock).root(of: Self.launch.workspace) == "/state/w/1")
    }
}
