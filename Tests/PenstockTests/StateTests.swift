import Glibc
import Jansson
import Testing

@Suite("The state directory and the machine")
struct StateTests {
    static let short = pipeline(source, Stage("Build", action("Make", "true")))

    @Test("a second core on the same state is refused with the first one's process; readers are not")
    func secondCore() async throws {
        let site = try Site()
        let run = try await site.startRun(pipeline(source, Stage("Build", action("Make", "echo up; await go"))))
        try await run.until(says: "up")
        let id = try await site.execution()
        for arguments in [["run", "pipeline.json"], ["resume", id]] {
            let second = try await site.start(arguments).outcome()
            #expect(second.code == 2)
            #expect(
                second.errorText
                    == "penstock: \(site.state) is in use by another penstock (process \(run.pid)): wait for it, or choose another --state directory"
            )
        }
        #expect(try await site.penstock("history").output.count == 1)
        #expect(try await site.shown()["status"] == "InProgress")
        #expect(try await site.penstock("logs", id).text.contains("Build/Make | up"))
        let doctor = try await site.penstock("doctor")
        #expect(doctor.text.contains("ok   state") && doctor.text.contains("ok   peek"))
        try site.give("go")
        #expect(try await run.outcome().code == 0)
    }

    @Test(
        "a state directory that cannot be one is refused by name",
        arguments: [
            ("/dev/null", "/dev/null"), ("/proc/penstock", "/proc/penstock"), ("pipeline.json", "pipeline.json"),
        ])
    func notADirectory(state: String, name: String) async throws {
        let site = try Site()
        try site.write(Self.short.text, to: "pipeline.json")
        let outcome = try await site.start(["run", "pipeline.json"], state: state).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(name) && outcome.errors.count == 1, "\(outcome)")
    }

    @Test("a database that is none is named and left as it is")
    func damaged() async throws {
        let site = try Site()
        try site.makeFolder(site.state)
        try site.write(String(repeating: "no database ", count: 500), to: "state/penstock.db")
        for command in [["run", "pipeline.json"], ["history"]] {
            try site.write(Self.short.text, to: "pipeline.json")
            let outcome = try await site.start(command).outcome()
            #expect(outcome.code == 2, "\(outcome)")
            #expect(
                outcome.errorText.contains("state/penstock.db: is not a Penstock database or is damaged"), "\(outcome)")
        }
        #expect(contents("\(site.state)/penstock.db")?.hasPrefix("no database ") == true)
    }

    @Test("a workspaces directory that is a link is refused, and what it leads to is not touched")
    func linkedWorkspaces() async throws {
        let site = try Site()
        #expect(try await site.run(Self.short).code == 0)
        try site.makeFolder(site.place("precious"))
        let workspace = "precious/0123456789abcdef"
        try site.makeFolder(site.place(workspace))
        try site.write("kept", to: "\(workspace)/file")
        try #require(rmdir("\(site.state)/workspaces") == 0)
        try #require(symlink(site.place("precious"), "\(site.state)/workspaces") == 0)
        let outcome = try await site.run(Self.short)
        #expect(outcome.code == 2, "\(outcome)")
        #expect(outcome.errorText.contains("\(site.state)/workspaces: is not a directory of its own"), "\(outcome)")
        #expect(contents(site.place("\(workspace)/file")) == "kept")
    }

    @Test("what stands among the workspaces and is none stays")
    func strangerAmongWorkspaces() async throws {
        let site = try Site()
        #expect(try await site.run(Self.short).code == 0)
        try site.makeFolder("\(site.state)/workspaces/project")
        try site.write("kept", to: "state/workspaces/project/file")
        try site.write("kept", to: "state/workspaces/note")
        #expect(try await site.run(Self.short).code == 0)
        #expect(contents("\(site.state)/workspaces/project/file") == "kept")
        #expect(contents("\(site.state)/workspaces/note") == "kept")
    }

    @Test("somebody's directory that happens to have such folders does not become a state directory")
    func foreignDirectory() async throws {
        let site = try Site()
        for name in ["home", "home/workspaces", "home/workspaces/0123456789abcdef"] {
            try site.makeFolder(site.place(name))
        }
        try site.write("kept", to: "home/workspaces/0123456789abcdef/file")
        try site.write(Self.short.text, to: "pipeline.json")
        let outcome = try await site.start(["run", "pipeline.json"], state: "home").outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains("has workspaces but no penstock.db"), "\(outcome)")
        #expect(names(in: site.place("home")) == ["workspaces"])
        #expect(contents(site.place("home/workspaces/0123456789abcdef/file")) == "kept")
    }

    @Test("what is recorded is for its owner alone: a definition may hold secrets")
    func modes() async throws {
        let site = try Site()
        #expect(try await site.run(Self.short).code == 0)
        for name in ["penstock.db", "lock", "logs", "artifacts"] {
            var status = stat()
            try #require(stat("\(site.state)/\(name)", &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(name) has mode \(String(status.st_mode & 0o777, radix: 8))")
        }
    }

    @Test("a read-only state directory is refused for running, and can be looked at", .enabled(if: Site.isRoot))
    func readOnly() async throws {
        let site = try Site()
        #expect(try await site.run(Self.short).code == 0)
        // Mounts of a namespace of their own, which go with it.
        let script = """
            mount --bind state state && mount -o remount,bind,ro state &&
            penstock() { "\(Site.programs)/penstock" "$@" --state state --plugins plugins --settings settings.yaml; }
            penstock run pipeline.json; echo "run $?"; penstock history; echo "history $?"
            """
        let outcome = try await site.launch(["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script]).outcome()
        #expect(
            outcome.errorText.contains("\(site.state)/lock: cannot be written: Read-only file system"), "\(outcome)")
        #expect(outcome.output.first == "run 2" && outcome.output.last == "history 0", "\(outcome)")
        #expect(outcome.text.contains("Succeeded"))
    }

    @Test(
        "what cannot be printed is the program's fault, which a program that reads enough is not",
        arguments: [
            (["history"], "/dev/full", 3), (["history"], "| head -0", 0), (["plugin", "list"], "/dev/full", 3),
        ])
    func unprintable(words: [String], to place: String, code: Int32) async throws {
        let site = try Site()
        #expect(try await site.run(pipeline(source, Stage("Build", action("Make", "true")))).code == 0)
        let target = place.hasPrefix("|") ? place : ">\(place)"
        let script = "\"$@\" \(target); exit ${PIPESTATUS[0]}"
        let outcome = try await site.start(words, by: ["/bin/bash", "-c", script, "-"]).outcome()
        #expect(outcome.code == code, "\(outcome)")
        #expect(outcome.errorText.contains("the standard output cannot be written") == (code == 3), "\(outcome)")
    }

    @Test("resume looks for the execution before it makes anything")
    func nothingToResume() async throws {
        let site = try Site()
        let outcome = try await site.penstock("resume", "abc")
        #expect(outcome.code == 2 && outcome.errorText.contains("no execution has been recorded here"), "\(outcome)")
        #expect(!site.exists("state"))
    }

    @Test("a disk that is full at the start is named, and nothing half-made is left behind", .enabled(if: Site.isRoot))
    func fullAtStart() async throws {
        let site = try Site()
        try site.write(Self.short.text, to: "pipeline.json")
        let script = """
            mkdir state && mount -t tmpfs -o size=2m,mode=755 tmpfs state && { head -c 4M /dev/zero > state/filler || true; }
            penstock() { "\(Site.programs)/penstock" "$@" --state state --plugins plugins --settings settings.yaml; }
            penstock run pipeline.json --quiet; echo "full $?"
            rm state/filler
            penstock run pipeline.json --quiet; echo "free $?"; penstock history; ls state/workspaces state/artifacts/tmp
            """
        let outcome = try await site.launch(["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script]).outcome()
        #expect(outcome.errorText.contains("state/penstock.db: the disk is full; free some space"), "\(outcome)")
        #expect(outcome.output.first == "full 2" && outcome.output.contains("free 0"), "\(outcome)")
        #expect(outcome.output.count { $0.contains("shop version 1") } == 1, "\(outcome)")
    }

    @Test("an artifact that does not fit fails its action by the name of the disk", .enabled(if: Site.isRoot))
    func artifactDoesNotFit() async throws {
        let site = try Site()
        try site.makeFolder(site.place("work"))
        try site.write(String(repeating: "0123456789abcdef", count: 1 << 17), to: "work/large")
        try site.write(Self.short.text, to: "pipeline.json")
        let script = """
            mkdir state && mount -t tmpfs -o size=2m,mode=755 tmpfs state
            "\(Site.programs)/penstock" run pipeline.json --source Fetch=work --state state --plugins plugins
            echo "ended $?"; ls state/workspaces state/artifacts/tmp
            """
        let outcome = try await site.launch(["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script]).outcome()
        #expect(
            outcome.text.contains("SystemUnavailable (SpawnFailed): output artifact Code: cannot write"), "\(outcome)")
        #expect(outcome.text.contains("the disk is full") && outcome.output.contains("ended 1"))
    }

    @Test("without the launcher an action fails, never runs unsandboxed, and says what to do")
    func noLauncher() async throws {
        let site = try Site()
        // Installed elsewhere, without the launcher beside it.
        let script = """
            mkdir -p bin lib/penstock && cp \(Site.programs)/penstock bin/ && cp -r plugins lib/penstock/
            site="--state state --settings settings.yaml"
            bin/penstock run pipeline.json $site; echo "run $?"; bin/penstock doctor $site; echo "doctor $?"
            bin/penstock run pipeline.json $site --sandbox none; echo "none $?"
            """
        try site.write(
            pipeline(source, Stage("Build", action("Make", "count made", type: "Build/Custom/Do"))).text,
            to: "pipeline.json")
        let outcome = try await site.launch(["/bin/bash", "-c", script]).outcome()
        let reason =
            "No sandbox: the launcher \(site.path)/bin/penstock-sandbox is missing. It belongs beside the penstock executable, or choose `--sandbox none`"
        #expect(outcome.text.contains(" s: SystemUnavailable (SandboxFailed): \(reason)"), "\(outcome)")
        #expect(outcome.text.contains("BAD  sandbox    \(reason)"))
        for end in ["run 1", "doctor 1", "none 0"] { #expect(outcome.output.contains(end), "\(outcome)") }
        #expect(site.lines("shared/made").count == 1)
    }

    @Test("without bubblewrap an action fails and says how to get it", .enabled(if: Site.isRoot))
    func noBubblewrap() async throws {
        let site = try Site()
        try site.write(Self.short.text, to: "pipeline.json")
        try site.write("", to: "empty")
        let script = """
            mount --bind empty /usr/bin/bwrap && "\(Site.programs)/penstock" run pipeline.json --state state \
              --sandbox bubblewrap --plugins plugins --settings settings.yaml
            """
        let outcome = try await site.launch(["/usr/bin/unshare", "--mount", "/bin/bash", "-c", script]).outcome()
        #expect(outcome.code == 1, "\(outcome)")
        #expect(
            outcome.text.contains(
                "No sandbox: bubblewrap is not installed (/usr/bin/bwrap). Install it with `apt-get install bubblewrap`"
            ), "\(outcome)")
        #expect(outcome.text.contains("--sandbox none"))
    }

    @Test(
        "where no namespaces can be had Landlock is used, which is said and recorded; doctor says what the others lack")
    func noNamespaces() async throws {
        let site = try Site()
        try site.write(Self.short.text, to: "pipeline.json")
        // An ordinary user in a place without user namespaces.
        let place = ["--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000", "--dev-bind", "/", "/"]
        func penstock(_ words: String...) async throws -> Outcome {
            let options = ["--state", "state", "--plugins", "plugins", "--settings", "settings.yaml"]
            return try await site.launch(
                ["/usr/bin/bwrap"] + place + ["\(Site.programs)/penstock"] + words + options
            ).outcome()
        }
        let run = try await penstock("run", "pipeline.json")
        #expect(run.code == 0, "\(run)")
        let line = try #require(run.errorText.split(separator: "\n").first)
        #expect(line.hasPrefix("penstock: uses the sandbox landlock (which hides no names, "), "\(line)")
        #expect(
            line.contains("modes and times of what belongs to this user), because of namespaces: penstock-sandbox:"))
        #expect(line.contains("; bubblewrap: bwrap: "))
        #expect(try await site.shown()["sandbox"] == "landlock")
        let asked = try await penstock("run", "pipeline.json", "--sandbox", "namespaces")
        #expect(asked.code == 1, "\(asked)")
        #expect(asked.text.contains("SandboxFailed): No sandbox: penstock-sandbox: cannot make namespaces: No space"))
        let doctor = try await penstock("doctor")
        #expect(doctor.text.contains("ok   sandbox    landlock (which hides no names, "), "\(doctor)")
        for line in [
            "- namespaces No sandbox: ", "- bubblewrap No sandbox: bwrap: ", "- landlock   works, and is used",
        ] {
            #expect(doctor.text.contains(line), "\(doctor)")
        }
    }

    @Test("doctor says of each part whether it is well, and of a plugin what it lacks")
    func doctor() async throws {
        let site = try Site()
        let lacking = try await site.penstock("doctor")
        #expect(lacking.code == 1)
        for part in [
            "ok   penstock", "ok   state", "ok   sandbox", "ok   limits", "ok   settings", "ok   git",
            "BAD  local-deploy",
        ] {
            #expect(lacking.text.contains(part), "\(lacking)")
        }
        #expect(lacking.text.contains("penstock plugin grant local-deploy --host-path targets=/PATH/FOR/targets "))
        let quiet = try await site.penstock("doctor", "--quiet")
        #expect(
            quiet.output.allSatisfy { $0.hasPrefix("BAD  local-deploy") || $0.hasPrefix("penstock plugin grant ") },
            "\(quiet)")
        #expect(names(in: "\(site.state)/workspaces") == [])

        _ = try await site.makeRepository()
        try site.makeTarget()
        try site.write(
            contents(site.place("settings.yaml"))!
                + "\n  peek: {hostPaths: {signs: \(site.signs)}}\n  do: {hostPaths: {signs: \(site.signs), shared: \(site.shared)}}\n",
            to: "settings.yaml")
        let well = try await site.penstock("doctor")
        #expect(well.code == 0, "\(well)")
    }

    @Test("an ordinary user needs nothing of root's", .enabled(if: Site.isRoot))
    func ordinaryUser() async throws {
        let site = try Site()
        try site.write(
            pipeline(source, Stage("Build", action("Make", "count made; id -u", type: "Build/Custom/Do"))).text,
            to: "pipeline.json")
        // A user of no slot: these are emptied of processes when a job ends.
        let script = """
            chown -R 61234:61234 . && setpriv --reuid 61234 --regid 61234 --clear-groups \
              "\(Site.programs)/penstock" run pipeline.json --state state --plugins plugins --settings settings.yaml
            """
        let outcome = try await site.launch(["/bin/bash", "-c", script]).outcome()
        #expect(outcome.code == 0 && site.lines("shared/made").count == 1, "\(outcome)")
        #expect(names(in: "\(site.state)/workspaces") == [])
    }
}
