import Glibc
import Jansson
import Testing

@Suite("Signals")
struct StopTests {
    /// The action that is to be interrupted counts its runs by its action execution id.
    static let long = pipeline(
        Stage("Source", action("Fetch", "count fetched; echo x > out/Code/f", type: "Source/Custom/Do", out: ["Code"])),
        Stage("Build", action("Make", "count made; echo working; await go; echo done", type: "Build/Custom/Do")),
        Stage("End", action("Bye", "count ended", type: "Build/Custom/Do")))

    @Test("Ctrl-C waits for what runs, starts nothing more, and resume finishes (STP-1)")
    func once() async throws {
        let site = try Site()
        let run = try await site.startRun(Self.long)
        try await run.until(says: "working")
        run.signal(SIGINT)
        try await run.until(says: "stopping, waits for Make; Ctrl-C again gives up")
        #expect(try await site.shown()["status"] == "Stopping")
        try site.give("go")
        let outcome = try await run.outcome()
        #expect(outcome.code == 4 && outcome.output.last?.contains("Stopped in ") == true, "\(outcome)")
        #expect(
            outcome.output.last?.hasSuffix("interrupted; \(site.resumption(of: try await site.execution()))")
                == true)
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded", "Make": "Succeeded"])
        #expect(try await site.resume().code == 0)
        #expect([site.lines("shared/made").count, site.lines("shared/ended").count] == [1, 1])
        try await site.expectNothingLeft()
    }

    @Test("a second Ctrl-C gives up what runs; resume runs it anew, under a new id (STP-2, STP-5)")
    func twice() async throws {
        let site = try Site()
        let run = try await site.startRun(Self.long)
        try await run.until(says: "working")
        run.signal(SIGINT)
        try await run.until(says: "stopping, waits for Make")
        let outcome = try await run.outcome(after: SIGINT)
        #expect(outcome.code == 4 && outcome.text.contains("Build/Make Abandoned"), "\(outcome)")
        #expect(try await site.shown()["status"] == "Stopped")
        try await site.expectNothingLeft()
        try site.give("go")
        #expect(try await site.resume().code == 0)
        #expect(Set(site.lines("shared/made")).count == 2)
        #expect(site.lines("shared/fetched").count == 1)
    }

    @Test(
        "SIGTERM leaves the execution as it is, also when the plugin calls that a failure; resume runs the same action",
        arguments: ["", "trap \"fail 'told to end'\" TERM; ", "trap 'exit 7' TERM; ", "trap '' TERM; "])
    func termination(trap: String) async throws {
        let site = try Site()
        let run = try await site.startRun(
            pipeline(
                source,
                Stage("Build", action("Make", "\(trap)count made; echo working; await go", type: "Build/Custom/Do")),
                Stage("End", action("Bye", "true"))))
        try await run.until(says: "working")
        let outcome = try await run.outcome(after: SIGTERM)
        let id = try await site.execution()
        #expect(outcome.code == 4, "\(outcome)")
        #expect(outcome.errorText.contains("was asked to end; \(site.resumption(of: id))"))
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded", "Make": "InProgress"])
        try await site.expectNothingLeft()
        try site.give("go")
        #expect(try await site.resume().code == 0)
        #expect(site.lines("shared/made").count == 2 && Set(site.lines("shared/made")).count == 1)
    }

    @Test("a signal ends a run that waits for somebody to answer", arguments: [[SIGTERM], [SIGHUP], [SIGINT, SIGINT]])
    func atQuestion(signals: [Int32]) async throws {
        let site = try Site()
        let run = try await site.startRun(OptionTests.gated, input: nil)
        try await until("it asks: \(run.errors)") { run.errors.contains("[y/N]") }
        for signal in signals.dropLast() {
            run.signal(signal)
            try await run.until(says: "stopping, waits for Ok")
        }
        #expect(try await run.outcome(after: signals[0]).code == 4)
        #expect(try await site.resume(input: "y\n").code == 0)
    }

    @Test("an approval stays answerable while the execution is stopping (STP-1)")
    func approvalWhileStopping() async throws {
        let site = try Site()
        let run = try await site.startRun(OptionTests.gated, input: nil)
        try await until("it asks: \(run.errors)") { run.errors.contains("[y/N]") }
        run.signal(SIGINT)
        try await run.until(says: "stopping, waits for Ok")
        run.type("y\n")
        #expect(try await run.outcome().code == 4)
        #expect(try await site.shown().statuses["Ok"] == "Succeeded")
        #expect(try await site.resume().code == 0)
    }

    @Test("a core that dies while it is stopping takes the stop with it: resume goes on to the end")
    func deathWhileStopping() async throws {
        let site = try Site()
        let run = try await site.startRun(Self.long)
        try await run.until(says: "working")
        run.signal(SIGINT)
        try await run.until(says: "stopping, waits for Make")
        _ = try await run.outcome(after: SIGKILL)
        try site.give("go")
        #expect(try await site.resume().code == 0)
        #expect(site.lines("shared/made").count == 2 && Set(site.lines("shared/made")).count == 1)
    }

    @Test("nohup keeps a run going when its terminal goes away")
    func nohup() async throws {
        let site = try Site()
        try site.write(pipeline(source, Stage("Build", action("Make", "echo up; await go"))).text, to: "pipeline.json")
        let run = try await site.start(["run", "pipeline.json"], by: ["/usr/bin/env", "--ignore-signal=HUP"])
        try await run.until(says: "up")
        run.signal(SIGHUP)
        try site.give("go")
        #expect(try await run.outcome().code == 0)
    }

    @Test("an action that waits to be asked again is asked with its token after a stop, too")
    func continuation() async throws {
        let site = try Site()
        let script = """
            count asked; [ "$(get '.data.continuationToken // ""')" = later ] && succeed
            send '"type":"jobSuccessResult","continuationToken":"later","continueAfterSeconds":3600'; exit 0
            """
        let definition = pipeline(source, Stage("Build", action("Make", script, type: "Build/Custom/Do")))
        let run = try await site.startRun(definition)
        try await until("it has been asked") { site.lines("shared/asked").count == 1 }
        try await until("nothing of it runs: \(site.processes())") { site.processes().count == 1 }
        #expect(try await run.outcome(after: SIGTERM).code == 4)
        #expect(try await site.shown().statuses["Make"] == "InProgress")
    }

    @Test(
        "as process 1 of a container it reaps orphans while it waits, and SIGTERM leaves the execution to be resumed (HST-21)",
        .enabled(if: Site.isRoot))
    func container() async throws {
        let site = try Site()
        let script = """
            # The shell ends at once; its child is an orphan then, and ends too.
            bash -c 'sleep 0.05 & echo \\$! > \(site.shared)/orphan' ; echo working; await go
            """.replacing("\\$", with: "$")
        let definition = pipeline(source, Stage("Build", action("Make", script, type: "Build/Custom/Do")))
        try site.write(definition.text, to: "pipeline.json")
        let run = try await site.start(
            ["run", "pipeline.json", "--sandbox", "none"], by: ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc"])
        try await run.until(says: "working")
        let core = try #require(children(of: run.pid).first)
        #expect(contents("/proc/\(core)/status")?.contains("\t1\n") == true, "it is process 1 there")
        try await until("no zombie is left: \(children(of: core).compactMap { contents("/proc/\($0)/stat") })") {
            children(of: core).allSatisfy { contents("/proc/\($0)/stat")?.contains(") Z ") != true }
                && children(of: core).count == 1
        }
        kill(core, SIGTERM)
        #expect(try await run.outcome().errorText.contains("was asked to end"))
        try site.give("go")
        #expect(try await site.resume().code == 0)
        try await site.expectNothingLeft()
    }
}

func children(of pid: Int32) -> [Int32] {
    names(in: "/proc/\(pid)/task").flatMap { task in
        (contents("/proc/\(pid)/task/\(task)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }
}
