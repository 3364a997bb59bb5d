import Dice
import Glibc
import Jansson
import Testing

@Suite("kill -9 and resume")
struct CrashTests {
    /// Each action counts its runs by its action execution id, says that it is at work, and waits for a sign.
    static let definition = pipeline(
        Stage(
            "Source",
            action(
                "Fetch", "count fetched; echo x > out/Code/f; echo fetching; await fetch", type: "Source/Custom/Do",
                out: ["Code"])),
        Stage("Build", action("Make", "count made; echo making; await make", type: "Build/Custom/Do", in: ["Code"])),
        Stage("Gate", approval("Ok")),
        Stage("End", action("Bye", "count ended; cat in/Code/f", type: "Build/Custom/Do", in: ["Code"])))

    enum Moment: String, CaseIterable {
        case source = "fetching"
        case action = "making"
        case approval = "waits for an approval"

        /// What has to be given so that it comes to this moment.
        var signs: [String] { [] + (self == .source ? [] : ["fetch"]) + (self == .approval ? ["make"] : []) }
        /// The counters of what runs then, and of what has run.
        var interrupted: String? { [.source: "fetched", .action: "made"][self] }
        var completed: [String] { [.source: [], .action: ["fetched"], .approval: ["fetched", "made"]][self]! }
    }

    @Test(
        "what was done is kept, what ran runs again under the same action execution id, nothing is left (HST-08, HST-26)",
        arguments: Moment.allCases, sandboxes)
    func atMoment(moment: Moment, sandbox: String) async throws {
        let site = try Site()
        for sign in moment.signs { try site.give(sign) }
        let run = try await site.startRun(Self.definition, "--sandbox", sandbox, input: nil)
        try await run.until(says: moment.rawValue)
        #expect(try await run.outcome(after: SIGKILL).code == nil)
        if sandbox != "none" {
            try await until("nothing outlives the core: \(site.processes())") { site.processes().isEmpty }
        }
        #expect(try await site.shown()["status"] == "InProgress")

        for sign in ["fetch", "make"] { try site.give(sign) }
        let resumed = try await site.resume("--approve", "always")
        #expect(resumed.code == 0 && resumed.text.contains("End/Bye | x"), "\(resumed)")
        for counter in moment.completed + ["ended"] { #expect(site.lines("shared/\(counter)").count == 1) }
        if let counter = moment.interrupted {
            let ids = site.lines("shared/\(counter)")
            #expect(ids.count == 2 && Set(ids).count == 1, "\(ids)")
        }
        try await site.expectHistoryOfOneRun()
        try await site.expectNothingLeft()
    }

    @Test("without a sandbox whatever the plugin had started is ended too, also in a session of its own (HST-26)")
    func descendants() async throws {
        let site = try Site()
        let script = "[ -e \(site.signs)/go ] && succeed; setsid -f sleep 1000; sleep 1000 & echo up; await go"
        let run = try await site.startRun(pipeline(source, Stage("Build", action("Make", script))), "--sandbox", "none")
        try await run.until(says: "up")
        _ = try await run.outcome(after: SIGKILL)
        #expect(site.processes().filter { $0.contains("sleep 1000") }.count == 2, "they do outlive the core")
        try site.give("go")
        #expect(try await site.resume().code == 0)
        try await site.expectNothingLeft()
    }

    @Test("the next core ends what a dead one left, also when it runs something else")
    func anotherRun() async throws {
        let site = try Site()
        let stuck = pipeline(source, Stage("Build", action("Make", "echo up; await never")))
        let run = try await site.startRun(stuck, "--sandbox", "none")
        try await run.until(says: "up")
        _ = try await run.outcome(after: SIGKILL)
        #expect(site.processes() != [])
        #expect(try await site.run(pipeline(source, Stage("Build", action("Make", "true")))).code == 0)
        try await site.expectNothingLeft()
        #expect(try await site.penstock("history").text.contains("InProgress"), "the first can still be resumed")
    }

    @Test(
        "killed at any moment, again and again, an execution comes to its end, and no result is taken twice",
        arguments: [("namespaces", UInt64(1)), ("none", 2), ("bubblewrap", 3), ("landlock", 4)])
    func anyMoment(sandbox: String, seed: UInt64) async throws {
        let site = try Site()
        var dice = Dice(state: seed)
        let stages = (1...4).map { number in
            Stage(
                "S\(number)",
                action("Mark", "count s\(number)", type: "Build/Custom/Do", in: ["Code"], out: ["Out\(number)"]),
                action("Peek", "echo x > out/Side\(number)/f", out: ["Side\(number)"]))
        }
        let run = try await site.startRun(
            pipeline(source, stages[0], stages[1], Stage("Gate", approval("Ok")), stages[2], stages[3]), "--approve",
            "always",
            "--sandbox", sandbox)
        try await until("it is recorded") { run.output.contains("execution ") }
        let id = try await site.execution()
        var outcome = try await run.killed(after: .milliseconds(Int.random(in: 0...300, using: &dice)))
        for _ in 0..<10 where outcome.code == nil {
            let resumed = try await site.start(["resume", id, "--approve", "always"])
            outcome = try await resumed.killed(after: .milliseconds(Int.random(in: 0...500, using: &dice)))
        }
        if outcome.code == nil { outcome = try await site.resume("--approve", "always") }
        #expect(outcome.code == 0, "\(outcome)")
        try await site.expectHistoryOfOneRun()
        for number in 1...4 {
            #expect(Set(site.lines("shared/s\(number)")).count == 1, "one admission, however often it ran")
        }
        try await site.expectNothingLeft()
        // Nothing but what is declared to be there is left in the state directory.
        #expect(
            names(in: site.state).filter { !$0.hasPrefix("penstock.db") && !$0.hasPrefix("etc-") } == [
                "artifacts", "lock", "logs", "workspaces",
            ])
    }
}

extension Run {
    /// Ends it by SIGKILL unless it ends by itself before. What comes out must not depend on which.
    func killed(after time: Duration) async throws -> Outcome {
        try await Task.sleep(for: time)
        return try await outcome(after: SIGKILL)
    }
}

extension Site {
    /// The newest execution has succeeded, and each of its actions was admitted and ended once.
    func expectHistoryOfOneRun(_ location: SourceLocation = #_sourceLocation) async throws {
        let shown = try await shown()
        let actions = shown["actions"]?.elements ?? []
        #expect(shown["status"] == "Succeeded", sourceLocation: location)
        #expect(actions.allSatisfy { $0["status"] == "Succeeded" && $0["isCurrent"] == true }, sourceLocation: location)
        let names = actions.map { "\($0["stage"]?.stringValue ?? "")/\($0["action"]?.stringValue ?? "")" }
        #expect(names.count == Set(names).count, "\(names)", sourceLocation: location)
    }
}
