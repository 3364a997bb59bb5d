import Glibc
import Processes
import Testing
import Workspaces

/// The one look at start-up, and the launcher's own refusals.
@Suite struct ProbeTests {
    private func probe(_ sandbox: Sandbox, in site: Site) async -> String? {
        let answer = await sandbox.probe(in: site.folder.path, owner: site.slot?.identity)
        guard case .unavailable(let lack) = answer else { return nil }
        return lack.description
    }

    @Test("every sandbox is available here, and no sandbox always is", arguments: Sandbox.preferred)
    func available(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        #expect(await probe(site.sandbox, in: site) == nil)
        #expect(await Sandbox.none.probe(in: "/nowhere", owner: nil) == .available)
    }

    @Test("without being told which, the first that works is taken, and what the others lack is known; never none")
    func first() async throws {
        let site = try await Site()
        let best = await site.sandbox.firstAvailable(in: site.folder.path, owner: site.slot?.identity)
        #expect(best.0 == site.sandbox && best.lacks.isEmpty)
        let real = site.sandbox.launcher
        for (refused, chosen) in [
            (["--namespaces"], Sandbox.Profile.bubblewrap), (["--namespaces", "bwrap"], .landlock),
            (["--namespaces", "bwrap", "--landlock"], nil),
        ] {
            var sandbox = site.sandbox
            sandbox.launcher = try site.folder.write(
                """
                #!/bin/bash
                for word in \(refused.joined(separator: " ")); do
                  [[ " $* " = *"$word "* ]] && { echo "penstock-sandbox: no $word" >&2; exit 125; }
                done
                exec \(real) "$@"
                """, to: "launcher", mode: 0o755)
            let found = await sandbox.firstAvailable(in: site.folder.path, owner: site.slot?.identity)
            #expect(found.0?.profile == chosen)
            #expect(found.lacks.map(\.profile) == Array(Sandbox.preferred.prefix(refused.count)))
            #expect(found.lacks.map(\.lack.cause) == refused.map { "penstock-sandbox: no \($0)" })
        }
    }

    @Test("where no user namespaces can be had the profiles that need them say so, and Landlock works")
    func withoutNamespaces() async throws {
        let site = try await Site()
        let user = site.slot.map { ["--uid", "\($0.identity.uid)", "--gid", "\($0.identity.gid)"] } ?? []
        // A sandbox of bubblewrap's is such a place, for an ordinary user.
        let place =
            user.isEmpty ? [] : ["/usr/bin/setpriv", "--reuid", user[1], "--regid", user[1], "--clear-groups"]
        let inner = ["--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--"]
        for (profile, text) in [
            (Sandbox.Profile.namespaces, "penstock-sandbox: cannot make namespaces: No space left on device"),
            (.bubblewrap, "bwrap: Creating new namespace failed: nesting depth"), (.landlock, nil),
        ] {
            var sandbox = site.sandbox
            sandbox.profile = profile
            let launch = Launch(
                plugin: site.folder.path, command: ["/usr/bin/true"],
                workspace: try Workspace(in: site.folder.path, owner: nil))
            if let owner = site.slot?.identity {
                for name in ["", "/in", "/out", "/tmp", "/home"] {
                    chown(launch.workspace.root + name, owner.uid, owner.gid)
                }
            }
            let command = sandbox.command(for: launch)
            let line = place + ["/usr/bin/bwrap"] + inner + [command.executable] + command.arguments
            let outcome = try await Outcome(
                of: Command(executable: line[0], arguments: Array(line.dropFirst()), reportsStatus: true))
            #expect((outcome.exit == .code(0)) == (text == nil), "\(profile): \(outcome)")
            #expect(outcome.error.hasPrefix(text ?? ""), "\(profile): \(outcome)")
        }
    }

    @Test("a missing bubblewrap says how to install it and how to do without")
    func notInstalled() async throws {
        let site = try await Site(.bubblewrap)
        var sandbox = site.sandbox
        sandbox.bubblewrap = "/usr/bin/no-bwrap"
        let text = try #require(await probe(sandbox, in: site))
        #expect(text.contains("(/usr/bin/no-bwrap)") && text.contains("apt-get install bubblewrap"))
        #expect(text.contains("--sandbox none"))
        sandbox = site.sandbox
        sandbox.launcher = "/usr/lib/no-launcher"
        #expect(try #require(await probe(sandbox, in: site)).contains("launcher /usr/lib/no-launcher is missing"))
    }

