import Dice
import Glibc
import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

/// A worker under test, and all the effects that it had.
private struct Story {
    var session: WorkerSession
    var effects: [WorkerSession.Effect] = []

    init(seats: Int = 8, heartbeatSeconds: Int? = nil, idleTime: Duration = .seconds(300)) {
        session = WorkerSession(plugin: "acme", seats: seats, heartbeatSeconds: heartbeatSeconds, idleTime: idleTime)
    }

    @discardableResult
    mutating func apply(_ input: WorkerSession.Input) -> [WorkerSession.Effect] {
        let new = session.apply(input)
        effects += new
        return new
    }

    /// A job from its wish to the worker, as far as the worker takes it; a process is started for it.
    @discardableResult
    mutating func dispatch(
        _ id: String, action: String? = nil, secrets: [String: String] = [:], timeoutSeconds: Int = 60
    ) -> [WorkerSession.Effect] {
        var new = apply(.wanted(id, action: action ?? "action of \(id)"))
        guard new.contains(.admit(id)) else { return new }
        new += apply(
            .handed(testJob(id, action: action, timeoutSeconds: timeoutSeconds), Masker(secrets: secrets)))
        if new.last == .start { new += apply(.started(reportsStatus: false)) }
        return new
    }

    @discardableResult
    mutating func say(_ id: String, _ body: PluginMessage.Body) -> [WorkerSession.Effect] {
        print(PluginMessage(jobId: id, body: body).json.text)
    }

    @discardableResult
    mutating func print(_ text: String, _ stream: Processes.Stream = .output) -> [WorkerSession.Effect] {
        apply(.line(Line(stream: stream, offset: 0, bytes: Array(text.utf8), ending: .newline)))
    }

    @discardableResult
    mutating func finish(_ id: String) -> [WorkerSession.Effect] { say(id, done) + apply(.settled) }

    @discardableResult
    mutating func exit(_ exit: Exit) -> [WorkerSession.Effect] {
        var new = apply(.exited(exit))
        for stream in session.openStreams { new += apply(.ended(stream)) }
        return new + apply(.released)
    }

    func verdict(_ id: String) -> Verdict? {
        let all = effects.compactMap { effect -> Verdict? in
            if case .end(id, let verdict) = effect { verdict } else { nil }
        }
        #expect(all.count <= 1, "a job ends once")
        return all.first
    }

    func failure(_ id: String) -> Failure? { if case .failed(let failure)? = verdict(id) { failure } else { nil } }

    func log(_ id: String) -> [String] {
        effects.compactMap { if case .tell(id, .log(let record)) = $0 { record.text } else { nil } }
    }
}

func testJob(_ id: String, action: String? = nil, code: String = "", timeoutSeconds: Int = 60) -> Job {
    Job(
        jobId: id, timeoutSeconds: timeoutSeconds, workspace: .init(root: "/"),
        host: .init(name: "core", version: "1"),
        data: JobData(
            actionTypeId: .init(category: "Deploy", owner: "Custom", provider: "Acme", version: "1"),
            configuration: ["Run": code],
            pipelineContext: .init(
                pipelineName: "p", stageName: "s", actionName: "a",
                actionExecutionId: action ?? "action of \(id)")))
}

let (idA, idB, idC) = (
    "aaaaaaaa-54a5-4a5c-9c2e-2b1f3c4d5e6f", "bbbbbbbb-54a5-4a5c-9c2e-2b1f3c4d5e6f",
    "cccccccc-54a5-4a5c-9c2e-2b1f3c4d5e6f"
)
private let done = PluginMessage.Body.jobSuccessResult(JobSuccessResult())
private let abandoned = PluginMessage.Body.jobAbandonedResult(JobAbandonedResult())

private func cancel(_ id: String, _ reason: CancelReason, _ seconds: Int = 10) -> WorkerSession.Effect {
    .send(.cancel(Cancel(jobId: id, reason: reason, graceSeconds: seconds)))
}

