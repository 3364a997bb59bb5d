import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The machine of a worker: its jobs")
struct WorkerSessionJobTests {
    @Test("a job has a process started, is sent, and ends when the streams are settled; the process stays")
    func success() {
        var story = WorkerStory()
        #expect(story.apply(.wanted(idA, action: "a")) == [.admit(idA), .clear(.idle)])
        #expect(story.apply(.handed(testJob(idA), Masker())) == [.start])
        #expect(
            story.apply(.started(reportsStatus: false)) == [
                .send(.job(testJob(idA))), .set(.job(idA, .timeout), .seconds(60)),
                .set(.acknowledge(idA), .seconds(10)),
            ])
        #expect(story.say(idA, .acknowledge).first == .clear(.acknowledge(idA)))
        #expect(!story.say(idA, .done).contains { if case .end = $0 { true } else { false } })
        story.print("the last line", .error)
        let end = story.apply(.settled)
        #expect(end.suffix(2) == [.end(idA, .succeeded(.done)), .set(.idle, .seconds(300))])
        #expect(story.log(idA) == ["the last line"])
        #expect(story.dispatch(idB).contains(.send(.job(testJob(idB)))), "without another start")
    }

    @Test("no more jobs than maxConcurrentJobs are in flight; the others wait in order")
    func seats() {
        var story = WorkerStory(seats: 2)
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
        var story = WorkerStory()
        story.dispatch(idA)
        story.dispatch(idB)
        story.say(idB, .log(Log(level: .info, message: "of B")))
        story.say(idA, .jobFailureResult(JobFailureResult(type: .jobFailed, message: "of A failed")))
        story.say(idA, .done)
        story.finish(idB)
        #expect(story.failure(idA)?.message == "of A failed", "the first result stands")
        #expect(story.verdict(idB) == .succeeded(.done))
        #expect(story.log(idB).first == "of B" && !story.log(idA).contains("of B"))
    }

    @Test("what is on the standard error, or astray, belongs to all jobs in flight; a log message to its own")
    func attribution() {
        var story = WorkerStory()
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
        var story = WorkerStory()
        story.dispatch(idA, secrets: ["Token": "hunter2-canary"])
        story.dispatch(idB)
        story.say(idA, .mask(Mask(value: "run-time-secret")))
        story.say(idB, .log(Log(level: .info, message: "with hunter2-canary")))
        story.finish(idA)
        story.print("late run-time-secret", .error)
        story.dispatch(idC)
        story.say(idC, .jobSuccessResult(JobSuccessResult(outputVariables: ["Key": "is hunter2-canary"])))
        story.say(idC, .abandoned)
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
        var story = WorkerStory()
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
        var story = WorkerStory()
        story.dispatch(idA)
        story.say(idA, .done)
        story.exit(.signal(11))
        #expect(story.verdict(idA) == .succeeded(.done))
    }

    @Test("a protocol error fails its job alone: the worker is told to give it up (RES-01)")
    func protocolError() {
        var story = WorkerStory()
        story.dispatch(idA)
        story.dispatch(idB)
        #expect(story.print("garbage \(idA)").contains(cancel(idA, .user, 2)))
        #expect(story.say(idA, .abandoned).contains(.clear(.acknowledge(idA))))
        story.apply(.settled)
        #expect(story.failure(idA)?.hostCode == .protocolError)
        story.finish(idB)
        #expect(story.verdict(idB) == .succeeded(.done))
    }

    @Test("a job that is unable to start fails with what kept its worker from starting")
    func startFailed() {
        var story = WorkerStory()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.handed(testJob(idA), Masker()))
        let failure = Failure(.commandNotFound, "not there")
        #expect(story.apply(.startFailed(failure)) == [.end(idA, .failed(failure)), .retire])
    }
}
