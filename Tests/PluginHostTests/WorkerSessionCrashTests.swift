import Glibc
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The machine of a worker: crashes (HST-18)")
struct WorkerSessionCrashTests {
    @Test("a crash fails all jobs in flight so that they are tried again, with what it said last")
    func crash() {
        var story = WorkerStory()
        for id in [idA, idB, idC] { story.dispatch(id) }
        story.print("Segmentation fault", .error)
        story.say(idC, .done)
        let end = story.exit(.signal(11))
        #expect(end.contains(.set(.restart, .milliseconds(500))))
        for id in [idA, idB] {
            #expect(story.failure(id)?.hostCode == .workerCrashed)
            #expect(story.failure(id)?.type == .systemUnavailable)
            #expect(story.failure(id)?.message.contains("killed by SIGSEGV (11)") == true)
            #expect(story.failure(id)?.message.hasSuffix("  Segmentation fault") == true)
        }
        #expect(story.verdict(idC) == .succeeded(.done))
        #expect(!story.effects.contains(.retire), "what it knows of the crash is needed")
    }

    @Test("a job in flight in two crashes in a row is poison; those beside it in the first one are not")
    func poison() {
        var story = WorkerStory()
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
        var story = WorkerStory()
        for (number, action) in ["a", "b", "a"].enumerated() {
            story.dispatch("\(number)", action: action)
            story.exit(.code(1))
            story.apply(.fired(.restart, after: .seconds(1)))
            #expect(story.failure("\(number)")?.hostCode == .workerCrashed)
        }
    }

    @Test("the back-off doubles from 0.5 s to 30 s, and begins anew when a job has ended by itself")
    func backOff() {
        var story = WorkerStory()
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
        var story = WorkerStory()
        story.dispatch(idA)
        story.exit(.code(1))
        #expect(!story.dispatch(idB).contains(.start))
        #expect(story.apply(.fired(.restart, after: .milliseconds(500))) == [.start])
    }

    @Test("after 5 restarts within 10 minutes there is none until a crash is that long ago")
    func restartLimit() {
        var story = WorkerStory()
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
        var story = WorkerStory()
        story.dispatch(idA)
        story.finish(idA)
        #expect(story.exit(.code(0)).last == .retire)
    }

    @Test("a sandbox that cannot be made is no crash of the plugin's")
    func neverRan() {
        var story = WorkerStory()
        story.apply(.wanted(idA, action: "a"))
        story.apply(.handed(testJob(idA), Masker()))
        story.apply(.started(reportsStatus: true))
        story.print("bwrap: Can't find source path", .error)
        story.exit(.code(1))
        #expect(story.failure(idA)?.hostCode == .sandboxFailed)
        #expect(story.session.crashes == 0)
    }
}