@Suite("The machine of a worker: its jobs")
struct WorkerSessionJobTests {
    @Test("a job has a process started, is sent, and ends when the streams are settled; the process stays")
    func success() {
        var story = Story()
        #expect(story.apply(.wanted(idA, action: "a")) == [.admit(idA), .clear(.idle)])
        #expect(story.apply(.handed(testJob(idA), Masker())) == [.start])
        #expect(
            story.apply(.started(reportsStatus: false)) == [
                .send(.job(testJob(idA))), .set(.job(idA, .timeout), .seconds(60)),
                .set(.acknowledge(idA), .seconds(10)),
            ])
        #expect(story.say(idA, .acknowledge).first == .clear(.acknowledge(idA)))
        #expect(!story.say(idA, done).contains { if case .end = $0 { true } else { false } })
        story.print("the last line", .error)
        let end = story.apply(.settled)
        #expect(end.suffix(2) == [.end(idA, .succeeded(JobSuccessResult())), .set(.idle, .seconds(300))])
        #expect(story.log(idA) == ["the last line"])
        #expect(story.dispatch(idB).contains(.send(.job(testJob(idB)))), "without another start")
    }

    @Test("no more jobs than maxConcurrentJobs are in flight; the others wait in order")
    func seats() {
        var story = Story(seats: 2)
        let ids = (0..<5).map { "\($0)aaaaaaa-54a5-4a5c-9c2e-2b1f3c4d5e6f" }
        for id in ids { story.dispatch(id) }
        #expect(story.session.flights.count == 2 && story.session.queue.map(\.jobId) == Array(ids[2...]))
        let next = story.finish(ids[1])
        #expect(next.contains(.admit(ids[2])) && !next.contains(.admit(ids[3])))
        #expect(story.apply(.withdrawn(ids[2])).contains(.admit(ids[3])), "a job that is not handed leaves its seat")
        #expect(story.apply(.cancel(ids[4], .user)) == [.end(ids[4], .abandoned(.user, nil))])
    }

    @Test("each job has its own result, however they interleave (WRK-02)")
    func interleaved() {
        var story = Story()
        story.dispatch(idA)
        story.dispatch(idB)
        story.say(idB, .log(Log(level: .info, message: "of B")))
        story.say(idA, .jobFailureResult(JobFailureResult(type: .jobFailed, message: "of A failed")))
        story.say(idA, done)
        story.finish(idB)
        #expect(story.failure(idA)?.message == "of A failed", "the first result stands")
        #expect(story.verdict(idB) == .succeeded(JobSuccessResult()))
        #expect(story.log(idB).first == "of B" && !story.log(idA).contains("of B"))
    }

    @Test("what is on the standard error, or astray, belongs to all jobs in flight; a log message to its own")
    func attribution() {
        var story = Story()
        story.dispatch(idA)
        story.print("one", .error)
        story.dispatch(idB)
        story.print("two", .error)
        story.print("astray")
        story.finish(idA)
        story.print("three", .error)
        #expect(story.log(idA).filter { !$0.contains("exec 3>&1") } == ["one", "two", "astray"])
        #expect(story.log(idB).filter { !$0.contains("exec 3>&1") } == ["two", "astray", "three"])
    }

    @Test("a secret of one job is masked in what another says, also when its own job has ended (HST-13, WRK-07)")
    func secrets() {
        var story = Story()
        story.dispatch(idA, secrets: ["Token": "hunter2-canary"])
        story.dispatch(idB)
        story.say(idA, .mask(Mask(value: "run-time-secret")))
        story.say(idB, .log(Log(level: .info, message: "with hunter2-canary")))
        story.finish(idA)
        story.print("late run-time-secret", .error)
        story.dispatch(idC)
        story.say(idC, .jobSuccessResult(JobSuccessResult(outputVariables: ["Key": "is hunter2-canary"])))
        story.say(idC, abandoned)
        story.apply(.settled)
        story.say(
            idB, .jobFailureResult(JobFailureResult(type: .jobFailed, message: "hunter2-canary, run-time-secret")))
        story.apply(.settled)
        #expect(story.log(idB) == ["with ***", "late ***"])
        #expect(story.failure(idB)?.message == "***, ***")
        #expect(story.failure(idC)?.hostCode == .secretInOutput)
    }

    @Test("secrets of ended jobs are forgotten at last, those of jobs in flight are not")
    func forgottenSecrets() {
        var story = Story()
        story.dispatch(idA, secrets: ["Token": "secret-of-A"])
        for number in 0..<2_100 {
            let id = "\(1_000 + number)bbbb-54a5-4a5c-9c2e-2b1f3c4d5e6f"
            story.dispatch(id, secrets: ["Token": "secret-number-\(number)"])
            story.finish(id)
        }
        #expect(story.session.text.masker.count < 2_002)
        story.print("secret-of-A secret-number-2099 secret-number-0", .error)
        #expect(story.log(idA) == ["*** *** secret-number-0"])
    }

    @Test("a worker's result stands by itself, however the process ends afterwards")
    func exitAfterResult() {
        var story = Story()
        story.dispatch(idA)
        story.say(idA, done)
        story.exit(.signal(11))
        #expect(story.verdict(idA) == .succeeded(JobSuccessResult()))
    }

    @Test("a protocol error fails its job alone: the worker is told to give it up (RES-01)")
    func protocolError() {
        var story = Story()
        story.dispatch(idA)
        story.dispatch(idB)
        #expect(story.print("garbage \(idA)").contains(cancel(idA, .user, 2)))
        #expect(story.say(idA, abandoned).contains(.clear(.acknowledge(idA))))
        story.apply(.settled)
        #expect(story.failure(idA)?.hostCode == .protocolError)
        story.finish(idB)
        #expect(story.verdict(idB) == .succeeded(JobSuccessResult()))
    }

    @Test("a job that is unable to start fails with what kept its worker from starting")
    func startFailed() {
        var story = Story()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.handed(testJob(idA), Masker()))
        let failure = Failure(.commandNotFound, "not there")
        #expect(story.apply(.startFailed(failure)) == [.end(idA, .failed(failure)), .retire])
    }
}

