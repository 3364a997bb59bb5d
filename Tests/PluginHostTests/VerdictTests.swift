import Dice
import Glibc
import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The session of a job: the verdict table (section 4.4)")
struct VerdictTests {
    @Test("success and exit 0 is success; the whole story")
    func success() {
        var story = SessionStory()
        #expect(story.effects == [.set(.timeout, .seconds(60))])
        #expect(
            story.line("working", .error) == [.tell(.log(LogRecord(source: .stderr, level: .info, text: "working")))])
        #expect(
            story.say(.done) == [
                .set(.rate, .milliseconds(250)), .clear(.timeout), .clear(.heartbeat), .closeInput,
                .set(.exitGrace, .seconds(5)),
            ])
        #expect(
            story.apply(.exited(.code(0))) == [
                .clear(.timeout), .clear(.heartbeat), .clear(.exitGrace), .clear(.kill), .set(.drain, .seconds(1)),
            ])
        #expect(story.apply(.ended(.output)).isEmpty)
        #expect(
            story.apply(.ended(.error)) == [
                .clear(.drain), .clear(.rate), .signal(SIGKILL, .group),
                .finish(.succeeded(.done)),
            ])
    }

    @Test("success with a token goes on after the hint, or after 30 s")
    func continues() {
        for (hint, seconds) in [(15, 15), (nil, 30)] as [(Int?, Int)] {
            var story = SessionStory()
            let result = JobSuccessResult(continuationToken: "d-42", continueAfterSeconds: hint)
            story.say(.jobSuccessResult(result))
            story.exit(.code(0))
            #expect(story.verdicts == [.continues(result, token: "d-42", afterSeconds: seconds)])
        }
    }

    @Test(
        "success and another exit is a failure",
        arguments: [(Exit.code(3), "exit status 3"), (.signal(11), "killed by SIGSEGV (11)")])
    func exitAfterSuccess(exit: Exit, sentence: String) {
        var story = SessionStory()
        story.say(.done)
        story.exit(exit)
        #expect(story.failure?.hostCode == .exitAfterSuccess)
        #expect(story.failure?.type == .jobFailed)
        #expect(story.failure?.message.hasPrefix("\(sentence) after reporting success\n") == true)
    }

    @Test("failure is the plugin's failure, whatever the exit", arguments: [Exit.code(0), .code(1), .signal(9)])
    func failure(exit: Exit) {
        var story = SessionStory()
        story.say(.failed)
        story.exit(exit)
        #expect(
            story.verdicts == [
                .failed(Failure(type: .revisionUnavailable, message: "not there", externalExecutionId: "d-1"))
            ])
    }

    @Test("abandoned after a cancel is abandoned", arguments: CancelReason.allCases)
    func abandonedAfterCancel(reason: CancelReason) {
        var story = SessionStory()
        #expect(story.apply(.cancel(reason)) == graceful + [.set(.kill, .seconds(10))])
        story.say(.abandoned)
        story.exit(.signal(15))
        #expect(story.verdicts == [.abandoned(reason, nil)])
    }

    @Test("abandoned without a cancel is a protocol error (CAN-02)")
    func abandonedUnasked() {
        var story = SessionStory()
        #expect(story.say(.abandoned).suffix(2) == [.signal(SIGTERM, .group), .set(.kill, .seconds(2))])
        story.exit(.code(0))
        #expect(story.failure?.hostCode == .protocolError)
        #expect(story.failure?.message.contains("nobody cancelled") == true)
    }

    @Test(
        "no result is a failure, never success (RES-01)",
        arguments: [
            (Exit.code(0), HostCode.noResult, "no result"), (.code(2), .noResult, "exit status 2 without a result"),
            (.signal(9), .signalled, "memory runs out"), (.signal(6), .signalled, "killed by SIGABRT (6) without"),
        ])
    func noResult(exit: Exit, code: HostCode, text: String) {
        var story = SessionStory()
        for number in 1...25 { story.line("line \(number)", .error) }
        story.exit(exit)
        #expect(story.failure?.hostCode == code)
        #expect(story.failure?.type == .jobFailed)
        #expect(story.failure?.message.contains(text) == true)
        #expect(story.failure?.message.contains("plugin acme, job \(jobId)") == true)
        #expect(story.failure?.message.hasSuffix("  line 24\n  line 25") == true)
        #expect(story.failure?.message.contains("line 5\n") == false)
    }

    @Test("a last message that is cut off is no result, and is told as such (FRM-04)")
    func cutOff() {
        var story = SessionStory()
        let bytes = PluginMessage(jobId: jobId, body: .done).json.serialized.dropLast(5)
        story.apply(.line(Line(stream: .output, offset: 70, bytes: Array(bytes), ending: .unterminated)))
        story.exit(.code(0))
        #expect(story.failure?.hostCode == .noResult)
        #expect(story.failure?.message.hasPrefix("exit status 0, and its last message is cut off; flush") == true)
        #expect(story.failure?.message.contains("stdout at byte 70: {\"jobId\"") == true)
    }

    @Test("success, then killed for lingering, stands (LIF-05)", arguments: [Exit.signal(9), .signal(15), .code(143)])
    func lingered(exit: Exit) {
        var story = SessionStory()
        story.say(.done)
        let effects = story.apply(.fired(.exitGrace, after: .seconds(5)))
        #expect(Array(effects.dropFirst()) == graceful + [.set(.kill, .seconds(2))])
        #expect(story.log.last?.text == "the plugin lingered: it still ran 5.0 s after its result, and is ended")
        #expect(story.apply(.fired(.kill, after: .seconds(2))) == [.signal(SIGKILL, .group)])
        story.exit(exit)
        #expect(story.verdicts == [.succeeded(.done)])
    }

    @Test("no result after a cancel is abandoned", arguments: [Exit.code(0), .code(1), .signal(9)])
    func cancelled(exit: Exit) {
        var story = SessionStory()
        story.apply(.cancel(.user))
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(exit)
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("success after a cancel is success, also when it dies of the signal; another exit is none")
    func successAfterCancel() {
        for (exit, succeeds) in [(Exit.code(0), true), (.signal(15), true), (.code(3), false)] {
            var story = SessionStory()
            story.apply(.cancel(.user))
            story.say(.done)
            story.exit(exit)
            #expect((story.failure == nil) == succeeds)
        }
    }

    @Test("a second result is stray: the first stands (RES-03)")
    func second() {
        var story = SessionStory()
        story.say(.failed)
        story.say(.done)
        story.exit(.code(0))
        #expect(story.failure?.type == .revisionUnavailable)
        #expect(story.log.map(\.source) == [.host, .stdout])
    }

    @Test("past timeoutSeconds it timed out, whatever is said then; both figures are told (HST-19)")
    func timedOut() {
        var story = SessionStory(timeoutSeconds: 60)
        #expect(
            story.apply(.fired(.timeout, after: .milliseconds(60_012))) == graceful + [.set(.kill, .seconds(10))])
        story.say(.done)
        story.say(.failed)
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(.signal(9))
        #expect(story.failure?.hostCode == .timedOut)
        #expect(story.failure?.message.contains("limit: timeoutSeconds 60; measured: 60.0 s") == true)
        let late = "the plugin's result came too late: the job was over"
        #expect(story.log.map(\.text) == [late, late], "a message is no stray text")
    }

    @Test("a declared heartbeat is lost after three times; any message counts, text does not (HST-19, PRG-03)")
    func heartbeat() {
        var story = SessionStory(heartbeatSeconds: 5)
        #expect(story.effects == [.set(.timeout, .seconds(60)), .set(.heartbeat, .seconds(15))])
        #expect(story.say(.acknowledge).first == .set(.heartbeat, .seconds(15)))
        #expect(!story.line("text", .error).contains(.set(.heartbeat, .seconds(15))))
        #expect(!story.print("text").contains(.set(.heartbeat, .seconds(15))))
        story.apply(.fired(.heartbeat, after: .seconds(15)))
        story.exit(.signal(15))
        #expect(story.failure?.hostCode == .heartbeatLost)
        #expect(story.failure?.type == .systemUnavailable)
        #expect(
            story.failure?.message.contains("one message in 15 s, three times its heartbeatSeconds 5") == true)
        #expect(story.failure?.message.contains("measured: none for 15.0 s") == true)
    }

    @Test("exactly one verdict, whichever of timeout, cancel, result and exit comes first (HST-10)")
    func racing() {
        let inputs: [PluginSession.Input] = [
            .fired(.timeout, after: .seconds(60)), .cancel(.user), .fired(.kill, after: .seconds(1)), .exited(.code(0)),
            .ended(.output), .ended(.error), .fired(.drain, after: .seconds(1)), .cancel(.shutdown),
            .fired(.exitGrace, after: .seconds(5)), .fired(.heartbeat, after: .seconds(15)),
            .line(
                Line(
                    stream: .output, offset: 0, bytes: PluginMessage(jobId: jobId, body: .done).json.serialized,
                    ending: .newline)),
        ]
        var random = Dice(state: 7)
        for _ in 0..<500 {
            var story = SessionStory(heartbeatSeconds: 5)
            let order = inputs.shuffled(using: &random)
            for input in order { story.apply(input) }
            #expect(story.verdicts.count == 1, "\(order)")
            #expect(story.effects.last.map { if case .finish = $0 { true } else { false } } == true)
        }
    }
}