    @Test(
        "what bwrap or the launcher says is turned into what to do",
        arguments: [
            (
                "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
                "sysctl user.max_user_namespaces"
            ),
            (
                "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged"
                    + " user namespaces.", "sysctl kernel.unprivileged_userns_clone=1"
            ),
            ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "unmask=ALL"),
            ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns"),
            ("bwrap: something new", "Find out why bwrap fails"),
            ("penstock-sandbox: cannot make namespaces: No space left on device", "sysctl user.max_user_namespaces"),
            (
                "penstock-sandbox: cannot make namespaces: Operation not permitted",
                "sysctl kernel.unprivileged_userns_clone=1"
            ),
            ("penstock-sandbox: cannot mount /proc: Operation not permitted", "unmask=ALL"),
            ("penstock-sandbox: cannot mount a root: Permission denied", "apparmor_restrict_unprivileged_userns"),
            ("penstock-sandbox: this kernel has no Landlock: Function not implemented", "Linux 6.2"),
        ])
    func advice(said: String, remedy: String) async throws {
        // Through the whole way, with a program in bwrap's place that says this.
        let site = try await Site(.bubblewrap)
        var sandbox = site.sandbox
        sandbox.bubblewrap = try site.folder.write(
            "#!/bin/sh\necho \"\(said)\" >&2; exit 1", to: "bwrap", mode: 0o755)
        let text = try #require(await probe(sandbox, in: site))
        #expect(text.contains(said) && text.contains(remedy) && text.contains("--sandbox none"))
    }

    @Test("a state folder that plugins' users cannot enter is named", .enabled(if: Site.isRoot))
    func closedState() async throws {
        let site = try await Site()
        try site.folder.makeFolder("state", mode: 0o700)
        let answer = await site.sandbox.probe(in: "\(site.folder.path)/state", owner: site.slot?.identity)
        guard case .unavailable(let lack) = answer else {
            Issue.record("available")
            return
        }
        #expect(lack.description.contains("chmod o+x \(site.folder.path)/state"))
    }

    @Test(
        "the launcher refuses what it cannot do, with 125 and one line that names it",
        arguments: [
            (["--what", "1", "--", "/bin/true"], "unknown option '--what' (see --help)"),
            (["--nproc", "many", "--", "/bin/true"], "--nproc needs a whole number, not 'many'"),
            (["--nproc", "-1", "--", "/bin/true"], "--nproc needs a whole number, not '-1'"),
            (["--nproc"], "--nproc needs a whole number, not ''"),
            (
                ["--nproc", "99999999999999999999", "--", "/bin/true"],
                "--nproc needs a whole number, not '99999999999999999999'"
            ),
            (
                ["--keep", "2", "--uid", "60590", "--gid", "60590", "--", "/bin/true"],
                "--keep 2 is not a descriptor above 2"
            ),
            (["--uid", "60590", "--", "/bin/true"], "--uid and --gid go together"),
            (["--uid", "0", "--gid", "0", "--", "/bin/true"], "uid 0 is refused"),
            (["--uid", "4294967295", "--gid", "1", "--", "/bin/true"], "uid 4294967295 is refused"),
            (["--uid", "60590", "--gid", "60590", "--"], "no program after -- (see --help)"),
            (["--uid", "60590", "--gid", "60590", "--", "true"], "'true' is not an absolute path"),
            (["--namespaces", "--bind", "/a", "b", "--", "/bin/true"], "'b' is not an absolute path"),
            (["--landlock", "--symlink", "a"], "--symlink needs 2 arguments"),
            (
                ["--network", "--", "/bin/true"],
                "what is seen inside is said to bwrap, after --, or goes with --namespaces or --landlock"
            ),
        ])
    func launcherRefusals(arguments: [String], text: String) async throws {
        let outcome = try await Outcome(of: Command(executable: Site.launcher, arguments: arguments))
        #expect(outcome.exit == .code(125))
        #expect(outcome.error == "penstock-sandbox: \(text)")
    }

    @Test("the launcher never makes a sandbox as root, and says when it cannot run bwrap", .enabled(if: Site.isRoot))
    func launcherAsRoot() async throws {
        for profile in [[], ["--namespaces"], ["--landlock"]] {
            let root = try await Outcome(
                of: Command(executable: Site.launcher, arguments: profile + ["--", "/bin/true"]))
            #expect(root.error == "penstock-sandbox: refusing to make a sandbox as root: give --uid and --gid")
        }
        let missing = try await Outcome(
            of: Command(
                executable: Site.launcher, arguments: ["--uid", "60590", "--gid", "60590", "--", "/nowhere/bwrap"]))
        #expect(missing.exit == .code(125))
        #expect(missing.error == "penstock-sandbox: cannot run /nowhere/bwrap: No such file or directory")
    }

    @Test("the launcher stops when nobody reads the pipe that it keeps: its core has died before it could follow")
    func launcherWithoutReader() async throws {
        let identity = Site.isRoot ? "--uid 60590 --gid 60590" : ""
        let script = "exec 9> >(true); wait $!; exec \(Site.launcher) \(identity) --keep 9 -- /bin/true"
        let outcome = try await Outcome(of: Command(executable: "/bin/bash", arguments: ["-c", script]))
        #expect(outcome.exit == .code(125))
        #expect(outcome.error == "penstock-sandbox: the program that started this one is gone")
    }

    @Test("the launcher drops users and groups, lowers limits, closes descriptors and hands over the filter")
    func launcherSteps() async throws {
        let folder = try Folder()
        let stand = try folder.write(
            """
            #!/bin/bash
            for n in {0..50}; do [ -e /proc/self/fd/$n ] && echo -n "$n "; done
            echo "$@"; id -u; id -g; id -G; ulimit -n

            """, to: "bwrap", mode: 0o755)
        let identity = Site.isRoot ? ["--uid", "60590", "--gid", "60591"] : []
        let leaky = "exec 7</etc/passwd 9</etc/passwd 40</etc/passwd; exec \"$@\""
        let arguments =
            ["-c", leaky, "bash", Site.launcher] + identity + ["--nofile", "64", "--keep", "9", "--", stand, "last"]
        let outcome = try await Outcome(of: Command(executable: "/bin/bash", arguments: arguments))
        #expect(outcome.error == "")
        #expect(outcome.output.first == "0 1 2 3 9 --seccomp 3 last")
        #expect(outcome.output.last == "64")
        if Site.isRoot { #expect(outcome.output.dropFirst() == ["60590", "60591", "60591", "64"]) }
    }
}