@Suite("The machine of a worker: time and cancel")
struct WorkerSessionTimeTests {
    @Test("cancel of one of two jobs: a message, and the other goes on (CAN-04)")
    func cancelOne() {
        var story = Story()
        story.dispatch(idA)
        story.dispatch(idB)
        #expect(story.apply(.cancel(idA, .user)).suffix(2) == [cancel(idA, .user), .set(.giveUp(idA), .seconds(10))])
        story.say(idA, abandoned)
        story.apply(.settled)
        #expect(story.verdict(idA) == .abandoned(.user, nil))
        story.finish(idB)
        #expect(story.verdict(idB) == .succeeded(JobSuccessResult()))
    }

    @Test("a job that is not given up in time has its worker killed, and the others are tried again (CAN-04)")
    func deafToCancel() {
        var story = Story()
        story.dispatch(idA)
        story.dispatch(idB)
        story.apply(.cancel(idA, .user))
        #expect(story.apply(.fired(.giveUp(idA), after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(.signal(9))
        #expect(story.verdict(idA) == .abandoned(.user, nil))
        #expect(story.failure(idB)?.hostCode == .workerCrashed)
        #expect(story.failure(idB)?.message.contains("\(idA), was still there 10.0 s after its cancel") == true)
        #expect(story.session.recentCrashes == 0, "the host did it")
        story.dispatch(idC, action: "action of \(idB)")
        story.exit(.code(1))
        #expect(story.failure(idC)?.hostCode == .workerCrashed, "it was no crash, so this is not the second")
    }

