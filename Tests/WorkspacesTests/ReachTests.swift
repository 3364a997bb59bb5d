import Glibc
import Processes
import Testing
import Workspaces

/// What stands in the way of a job's user, found before anything is started.
@Suite struct ReachTests {
    private func message(_ launch: Launch) -> String? {
        var launch = launch
        return #expect(throws: WorkspaceError.self) { try launch.makeReachable() }?.message
    }

    @Test("a plugin that its user cannot read is copied into the workspace and runs there", .enabled(if: Site.isRoot))
    func copiedPlugin() async throws {
        let site = try await Site()
        let secret = try site.folder.makeFolder("closed", mode: 0o700)
        mkdir("\(secret)/plugin", 0o700)
        mkdir("\(secret)/plugin/lib", 0o700)
        try Folder.write("part\n", to: "\(secret)/plugin/lib/part", mode: 0o600)
        try Folder.write(
            "#!/bin/bash\ncat /plugin/lib/part /plugin/link; touch /plugin/x", to: "\(secret)/plugin/run", mode: 0o700)
        symlink("lib/part", "\(secret)/plugin/link")
        var launch = site.launch(["run"])
        launch.plugin = "\(secret)/plugin"
        let outcome = try await site.run(launch)
        #expect(outcome.output == ["part", "part"])
        #expect(outcome.error.contains("Read-only file system"))
    }

    @Test("a plugin that everybody can read stays where it is")
    func readablePlugin() async throws {
        let site = try await Site()
        var launch = try site.launch("true")
        try launch.makeReachable()
        #expect(launch.plugin == "\(site.folder.path)/plugin")
    }

    @Test(
        "a host path behind a closed folder names that folder and the command that opens it", .enabled(if: Site.isRoot))
    func closedHostPath() async throws {
        let site = try await Site()
        let closed = try site.folder.makeFolder("closed", mode: 0o700)
        mkdir("\(closed)/site", 0o755)
        var launch = site.launch(["run"])
        launch.hostPaths = [HostPath("\(closed)/site")]
        let uid = try #require(site.slot).identity.uid
        #expect(
            message(launch)
                == "the user \(uid), as whom this plugin runs, cannot enter \(closed) (mode 700, owner 0): chmod o+x \(closed)"
        )
    }

    @Test("a host path that must be written and belongs to another says so", .enabled(if: Site.isRoot))
    func foreignHostPath() async throws {
        let site = try await Site()
        var launch = site.launch(["run"])
        launch.hostPaths = [HostPath(try site.folder.makeFolder("site"), writable: true)]
        #expect(
            message(launch)?.contains("cannot write \(site.folder.path)/site (mode 755, owner 0): chown -R") == true)
    }

    @Test(
        "a host path that is missing, relative or the sandbox's own is refused",
        arguments: [
            (HostPath("/nowhere/at/all"), "cannot grant /nowhere/at/all: No such file or directory"),
            (HostPath("srv"), "cannot grant srv: a host path is absolute and has no '..'"),
            (HostPath("/usr/../etc"), "cannot grant /usr/../etc: a host path is absolute and has no '..'"),
            (HostPath("/etc/ssl"), "cannot grant /etc/ssl: the sandbox has a /etc of its own, choose another path"),
            (HostPath("/"), "cannot grant /: the sandbox has a /etc of its own, choose another path"),
            (
                HostPath("/usr", inside: "/plugin/x"),
                "cannot grant /plugin/x: the sandbox has a /plugin of its own, choose another path"
            ),
            (HostPath("/tmp"), "cannot grant /tmp: the sandbox has a /tmp of its own, choose another path"),
        ])
    func refused(path: HostPath, text: String) async throws {
        var launch = try await Site().launch(["run"])
        launch.hostPaths = [path]
        #expect(message(launch) == text)
    }

    @Test("without mounts of its own a sandbox can show nothing under another name, and says so")
    func elsewhere() async throws {
        let site = try await Site(.landlock)
        var launch = site.launch(["run"])
        launch.hostPaths = [HostPath(try site.folder.makeFolder("real"), inside: "/opt/here")]
        let error = #expect(throws: WorkspaceError.self) { try site.sandbox.prepare(&launch) }
        let real = "\(site.folder.path)/real"
        #expect(
            error?.message == "cannot show \(real) as /opt/here: the sandbox landlock has no mounts of its own")
        try Sandbox.none.prepare(&launch)
    }

    @Test("a host path that holds the state is refused")
    func stateInside() async throws {
        let site = try await Site()
        var launch = site.launch(["run"])
        symlink(".", "\(site.folder.path)/link")
        for path in [site.folder.path, "\(site.folder.path)/link"] {
            launch.hostPaths = [HostPath(path)]
            #expect(message(launch)?.contains("the state of all pipelines is kept below it") == true)
        }
    }

    @Test("a job writes a host path as its owner, so what one deployed the next can replace", .enabled(if: Site.isRoot))
    func writingSlot() async throws {
        let (folder, pool) = (try Folder(), SlotPool())
        let target = try folder.makeFolder("site")
        let error = await #expect(throws: WorkspaceError.self) { try await pool.slot(writing: [target]) }
        #expect(error?.message.contains("chown -R 60699:60699 \(target)") == true)
        chown(target, 60_698, 60_698)
        let slot = try await pool.slot(writing: [target])
        #expect(slot.identity == Identity(uid: 60_698, gid: 60_698))
        let other = try folder.makeFolder("other")
        chown(other, 60_697, 60_697)
        let second = await #expect(throws: WorkspaceError.self) { try await pool.slot(writing: [target, other]) }
        #expect(second?.message.contains("cannot write both \(target) and \(other)") == true)
    }
}
