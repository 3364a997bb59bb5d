import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The machine of a worker: time and cancel")
struct WorkerSessionTimeTests {
    @Test("cancel of one of two jobs: a message, and the other goes on (CAN-04)")
    func cancelOne() {
        var story = WorkerStory()
        story.dispatch(idA)
        story.dispatch(idB)
        #expect(story.apply(.cancel(idA, .user)).suffix(2) == [cancel(idA, .user), .set(.giveUp(idA), .seconds(10))])
        story.say(idA, .abandoned)
        story.apply(.settled)
        #expect(story.verdict(idA) == .abandoned(.user, nil))
        story.finish(idB)
        #expect(story.verdict(idB) == .succeeded(.done))
    }

    @Test("a job that is not given up in time has its worker killed, and the others are tried again (CAN-04)")
    func deafToCancel() {
        var story = WorkerStory()
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
        var story = WorkerStory()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.cancel(idA, .user))
        #expect(story.apply(.handed(testJob(idA), Masker())) == [.end(idA, .abandoned(.user, nil)), .retire])
    }

    @Test("the absolute bound and a lost heartbeat are each job's own (HST-19)")
    func timeouts() {
        var story = WorkerStory(heartbeatSeconds: 5)
        story.dispatch(idA, timeoutSeconds: 30)
        story.dispatch(idB)
        #expect(story.say(idB, .acknowledge).contains(.set(.job(idB, .heartbeat), .seconds(15))))
        #expect(story.apply(.fired(.job(idA, .timeout), after: .seconds(30))).contains(cancel(idA, .timeout)))
        story.finish(idA)
        story.apply(.fired(.job(idB, .heartbeat), after: .seconds(15)))
        story.say(idB, .abandoned)
        story.apply(.settled)
        #expect(story.failure(idA)?.hostCode == .timedOut)
        #expect(story.failure(idA)?.message.contains("limit: timeoutSeconds 30; measured: 30.0 s") == true)
        #expect(story.failure(idB)?.hostCode == .heartbeatLost)
        #expect(story.failure(idB)?.message.contains("heartbeatSeconds 5; measured: none for 15.0 s") == true)
    }

    @Test(
        "a job that is not acknowledged is dispatched again to another process; the others go on (HST-25, AckTimeout)")
    func acknowledge() {
        var story = WorkerStory()
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
        #expect(story.verdict(idA) == .succeeded(.done))
        #expect(story.failure(idB)?.hostCode == .ackTimeout)
        #expect(story.failure(idB)?.type == .systemUnavailable)
        #expect(story.failure(idB)?.message.contains("limit: 10.0 s; measured: 10.0 s") == true)
        #expect(story.effects.last == .retire)
    }

    @Test("what an idle worker is told, when it obeys and when it does not (LIF-04)")
    func idle() {
        var story = WorkerStory()
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
        var story = WorkerStory(seats: 2)
        story.dispatch(idA)
        story.apply(.wanted(idB, action: "b"))
        story.apply(.wanted(idC, action: "c"))
        #expect(story.apply(.leave) == [.decline(idC), .clear(.idle)])
        #expect(story.apply(.handed(testJob(idB), Masker())) == [.decline(idB)])
        #expect(story.finish(idA).suffix(2) == [.closeInput, .set(.exitGrace, .seconds(5))])
        #expect(story.verdict(idA) == .succeeded(.done))
        #expect(story.exit(.code(0)).last == .retire)
    }

    @Test("a job that comes while an idle worker ends has a new one started")
    func jobDuringIdleEnd() {
        var story = WorkerStory()
        story.dispatch(idA)
        story.finish(idA)
        story.apply(.fired(.idle, after: .seconds(300)))
        story.dispatch(idB)
        #expect(story.exit(.code(0)).last == .start)
        #expect(story.apply(.started(reportsStatus: false)).first == .send(.job(testJob(idB))))
    }

    @Test("a shutdown cancels what is in flight, abandons what waits, and ends the input")
    func shutdown() {
        var story = WorkerStory(seats: 2)
        story.dispatch(idA)
        story.dispatch(idB)
        story.finish(idB)
        story.dispatch(idB)
        story.dispatch(idC)
        #expect(story.apply(.shutdown).contains(cancel(idA, .shutdown)))
        #expect(story.verdict(idC) == .abandoned(.shutdown, nil))
        story.say(idA, .abandoned)
        story.apply(.settled)
        #expect(story.verdict(idA) == .abandoned(.shutdown, nil))
        #expect(story.apply(.wanted("late", action: "l")) == [.end("late", .abandoned(.shutdown, nil))])
    }
}