    @Test("a cancel before the job is sent sends nothing")
    func cancelEarly() {
        var story = Story()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.cancel(idA, .user))
        #expect(story.apply(.handed(testJob(idA), Masker())) == [.end(idA, .abandoned(.user, nil)), .retire])
    }

    @Test("the absolute bound and a lost heartbeat are each job's own (HST-19)")
    func timeouts() {
        var story = Story(heartbeatSeconds: 5)
        story.dispatch(idA, timeoutSeconds: 30)
        story.dispatch(idB)
        #expect(story.say(idB, .acknowledge).contains(.set(.job(idB, .heartbeat), .seconds(15))))
        #expect(story.apply(.fired(.job(idA, .timeout), after: .seconds(30))).contains(cancel(idA, .timeout)))
        story.finish(idA)
        story.apply(.fired(.job(idB, .heartbeat), after: .seconds(15)))
        story.say(idB, abandoned)
        story.apply(.settled)
        #expect(story.failure(idA)?.hostCode == .timedOut)
        #expect(story.failure(idA)?.message.contains("limit: timeoutSeconds 30; measured: 30.0 s") == true)
        #expect(story.failure(idB)?.hostCode == .heartbeatLost)
        #expect(story.failure(idB)?.message.contains("heartbeatSeconds 5; measured: none for 15.0 s") == true)
    }

    @Test(
        "a job that is not acknowledged is dispatched again to another process; the others go on (HST-25, AckTimeout)")
    func acknowledge() {
        var story = Story()
        story.dispatch(idA)
        story.dispatch(idB)
        story.say(idA, .acknowledge)
        let timeout = story.apply(.fired(.acknowledge(idB), after: .seconds(10)))
        #expect(timeout.contains(cancel(idB, .timeout)))
        story.apply(.fired(.giveUp(idB), after: .seconds(10)))
        #expect(story.verdict(idB) == nil, "while that process may still come to it, nobody else has it")
        #expect(story.dispatch(idC) == [.decline(idC)], "it gets no other job: another worker does, at once")
        #expect(story.finish(idA).suffix(2) == [.closeInput, .set(.exitGrace, .seconds(5))])
        story.exit(.code(0))
        #expect(story.verdict(idA) == .succeeded(JobSuccessResult()))
        #expect(story.failure(idB)?.hostCode == .ackTimeout)
        #expect(story.failure(idB)?.type == .systemUnavailable)
        #expect(story.failure(idB)?.message.contains("limit: 10.0 s; measured: 10.0 s") == true)
        #expect(story.effects.last == .retire)
    }

    @Test("what an idle worker is told, when it obeys and when it does not (LIF-04)")
    func idle() {
        var story = Story()
        story.dispatch(idA)
        story.finish(idA)
        #expect(
            story.apply(.fired(.idle, after: .seconds(300))) == [
                .clear(.idle), .closeInput, .set(.exitGrace, .seconds(5)),
            ])
        var obeying = story
        #expect(obeying.exit(.code(0)).last == .retire)
        #expect(
            story.apply(.fired(.exitGrace, after: .seconds(5))) == [
                .signal(SIGTERM, .group), .set(.kill, .seconds(2)),
            ])
        #expect(story.apply(.fired(.kill, after: .seconds(2))) == [.signal(SIGKILL, .group)])
        #expect(story.exit(.signal(9)).last == .retire)
    }

    @Test("a worker that leaves finishes what is in flight, and declines what is not sent, made or not")
    func leave() {
        var story = Story(seats: 2)
        story.dispatch(idA)
        story.apply(.wanted(idB, action: "b"))
        story.apply(.wanted(idC, action: "c"))
        #expect(story.apply(.leave) == [.decline(idC), .clear(.idle)])
        #expect(story.apply(.handed(testJob(idB), Masker())) == [.decline(idB)])
        #expect(story.finish(idA).suffix(2) == [.closeInput, .set(.exitGrace, .seconds(5))])
        #expect(story.verdict(idA) == .succeeded(JobSuccessResult()))
        #expect(story.exit(.code(0)).last == .retire)
    }

    @Test("a job that comes while an idle worker ends has a new one started")
    func jobDuringIdleEnd() {
        var story = Story()
        story.dispatch(idA)
        story.finish(idA)
        story.apply(.fired(.idle, after: .seconds(300)))
        story.dispatch(idB)
        #expect(story.exit(.code(0)).last == .start)
        #expect(story.apply(.started(reportsStatus: false)).first == .send(.job(testJob(idB))))
    }

    @Test("a shutdown cancels what is in flight, abandons what waits, and ends the input")
    func shutdown() {
        var story = Story(seats: 2)
        story.dispatch(idA)
        story.dispatch(idB)
        story.finish(idB)
        story.dispatch(idB)
        story.dispatch(idC)
        #expect(story.apply(.shutdown).contains(cancel(idA, .shutdown)))
        #expect(story.verdict(idC) == .abandoned(.shutdown, nil))
        story.say(idA, abandoned)
        story.apply(.settled)
        #expect(story.verdict(idA) == .abandoned(.shutdown, nil))
        #expect(story.apply(.wanted("late", action: "l")) == [.end("late", .abandoned(.shutdown, nil))])
    }
}

