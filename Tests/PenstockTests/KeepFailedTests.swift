import Glibc
import Jansson
import Testing

@Suite("run --keep-failed and shell")
struct KeepFailedTests {
    /// Reads its input, writes everywhere that it may, and fails.
    static let failing =
        "cat in/Code/file; echo half > out/Bin/half; echo note > tmp/note; echo cfg > home/rc; fail broken"
    static let definition = pipeline(source, Stage("Build", action("Make", failing, in: ["Code"], out: ["Bin"])))

    /// The folders that are kept, each with its execution's.
    private func kept(_ site: Site) -> [String] {
        names(in: "\(site.state)/kept").flatMap { execution in
            names(in: "\(site.state)/kept/\(execution)").map { "\(site.state)/kept/\(execution)/\($0)" }
        }
    }

    private func shell(
        _ site: Site, _ command: String, action: String = "Make", options: String...
    ) async throws -> Outcome {
        try await site.start(
            ["shell", try await site.execution(), action] + options + ["--", "sh", "-c", command]
        ).outcome()
    }

    @Test("the workspace of an action that failed is kept, and the report names the command that looks into it")
    func report() async throws {
        let site = try Site()
        let outcome = try await site.run(Self.definition, "--keep-failed")
        #expect(outcome.code == 1, "\(outcome)")
        let command = "`\(site.command("shell", try await site.execution(), "Build/Make"))` looks into it"
        #expect(
            outcome.output.contains { $0.hasSuffix("the workspace of Build/Make is kept: \(command)") }, "\(outcome)")
        #expect(try await site.penstock("show", site.execution()).text.contains(command))
        #expect(try await site.penstock("logs", site.execution()).text.contains("Build/Make | the workspace is kept"))
        let path = try #require(kept(site).first)
        #expect(contents("\(path)/out/Bin/half") == "half\n" && contents("\(path)/in/Code/file") == "hello\n")
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o007 == 0 && status.st_uid == geteuid())
        try await site.expectNothingLeft()

        let json = try await site.run(Self.definition, "--keep-failed", "--format", "json").objects()
        #expect(json.contains { $0["event"] == "kept" && $0["action"] == "Build/Make" })
    }

    @Test("nothing is kept without being asked for, of what succeeds, or of what is given up")
    func notKept() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition).code == 1)
        #expect(try await site.run(pipeline(source, Stage("Build", action("Make", "true"))), "--keep-failed").code == 0)
        let slow = pipeline(source, Stage("Build", action("Make", "echo up; await never")))
        let run = try await site.startRun(slow, "--keep-failed")
        try await run.until(says: "| up")
        run.signal(SIGINT)
        try await run.until(says: "again gives up")
        #expect(try await run.outcome(after: SIGINT).code == 4)
        #expect(kept(site) == [])
    }

    @Test("an output that is refused leaves its workspace too")
    func refusedOutput() async throws {
        let site = try Site()
        let script = "ln -s /etc/passwd out/Bin/link"
        let outcome = try await site.run(
            pipeline(source, Stage("Build", action("Make", script, out: ["Bin"]))), "--keep-failed")
        #expect(outcome.code == 1 && outcome.text.contains("OutputArtifactEscapes"), "\(outcome)")
        #expect(try await shell(site, "readlink out/Bin/link").output == ["/etc/passwd"])
    }

    @Test(
        "a core that comes after a kill -9 leaves it, and resume --keep-failed keeps more",
        arguments: sandboxes)
    func killed(sandbox: String) async throws {
        let site = try Site()
        let two = pipeline(
            source,
            Stage(
                "Build", action("Make", Self.failing, in: ["Code"], out: ["Bin"]), action("Wait", "await go; fail late")
            ))
        let run = try await site.startRun(two, "--keep-failed", "--sandbox", sandbox)
        try await run.until(says: "Build/Make Failed")
        _ = try await run.outcome(after: SIGKILL)
        #expect(kept(site).count == 1)
        try site.give("go")
        #expect(try await site.resume("--keep-failed").code == 1)
        #expect(kept(site).count == 2)
        #expect(try await shell(site, "cat out/Bin/half; exit 5").code == 5)
        try await site.expectNothingLeft()
    }

    @Test("twenty are kept; the oldest goes, and the log says so")
    func limit() async throws {
        let site = try Site()
        let many = (1...21).map { action("Make\($0)", "fail no", order: Int64(1)) }
        let outcome = try await site.run(
            pipeline(source, Stage("Build", actions: many)), "--keep-failed", "--jobs", "4")
        #expect(kept(site).count == 20)
        #expect(outcome.text.contains("20 workspaces are kept at most: \(site.state)/kept/"), "\(outcome)")
    }

    @Test("of a worker's job its own folders are kept, and its plugin runs there by hand as any other")
    func worker() async throws {
        let (site, job) = try (
            WorkerTests().site(),
            WorkerTests().team("Serve", "echo half > $OUT/half; exit 3", in: ["Code"], out: ["Bin"])
        )
        let outcome = try await site.run(pipeline(source, Stage("Build", job)), "--keep-failed")
        #expect(outcome.code == 1, "\(outcome)")
        let shell = try await shell(
            site, "cat in/Code/file; cat out/Bin/half; ls home; /plugin/run < tmp/job.json", action: "Serve")
        #expect(shell.output.prefix(2) == ["hello", "half"], "\(shell)")
        #expect(try JSON(parsing: shell.output.last ?? "")["type"] == "jobFailureResult", "\(shell)")
        try await site.expectNothingLeft()
    }

    @Test("of an attempt that is tried again the workspace is kept as well, and a shell opens in that of the newest")
    func lost() async throws {
        let script =
            "echo $ID > $OUT/id; [ -e $SHARED/again ] && exit 3; touch $SHARED/again; kill -KILL $PPID; sleep 100"
        let (site, job) = try (WorkerTests().site(), WorkerTests().team("Serve", script, out: ["Bin"]))
        let outcome = try await site.run(pipeline(source, Stage("Build", job)), "--keep-failed")
        #expect(outcome.code == 1 && outcome.text.contains("status 3"), "\(outcome)")
        #expect(kept(site).compactMap { $0.split(separator: ".").last }.sorted() == ["1", "2"])
        let shell = try await shell(site, "jq .attempt tmp/job.json", action: "Serve")
        #expect(shell.output == ["2"] && shell.errorText.contains("attempt 2"), "\(shell)")
    }

    // MARK: shell

    @Test("a command runs as the action did: its sandbox, grants, environment and job; its exit code is the answer")
    func command() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        try site.give("seen")
        let outcome = try await shell(
            site,
            """
            id -u; pwd; echo $HOME $TMPDIR $PENSTOCK_LIFECYCLE; ls \(site.signs); touch \(site.signs)/x || echo read-only
            touch in/x || echo inputs too; cat in/Code/file tmp/note home/rc; ls /sys/class/net 2>&1 | head -c 0
            jq -r '.data.pipelineContext.action.name, .workspace.root' tmp/job.json; exit 42
            """, action: "Build/Make")
        let expected = [
            "1000", "/workspace", "/workspace/home /workspace/tmp oneShot", "seen", "read-only", "inputs too", "hello",
            "note", "cfg", "Make", "/workspace",
        ]
        #expect(outcome.code == 42 && outcome.output == expected, "\(outcome)")
        #expect(outcome.errorText.contains("attempt 1: JobFailed: broken"))
        #expect(outcome.errorText.contains("    /plugin/run < tmp/job.json"))

        let again = try await shell(
            site, "cat in/Code/file >&2; /plugin/run < tmp/job.json; rm -r out/Bin/*", options: "--quiet")
        #expect(again.code == 0 && again.text.contains(#""message":"broken""#), "\(again)")
        let after = try await shell(site, "ls out/Bin", options: "--quiet")
        #expect(after.output == [] && after.errors == [], "what is changed stays changed, and --quiet is: \(after)")
        #expect(try await shell(site, "kill -KILL $$").code == 137)
        try await site.expectNothingLeft()
    }

    @Test("what a shell leaves running ends with it")
    func leftBehind() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        #expect(try await shell(site, "setsid -f sleep 1000; echo up").output == ["up"])
        try await site.expectNothingLeft()
    }

    @Test("secrets are not in the job that is put there, however short")
    func secrets() async throws {
        let site = try Site()
        for token in ["hunter2-hunter2", "xyz"] {
            let make = action(
                "Make", type: "Build/Custom/Peek", configuration: ["Script": "fail no", "Token": .string(token)])
            #expect(try await site.run(pipeline(source, Stage("Build", make)), "--keep-failed").code == 1)
            let outcome = try await shell(site, "cat tmp/job.json")
            #expect(try outcome.objects().first?["data"]?["actionConfiguration"]?["configuration"]?["Token"] == "***")
            #expect(!outcome.text.contains(token))
        }
    }

    @Test("with a terminal there is a shell with job control; afterwards the terminal is as it was")
    func terminal() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        let words = ["\(Site.programs)/penstock", "shell", try await site.execution(), "Make", "--quiet"]
        let shell = (words + site.places()).joined(separator: " ")
        let script =
            "stty -g > before; \(shell); echo code=$?; stty -g | cmp - before && echo same; read -r line; echo got $line"
        let run = try await site.launch(TerminalTests.terminal + ["/bin/bash", "--norc", "-c", script], input: nil)
        // What is typed is echoed: what is waited for must not stand in it.
        run.type("echo ready-$((1 + 1))\n")
        try await run.until(says: "ready-2")
        run.type("sh -c 'echo running-$((2 + 2)); exec sleep 1000'\n")
        try await run.until(says: "running-4")
        run.type("\u{1A}")
        try await run.until(says: "Stopped")
        run.type("bg; jobs -r | wc -l; kill %1; wait; echo gone-$((3 + 3))\n")
        try await run.until(says: "gone-6")
        run.type("sh -c 'echo again-$((4 + 4)); exec sleep 1000'\n")
        try await run.until(says: "again-8")
        run.type("\u{3}")
        run.type("echo after-$((5 + 5))\n")
        try await run.until(says: "after-10")
        run.type("stty -echo; exit 9\n")
        try await run.until(says: "code=9")
        try await run.until(says: "same")
        run.type("typed\n")
        let outcome = try await run.outcome()
        #expect(outcome.text.contains("got typed") && !outcome.text.contains("no job control"), "\(outcome)")
        try await site.expectNothingLeft()
    }

    @Test("Ctrl-Z on a command without a shell of its own stops penstock with it, and fg goes on")
    func stopped() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        let words = ["\(Site.programs)/penstock", "shell", try await site.execution(), "Make", "--quiet"]
        let shell = (words + site.places() + ["--", "sh", "-c", "'echo up-$((1 + 1)); read -r line; echo got-$line'"])
            .joined(separator: " ")
        let run = try await site.launch(TerminalTests.terminal + ["/bin/bash", "--norc", "-i"], input: nil)
        run.type("\(shell)\n")
        try await run.until(says: "up-2")
        run.type("\u{1A}")
        try await run.until(says: "Stopped")
        run.type("fg\n")
        try await until("it is stopped no more") {
            !site.processes().contains { contents("/proc/\($0.prefix { $0 != " " })/stat")?.contains(") T ") == true }
        }
        run.type("line\n")
        try await run.until(says: "got-line")
        run.type("exit 0\n")
        #expect(try await run.outcome().code == 0)
        try await site.expectNothingLeft()
    }

    @Test("in one workspace one shell is open at a time; a second one is refused")
    func twice() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        let first = try await site.start(
            ["shell", try await site.execution(), "Make", "--", "sh", "-c", "echo in; read -r x"], input: nil)
        try await first.until(says: "in")
        let second = try await shell(site, "echo never")
        #expect(second.code == 2 && second.errorText.contains("another shell is open in"), "\(second)")
        first.type("\n")
        #expect(try await first.outcome().code == 0)
    }

    @Test("a kill -9 of the command ends what ran in the shell, and the workspace is there for the next")
    func killedShell() async throws {
        let site = try Site()
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        let first = try await site.start(
            ["shell", try await site.execution(), "Make", "--", "sh", "-c", "echo in; read -r x"], input: nil)
        try await first.until(says: "in")
        _ = try await first.outcome(after: SIGKILL)
        try await site.expectNothingLeft()
        #expect(try await shell(site, "cat tmp/note").output == ["note"])
    }

    @Test("what cannot be meant is refused, with what may be")
    func badInput() async throws {
        let site = try Site()
        let two = pipeline(
            source, Stage("Build", action("Make", "fail no"), action("Same", "true")), Stage("Gate", approval("Ok")),
            Stage("End", action("Same", "true")))
        #expect(try await site.run(two, "--stub", "Build/Same", "--approve", "always").code == 1)
        let id = try await site.execution()
        let cases: [([String], String)] = [
            (["0000", "Make"], "no such execution"),
            ([id, "Mak"], "pipeline shop has no such action; did you mean Make?"),
            ([id, "Build/Mkae"], "did you mean Build/Make?"),
            ([id, "Nothing/Like/It"], "there are Source/Fetch, Build/Make"),
            ([id, "Same"], "several actions are called so: Build/Same, End/Same"),
            ([id, "End/Same"], "has not run in execution"), ([id, "Ok"], "is an approval"),
            ([id, "Build/Same"], "a stub answered"),
            ([id, "Make"], "no workspace of it is kept: `penstock run --keep-failed` keeps"),
            ([id, "Fetch"], "it has not failed"),
        ]
        for (words, message) in cases {
            let outcome = try await site.start(["shell"] + words).outcome()
            #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(words): \(outcome)")
        }
        #expect(try await site.run(Self.definition, "--keep-failed").code == 1)
        unlink("\(site.plugins)/peek/run")
        let gone = try await shell(site, "true")
        #expect(gone.code == 2 && gone.errorText.contains("Build/Make: plugin peek: run.command"), "\(gone)")
    }
}
