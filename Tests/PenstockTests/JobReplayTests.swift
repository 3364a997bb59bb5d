import Glibc
import Jansson
import Testing

@Suite("replay")
struct JobReplayTests {
    /// Says the same whenever it is asked.
    static let steady = pipeline(
        source,
        Stage(
            "Build",
            action(
                "Make", "echo kneading; cp in/Code/file out/Bin/; succeed '\"outputVariables\":{\"Size\":\"6\"}'",
                in: ["Code"], out: ["Bin"]),
            action("Break", "cat in/Code/file; fail boom", in: ["Code"])))

    private func replay(_ site: Site, _ action: String, _ options: String...) async throws -> Outcome {
        try await site.start(["replay", try await site.execution(), action] + options).outcome()
    }

    /// Everything that is kept of an execution.
    private func state(_ site: Site) async throws -> [String] {
        // Without the moment at which it is looked at.
        let shown = try await site.shown()
        let parts = ["status", "variables", "actions"].map { shown[$0]?.text ?? "" }
        return parts + names(in: site.state).filter { !$0.hasPrefix("penstock.db-") }
            + names(in: "\(site.state)/artifacts/trees")
            + names(in: "\(site.state)/logs/\(try await site.execution())")
    }

    @Test("a job that ends as it did is the same, success or failure, and nothing of the execution changes")
    func same() async throws {
        let site = try Site()
        #expect(try await site.run(Self.steady).code == 1)
        let before = try await state(site)
        let made = try await replay(site, "Make")
        #expect(made.code == 0, "\(made)")
        #expect(
            made.output.contains { $0.hasSuffix(" kneading") } && made.output.last == "Succeeded, the same as recorded")
        let broken = try await replay(site, "Build/Break")
        #expect(broken.code == 0 && broken.output.last == "Failed, the same as recorded", "\(broken)")
        #expect(broken.output.contains { $0.hasSuffix(" hello") }, "with the input that it had")
        #expect(try await state(site) == before)
        let objects = try await replay(site, "Make", "--format", "json").objects()
        #expect(objects.contains { $0["event"] == "log" && $0["text"] == "kneading" })
        #expect(
            objects.last == [
                "event": "replay", "same": true, "recorded": "Succeeded", "replayed": "Succeeded", "differences": [],
            ])
        try await site.expectNothingLeft()
    }

    @Test("a change is told: status, failure, variables, artifacts with their files; and that the plugin changed")
    func differences() async throws {
        let site = try Site()
        #expect(try await site.run(Self.steady).code == 1)
        let program = try #require(contents("\(site.plugins)/peek/run"))
        let change = """
            succeed() { echo more > out/Bin/more; chmod +x out/Bin/file; send '"type":"jobSuccessResult","outputVariables":{"Size":"7","New":"x"}'; exit 0; }
            fail() { send '"type":"jobFailureResult","failureDetails":{"type":"JobFailed","message":"bang"}'; exit 0; }
            eval "$(get
            """
        try site.write(program.replacing("eval \"$(get", with: change), to: "plugins/peek/run", mode: 0o755)

        let made = try await replay(site, "Make")
        #expect(made.code == 1, "\(made)")
        #expect(made.errorText.contains("plugin peek has changed since it ran: \(site.plugins)/peek/run"))
        for line in [
            "- variable New", "- variable Size", "    recorded: 6", "    replayed: 7", "      + more", "      ~ file",
        ] {
            #expect(made.output.contains(line), "\(line) in \(made)")
        }
        let broken = try await replay(site, "Break", "--format", "json").objects().last
        #expect(
            broken?["differences"] == [
                ["what": "failure", "recorded": "JobFailed: boom", "replayed": "JobFailed: bang"]
            ], "\(String(describing: broken))")
        try site.write("#!/bin/bash\ncat > /dev/null\n", to: "plugins/peek/run", mode: 0o755)
        let silent = try await replay(site, "Make", "--quiet")
        #expect(
            silent.code == 1 && silent.text.contains("- status\n    recorded: Succeeded\n    replayed: Failed"),
            "\(silent)")
    }

    @Test("host paths are empty scratch, and what is written there is lost, until --grants gives the real ones")
    func grants() async throws {
        let site = try Site()
        try site.give("seen")
        let script = "ls \(site.signs); echo x >> \(site.shared)/written; succeed"
        #expect(
            try await site.run(
                pipeline(source, Stage("Build", action("Make", script, type: "Build/Custom/Do")))
            ).code == 0)
        let offline = try await replay(site, "Make")
        #expect(offline.code == 0 && !offline.text.contains(" seen"), "\(offline)")
        #expect(site.lines("shared/written") == ["x"])
        let granted = try await replay(site, "Make", "--grants")
        #expect(granted.code == 0 && granted.text.contains(" seen"), "\(granted)")
        #expect(site.lines("shared/written") == ["x", "x"])
    }

    @Test("there is no network but by --network")
    func network() async throws {
        let site = try Site()
        try site.install(
            "net",
            types: [
                [
                    "category": "Build", "provider": "Net", "version": "1", "configurationProperties": [],
                    "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
                    "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
                ]
            ],
            script: """
                #!/bin/bash
                id=$(jq -r .jobId)
                [ "$(wc -l < /proc/net/dev)" = \(contents("/proc/net/dev")?.split(separator: "\n").count ?? 0) ] && all=yes
                echo '{"protocol":"penstock/1","jobId":"'$id'","type":"jobSuccessResult","outputVariables":{"All":"'$all'"}}'
                """, permissions: ["network": true])
        try site.write(
            "grants: {net: {network: true}, peek: {hostPaths: {signs: \(site.signs)}}}\n", to: "settings.yaml")
        #expect(
            try await site.run(pipeline(source, Stage("Build", action("Make", type: "Build/Custom/Net")))).code == 0)
        // A machine that has nothing but a loopback cannot tell the two apart.
        let interfaces = contents("/proc/net/dev")?.split(separator: "\n").count ?? 0
        #expect(try await replay(site, "Make").code == (interfaces > 3 ? 1 : 0))
        #expect(try await replay(site, "Make", "--network").code == 0)
    }

    @Test("of an action that goes on, the first job without a token is replayed")
    func continuation() async throws {
        let site = try Site()
        let script = """
            [ "$(get .data.continuationToken)" = null ] || succeed
            echo first; send '"type":"jobSuccessResult","continuationToken":"more","continueAfterSeconds":1'; exit 0
            """
        let outcome = try await site.run(pipeline(source, Stage("Build", action("Make", script))))
        try #require(outcome.code == 0, "\(outcome)")
        let replayed = try await replay(site, "Make")
        #expect(replayed.code == 0 && replayed.output.last == "Continues, the same as recorded", "\(replayed)")
        #expect(replayed.text.contains(" first"))
    }

    @Test("a worker's job is replayed by a worker of its own")
    func worker() async throws {
        let (site, job) = try (WorkerTests().site(), WorkerTests().team("Serve", "cat $IN/file; exit 3", in: ["Code"]))
        #expect(try await site.run(pipeline(source, Stage("Build", job))).code == 1)
        let outcome = try await replay(site, "Serve")
        #expect(outcome.code == 0 && outcome.text.contains(" hello"), "\(outcome)")
        try await site.expectNothingLeft()
    }

    @Test("a job that a crash interrupted is replayed, and compared with the one that has a result")
    func crash() async throws {
        let site = try Site()
        let run = try await site.startRun(pipeline(source, Stage("Build", action("Make", "echo up; await go"))))
        try await run.until(says: "| up")
        _ = try await run.outcome(after: SIGKILL)
        try site.give("go")
        // Without a result there is something to see, and nothing that is the same.
        let before = try await replay(site, "Make", "--grants")
        #expect(before.code == 1 && before.text.contains("recorded: no result"), "\(before)")
        #expect(try await site.resume().code == 0)
        #expect(try await replay(site, "Make", "--grants").code == 0)
        try await site.expectNothingLeft()
    }

    @Test("Ctrl-C gives it up, and leaves nothing")
    func interrupted() async throws {
        let site = try Site()
        try site.give("go")
        #expect(try await site.run(pipeline(source, Stage("Build", action("Make", "echo up; await go")))).code == 0)
        // Its sign is a file of a host path, which is empty now.
        let run = try await site.start(["replay", try await site.execution(), "Make"])
        try await run.until(says: " up")
        let outcome = try await run.outcome(after: SIGINT)
        #expect(outcome.code == 4 && outcome.errorText.contains("interrupted"), "\(outcome)")
        try await site.expectNothingLeft()
    }

    @Test("what has nothing to replay is refused in a line")
    func badInput() async throws {
        let site = try Site()
        try site.makeFolder(site.place("code"))
        try site.write("hello\n", to: "code/file")
        let two = pipeline(
            Stage("Source", action("Fetch", "true", type: "Source/Custom/Peek", out: ["Code"])),
            Stage("Build", action("Make", "fail no", in: ["Code"]), action("Stubbed", "true")),
            Stage("Gate", approval("Ok")), Stage("End", action("Last", "true")))
        #expect(
            try await site.run(two, "--stub", "Build/Stubbed", "--source", "Fetch=code", "--approve", "always").code
                == 1)
        for (name, message) in [
            ("Fetch", "its output was taken from \(site.path)/code (--source)"), ("Stubbed", "a stub answered"),
            ("Ok", "is an approval"), ("Last", "has not run in execution"), ("Mak", "did you mean Make?"),
        ] {
            let outcome = try await replay(site, name)
            #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(name): \(outcome)")
        }
        for name in names(in: "\(site.state)/artifacts/trees") { unlink("\(site.state)/artifacts/trees/\(name)") }
        let pruned = try await replay(site, "Make")
        #expect(pruned.code == 2 && pruned.errorText.contains("the input artifact Code ("), "\(pruned)")
        unlink("\(site.plugins)/peek/plugin.json")
        let gone = try await replay(site, "Make")
        #expect(gone.code == 2 && gone.errorText.contains("Build/Make: no plugin serves"), "\(gone)")
        #expect(try await site.start(["replay", "0000", "Make"]).outcome().code == 2)
    }

    @Test("what ran without a sandbox is replayed in one, or with all that it had")
    func withoutSandbox() async throws {
        let site = try Site()
        #expect(try await site.run(Self.steady, "--sandbox", "none").code == 1)
        let refused = try await replay(site, "Make")
        #expect(refused.code == 2 && refused.errorText.contains("say --sandbox namespaces, or --network --grants"))
        #expect(try await replay(site, "Make", "--sandbox", "bubblewrap").code == 0)
        #expect(try await replay(site, "Make", "--network", "--grants").code == 0)
    }
}