@Suite("The machine of a worker: crashes (HST-18)")
struct WorkerSessionCrashTests {
    @Test("a crash fails all jobs in flight so that they are tried again, with what it said last")
    func crash() {
        var story = Story()
        for id in [idA, idB, idC] { story.dispatch(id) }
        story.print("Segmentation fault", .error)
        story.say(idC, done)
        let end = story.exit(.signal(11))
        #expect(end.contains(.set(.restart, .milliseconds(500))))
        for id in [idA, idB] {
            #expect(story.failure(id)?.hostCode == .workerCrashed)
            #expect(story.failure(id)?.type == .systemUnavailable)
            #expect(story.failure(id)?.message.contains("killed by SIGSEGV (11)") == true)
            #expect(story.failure(id)?.message.hasSuffix("  Segmentation fault") == true)
        }
        #expect(story.verdict(idC) == .succeeded(JobSuccessResult()))
        #expect(!story.effects.contains(.retire), "what it knows of the crash is needed")
    }

    @Test("a job in flight in two crashes in a row is poison; those beside it in the first one are not")
    func poison() {
        var story = Story()
        story.dispatch(idA, action: "bad")
        story.dispatch(idB, action: "good")
        story.exit(.code(1))
        story.apply(.fired(.restart, after: .milliseconds(500)))
        story.dispatch("again bad", action: "bad")
        story.dispatch("again good", action: "good")
        story.dispatch("other", action: "other")
        #expect(Set(story.session.flights.keys) == ["again bad"], "a suspect runs alone")
        story.exit(.code(1))
        #expect(story.failure("again bad")?.hostCode == .poisonJob)
        #expect(story.failure("again bad")?.type == .jobFailed)
        #expect(story.failure("again bad")?.message.contains("crashed twice in a row") == true)
        #expect(story.effects.contains(.admit("again good")) && story.effects.contains(.admit("other")))
    }

    @Test("a crash in between with somebody else forgives")
    func notInARow() {
        var story = Story()
        for (number, action) in ["a", "b", "a"].enumerated() {
            story.dispatch("\(number)", action: action)
            story.exit(.code(1))
            story.apply(.fired(.restart, after: .seconds(1)))
            #expect(story.failure("\(number)")?.hostCode == .workerCrashed)
        }
    }

    @Test("the back-off doubles from 0.5 s to 30 s, and begins anew when a job has ended by itself")
    func backOff() {
        var story = Story()
        var delays: [Duration] = []
        for number in 0..<9 {
            if number == 8 {
                story.dispatch("good")
                story.finish("good")
            }
            story.dispatch("\(number)")
            delays += story.exit(.code(1)).compactMap { if case .set(.restart, let delay) = $0 { delay } else { nil } }
            story.apply(.fired(.restart, after: .seconds(1)))
            story.apply(.fired(.forget(number + 1), after: .seconds(600)))
        }
        #expect(delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 0.5].map { Duration.milliseconds(Int($0 * 1_000)) })
    }

    @Test("while it backs off, nothing is started")
    func waiting() {
        var story = Story()
        story.dispatch(idA)
        story.exit(.code(1))
        #expect(!story.dispatch(idB).contains(.start))
        #expect(story.apply(.fired(.restart, after: .milliseconds(500))) == [.start])
    }

    @Test("after 5 restarts within 10 minutes there is none until a crash is that long ago")
    func restartLimit() {
        var story = Story()
        for number in 1...6 {
            #expect(story.dispatch("\(number)").contains(.start))
            story.exit(.code(1))
            story.apply(.fired(.restart, after: .seconds(1)))
        }
        story.dispatch("7")
        #expect(story.failure("7")?.hostCode == .workerCrashed)
        #expect(story.failure("7")?.message.contains("crashed 6 times within 600 s") == true)
        story.apply(.fired(.forget(1), after: .seconds(600)))
        #expect(story.dispatch("8").contains(.start))
    }

    @Test("a worker that ends by itself without a job, with status 0, has not crashed")
    func quietEnd() {
        var story = Story()
        story.dispatch(idA)
        story.finish(idA)
        #expect(story.exit(.code(0)).last == .retire)
    }

    @Test("a sandbox that cannot be made is no crash of the plugin's")
    func neverRan() {
        var story = Story()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.handed(testJob(idA), Masker()))
        story.apply(.started(reportsStatus: true))
        story.print("bwrap: Can't find source path", .error)
        story.exit(.code(1))
        #expect(story.failure(idA)?.hostCode == .sandboxFailed)
        #expect(story.session.crashes == 0)
    }
}

@Suite("The machine of a worker: whatever comes in whatever order")
struct WorkerSessionWalkTests {
    @Test("every walk gives each job one end and ends with nothing left", arguments: 0..<200)
    func walk(seed: Int) {
        var random = Dice(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        var story = Story(seats: 3, heartbeatSeconds: 5)
        var wanted: [String] = []
        var (handed, cursor): (Set<String>, Int) = ([], 0)
        var outside = Outside()
        for step in 0..<(120 + 60) where !story.session.isRetired {
            if step == 120 { story.apply(.shutdown) }
            let id = wanted.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<14, using: &random) {
            case 0...2 where step < 120:
                wanted.append("job-\(step)")
                story.apply(.wanted("job-\(step)", action: "action \(Int.random(in: 0..<5, using: &random))"))
            case 3: story.apply(.cancel(id, .user))
            case 4...5:
                if story.session.speaking.contains(id) {
                    story.say(id, Bool.random(using: &random) ? done : .acknowledge)
                }
            case 6: story.apply(step % 40 == 39 ? .leave : .settled)
            case 7: story.apply(.fired(.giveUp(id), after: .seconds(1)))
            case 8: story.apply(.fired(.acknowledge(id), after: .seconds(1)))
            case 9:
                let timers: [WorkerSession.Timer] = [.job(id, .timeout), .job(id, .heartbeat), .idle]
                for timer in timers { story.apply(.fired(timer, after: .seconds(1))) }
            case 10 where outside.runs: story.exit(.code(Int32.random(in: 0...1, using: &random)))
            default:
                for timer in [WorkerSession.Timer.exitGrace, .kill, .restart] {
                    story.apply(.fired(timer, after: .seconds(1)))
                }
            }
            outside.follow(&story, &cursor, &handed)
        }
        for _ in 0..<40 where !story.session.isRetired {
            for id in wanted { story.apply(.fired(.giveUp(id), after: .seconds(1))) }
            for timer in [WorkerSession.Timer.exitGrace, .kill] { story.apply(.fired(timer, after: .seconds(1))) }
            story.apply(.settled)
            if outside.runs, story.effects.contains(.signal(SIGKILL, .group)) { story.exit(.signal(9)) }
            outside.follow(&story, &cursor, &handed)
        }
        for id in wanted {
            #expect(
                story.effects.contains(.decline(id)) != (story.verdict(id) != nil), "one end, or another worker: \(id)")
        }
        #expect(story.session.isVacant && story.session.phase == .absent)
        #expect(story.effects.count { $0 == .retire } == 1 && story.effects.last == .retire)
    }

    /// Does what the effects ask for.
    private struct Outside {
        var runs = false

        mutating func follow(_ story: inout Story, _ cursor: inout Int, _ handed: inout Set<String>) {
            while cursor < story.effects.count {
                defer { cursor += 1 }
                switch story.effects[cursor] {
                case .admit(let id):
                    #expect(handed.insert(id).inserted)
                    story.apply(.handed(testJob(id), Masker()))
                case .start:
                    runs = true
                    story.apply(.started(reportsStatus: false))
                case .release: runs = false
                default: break
                }
            }
        }
    }

}
