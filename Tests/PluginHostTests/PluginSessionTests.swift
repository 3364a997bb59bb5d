import Dice
import Glibc
import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

/// A session under test, and all the effects that it had.
private struct Story {
    var session: PluginSession
    var effects: [PluginSession.Effect] = []
    private var offset = 0

    init(
        timeoutSeconds: Int = 60, heartbeatSeconds: Int? = nil, sandboxed: Bool = false, secrets: [String: String] = [:]
    ) {
        session = PluginSession(
            plugin: "acme", job: job(timeoutSeconds: timeoutSeconds), heartbeatSeconds: heartbeatSeconds,
            reportsStatus: sandboxed, masker: Masker(secrets: secrets))
        apply(.began)
    }

    @discardableResult
    mutating func apply(_ input: PluginSession.Input) -> [PluginSession.Effect] {
        let new = session.apply(input)
        effects += new
        return new
    }

    @discardableResult
    mutating func say(_ body: PluginMessage.Body) -> [PluginSession.Effect] {
        print(PluginMessage(jobId: jobId, body: body).json.text)
    }

    /// A line on the standard output.
    @discardableResult
    mutating func print(_ text: String) -> [PluginSession.Effect] { line(text, .output) }

    @discardableResult
    mutating func line(_ text: String, _ stream: Processes.Stream) -> [PluginSession.Effect] {
        defer { offset += text.utf8.count + 1 }
        return apply(.line(Line(stream: stream, offset: offset, bytes: Array(text.utf8), ending: .newline)))
    }

    /// The process ends and with it its pipes.
    @discardableResult
    mutating func exit(_ exit: Exit) -> [PluginSession.Effect] {
        var new = apply(.exited(exit))
        for stream in session.openStreams { new += apply(.ended(stream)) }
        return new
    }

    var verdicts: [Verdict] { effects.compactMap { if case .finish(let verdict) = $0 { verdict } else { nil } } }

    var failure: Failure? { if case .failed(let failure)? = verdicts.first { failure } else { nil } }

    var log: [LogRecord] { effects.compactMap { if case .tell(.log(let record)) = $0 { record } else { nil } } }
}

private let done = PluginMessage.Body.jobSuccessResult(JobSuccessResult(outputVariables: ["Url": "u"]))
private let failed = PluginMessage.Body.jobFailureResult(
    JobFailureResult(type: .revisionUnavailable, message: "not there", externalExecutionId: "d-1"))
private let abandoned = PluginMessage.Body.jobAbandonedResult(JobAbandonedResult())
private let graceful: [PluginSession.Effect] = [
    .clear(.timeout), .clear(.heartbeat), .clear(.exitGrace), .closeInput, .signal(SIGTERM, .group),
]

@Suite("The session of a job: the verdict table (section 4.4)")
struct VerdictTests {
    @Test("success and exit 0 is success; the whole story")
    func success() {
        var story = Story()
        #expect(story.effects == [.set(.timeout, .seconds(60))])
        #expect(
            story.line("working", .error) == [.tell(.log(LogRecord(source: .stderr, level: .info, text: "working")))])
        #expect(
            story.say(done) == [
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
                .finish(.succeeded(JobSuccessResult(outputVariables: ["Url": "u"]))),
            ])
    }

    @Test("success with a token goes on after the hint, or after 30 s")
    func continues() {
        for (hint, seconds) in [(15, 15), (nil, 30)] as [(Int?, Int)] {
            var story = Story()
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
        var story = Story()
        story.say(done)
        story.exit(exit)
        #expect(story.failure?.hostCode == .exitAfterSuccess)
        #expect(story.failure?.type == .jobFailed)
        #expect(story.failure?.message.hasPrefix("\(sentence) after reporting success\n") == true)
    }

    @Test("failure is the plugin's failure, whatever the exit", arguments: [Exit.code(0), .code(1), .signal(9)])
    func failure(exit: Exit) {
        var story = Story()
        story.say(failed)
        story.exit(exit)
        #expect(
            story.verdicts == [
                .failed(Failure(type: .revisionUnavailable, message: "not there", externalExecutionId: "d-1"))
            ])
    }

    @Test("abandoned after a cancel is abandoned", arguments: CancelReason.allCases)
    func abandonedAfterCancel(reason: CancelReason) {
        var story = Story()
        #expect(story.apply(.cancel(reason)) == graceful + [.set(.kill, .seconds(10))])
        story.say(abandoned)
        story.exit(.signal(15))
        #expect(story.verdicts == [.abandoned(reason, nil)])
    }

    @Test("abandoned without a cancel is a protocol error (CAN-02)")
    func abandonedUnasked() {
        var story = Story()
        #expect(story.say(abandoned).suffix(2) == [.signal(SIGTERM, .group), .set(.kill, .seconds(2))])
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
        var story = Story()
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
        var story = Story()
        let bytes = PluginMessage(jobId: jobId, body: done).json.serialized.dropLast(5)
        story.apply(.line(Line(stream: .output, offset: 70, bytes: Array(bytes), ending: .unterminated)))
        story.exit(.code(0))
        #expect(story.failure?.hostCode == .noResult)
        #expect(story.failure?.message.hasPrefix("exit status 0, and its last message is cut off; flush") == true)
        #expect(story.failure?.message.contains("stdout at byte 70: {\"jobId\"") == true)
    }

    @Test("success, then killed for lingering, stands (LIF-05)", arguments: [Exit.signal(9), .signal(15), .code(143)])
    func lingered(exit: Exit) {
        var story = Story()
        story.say(done)
        let effects = story.apply(.fired(.exitGrace, after: .seconds(5)))
        #expect(Array(effects.dropFirst()) == graceful + [.set(.kill, .seconds(2))])
        #expect(story.log.last?.text == "the plugin lingered: it still ran 5.0 s after its result, and is ended")
        #expect(story.apply(.fired(.kill, after: .seconds(2))) == [.signal(SIGKILL, .group)])
        story.exit(exit)
        #expect(story.verdicts == [.succeeded(JobSuccessResult(outputVariables: ["Url": "u"]))])
    }

    @Test("no result after a cancel is abandoned", arguments: [Exit.code(0), .code(1), .signal(9)])
    func cancelled(exit: Exit) {
        var story = Story()
        story.apply(.cancel(.user))
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(exit)
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("success after a cancel is success, also when it dies of the signal; another exit is none")
    func successAfterCancel() {
        for (exit, succeeds) in [(Exit.code(0), true), (.signal(15), true), (.code(3), false)] {
            var story = Story()
            story.apply(.cancel(.user))
            story.say(done)
            story.exit(exit)
            #expect((story.failure == nil) == succeeds)
        }
    }

    @Test("a second result is stray: the first stands (RES-03)")
    func second() {
        var story = Story()
        story.say(failed)
        story.say(done)
        story.exit(.code(0))
        #expect(story.failure?.type == .revisionUnavailable)
        #expect(story.log.map(\.source) == [.host, .stdout])
    }

    @Test("past timeoutSeconds it timed out, whatever is said then; both figures are told (HST-19)")
    func timedOut() {
        var story = Story(timeoutSeconds: 60)
        #expect(
            story.apply(.fired(.timeout, after: .milliseconds(60_012))) == graceful + [.set(.kill, .seconds(10))])
        story.say(done)
        story.say(failed)
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(.signal(9))
        #expect(story.failure?.hostCode == .timedOut)
        #expect(story.failure?.message.contains("limit: timeoutSeconds 60; measured: 60.0 s") == true)
        let late = "the plugin's result came too late: the job was over"
        #expect(story.log.map(\.text) == [late, late], "a message is no stray text")
    }

    @Test("a declared heartbeat is lost after three times; any message counts, text does not (HST-19, PRG-03)")
    func heartbeat() {
        var story = Story(heartbeatSeconds: 5)
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
                    stream: .output, offset: 0, bytes: PluginMessage(jobId: jobId, body: done).json.serialized,
                    ending: .newline)),
        ]
        var random = Dice(state: 7)
        for _ in 0..<500 {
            var story = Story(heartbeatSeconds: 5)
            let order = inputs.shuffled(using: &random)
            for input in order { story.apply(input) }
            #expect(story.verdicts.count == 1, "\(order)")
            #expect(story.effects.last.map { if case .finish = $0 { true } else { false } } == true)
        }
    }
}

@Suite("The session of a job: its output")
struct SessionOutputTests {
    @Test("stray lines are logged, with advice once, and harm nothing (HST-01, FRM-01)")
    func stray() {
        var story = Story()
        story.print("Starting…")
        story.print(#"{"level":"info"}"#)
        story.say(done)
        story.exit(.code(0))
        #expect(story.failure == nil)
        #expect(story.log.map(\.source) == [.host, .stdout, .stdout])
        #expect(story.log[0].text.contains("plugin acme wrote text to stdout, at byte 0"))
        #expect(story.log[0].text.contains("exec 3>&1 1>&2"))
        #expect(story.log.dropFirst().map(\.level) == [.warning, .warning])
        #expect(story.log[1].text == "Starting…")
    }

    @Test("a log level of a later minor version fails no job: the line is logged (LOG-02, section 9)")
    func unknownLogLevel() {
        var story = Story()
        story.print(
            #"{"protocol":"penstock/1","type":"log","jobId":"\#(jobId)","level":"trace","message":"later"}"#)
        story.say(done)
        story.exit(.code(0))
        #expect(story.failure == nil)
        #expect(story.log.contains { $0.source == .stdout && $0.text.contains("later") })
    }

    @Test("a message of another job is stray (HST-11)")
    func forged() {
        var story = Story()
        story.print(PluginMessage(jobId: "3d0f7d1e-54a5-4a5c-9c2e-2b1f3c4d5e6f", body: done).json.text)
        story.exit(.code(0))
        #expect(story.failure?.hostCode == .noResult)
        #expect(story.log.last?.source == .stdout)
    }

    @Test("a duplicate key is a protocol error that quotes the line and where it stood (HST-12)")
    func protocolError() {
        var story = Story(secrets: ["Token": "hunter2-hunter2"])
        story.print("banner")
        story.line("said on stderr: hunter2-hunter2", .error)
        let line = #"{"jobId":"\#(jobId)","type":"log","type":"hunter2-hunter2","# + String(repeating: "x", count: 300)
        #expect(story.print(line).suffix(2) == [.signal(SIGTERM, .group), .set(.kill, .seconds(2))])
        story.exit(.signal(15))
        let message = story.failure?.message ?? ""
        #expect(story.failure?.hostCode == .protocolError)
        #expect(message.contains("duplicate object key"))
        #expect(message.contains("(FRM-07)"))
        #expect(message.contains("stdout at byte 39: {\"jobId\""))
        #expect(message.contains("killed by SIGTERM (15)"))
        #expect(message.contains("\"type\":\"***\""))
        #expect(message.contains("said on stderr: ***"))
        #expect(!message.contains("hunter2"))
        #expect(!message.contains(String(repeating: "x", count: 150)))
    }

    @Test("what the plugin says after its result, or after the host's judgement, changes nothing (RES-04)")
    func after() {
        var story = Story()
        story.say(done)
        story.print("garbage with \(jobId)")
        story.exit(.code(0))
        #expect(story.failure == nil)
    }

    @Test("a cancel or a late timer after the result, or after the host's judgement, changes nothing (HST-10)")
    func late() {
        let late: [PluginSession.Input] = [
            .cancel(.user), .fired(.timeout, after: .seconds(60)), .fired(.heartbeat, after: .seconds(15)),
        ]
        for isResult in [true, false] {
            var story = Story(heartbeatSeconds: 5)
            if isResult { story.say(done) } else { story.print("garbage with \(jobId)") }
            for input in late { #expect(story.apply(input).isEmpty) }
            story.exit(.code(0))
            #expect(story.failure?.hostCode == (isResult ? nil : .protocolError))
        }
    }

    @Test("log messages come with their level, and keep their lines")
    func logMessages() {
        var story = Story(secrets: ["Token": "hunter2"])
        story.say(.log(Log(level: .error, message: "one hunter2\ntwo")))
        #expect(story.log == [LogRecord(source: .message, level: .error, text: "one ***\ntwo")])
    }

    @Test("secrets are masked in text, summaries, failures and results (HST-13)")
    func masking() {
        var story = Story(secrets: ["Token": "hunter2"])
        story.line("a hunter2", .error)
        story.print("b hunter2")
        story.say(.progress(Progress(executionDetails: .init(summary: "c hunter2", externalExecutionId: "d hunter2"))))
        story.say(.jobFailureResult(.init(type: .jobFailed, message: "e hunter2")))
        story.exit(.code(1))
        #expect(!"\(story.effects)".contains("hunter2"))
        #expect("\(story.effects)".contains("c ***"))
        #expect(story.failure?.message == "e ***")
    }

    @Test("a secret over several lines, or over pieces of a long line, is masked (HST-13)")
    func maskingWindows() {
        var story = Story(secrets: ["Key": "first line\nsecond line"])
        #expect(story.line("x first", .error).count == 1)
        #expect(story.line("y first line", .error).isEmpty)
        #expect(story.line("second line z", .error).count == 1)
        let piece = Line(stream: .error, offset: 0, bytes: Array("long first li".utf8), ending: .split)
        story.apply(.line(piece))
        story.line("ne", .error)
        story.exit(.code(1))
        #expect(story.log.map(\.text) == ["x first", "y *** z", "long ", "***"])
    }

    @Test("a secret of a mask message is masked from then on, and told to others (SEC-06)")
    func runTimeSecret() {
        var story = Story()
        #expect(story.say(.mask(Mask(value: "run-time-secret"))).contains(.tell(.mask("run-time-secret"))))
        story.say(.log(Log(level: .info, message: "run-time-secret")))
        #expect(story.log.last?.text == "***")
        story.say(.mask(Mask(value: "abc")))
        #expect(story.log.last?.text.contains("too short to be masked") == true)
    }

    @Test("a secret that cannot be masked is told once")
    func unmaskable() {
        let story = Story(secrets: ["Pin": "1234"])
        #expect(
            story.log.map(\.text) == [
                "the secret Pin cannot be masked in the log: it has fewer than 6 characters or only punctuation"
            ])
    }

    @Test("a long secret in an output variable or a token fails the job (SecretInOutput)")
    func secretInOutput() {
        for result in [
            JobSuccessResult(outputVariables: ["Url": "https://x/hunter2-hunter2"]),
            JobSuccessResult(continuationToken: "aHVudGVyMi1odW50ZXIy"),
        ] {
            var story = Story(secrets: ["Token": "hunter2-hunter2"])
            story.say(.jobSuccessResult(result))
            story.exit(.code(0))
            #expect(story.failure?.hostCode == .secretInOutput)
            let place = result.continuationToken == nil ? "the output variable Url" : "the continuation token"
            #expect(story.failure?.message.contains(place) == true)
            #expect(story.failure?.message.contains("hunter2") == false)
        }
    }

    @Test("the last external execution id rides along with a failure that the host makes")
    func externalExecutionId() {
        var story = Story()
        story.say(.progress(Progress(executionDetails: .init(externalExecutionId: "d-7"))))
        story.exit(.code(1))
        #expect(story.failure?.externalExecutionId == "d-7")
    }
}

@Suite("The session of a job: floods")
struct SessionFloodTests {
    private func progress(_ percent: Int) -> PluginMessage.Body {
        .progress(Progress(executionDetails: .init(percentComplete: percent)))
    }

    private func told(_ effects: [PluginSession.Effect]) -> [Int] {
        effects.compactMap {
            if case .tell(.progress(let progress)) = $0 { progress.executionDetails.percentComplete } else { nil }
        }
    }

    @Test("more than 100 messages a second: progress is told four times a second, the latest (LOG-04)")
    func coalescing() {
        var story = Story()
        for number in 0..<150 { story.say(progress(number % 100)) }
        #expect(told(story.effects).count == 100)
        #expect(
            story.apply(.fired(.rate, after: .milliseconds(250))) == [
                .tell(.progress(Progress(executionDetails: .init(percentComplete: 49)))),
                .set(.rate, .milliseconds(250)),
            ])
        for number in 0..<30 { #expect(story.say(progress(number)).isEmpty) }
        #expect(told(story.apply(.fired(.rate, after: .milliseconds(250)))) == [29])
        #expect(story.say(progress(60)).isEmpty)
        #expect(told(story.apply(.fired(.rate, after: .milliseconds(250)))) == [60])
        #expect(story.apply(.fired(.rate, after: .milliseconds(250))).isEmpty)
        #expect(
            story.say(progress(70)) == [
                .set(.rate, .milliseconds(250)),
                .tell(.progress(Progress(executionDetails: .init(percentComplete: 70)))),
            ])
    }

    @Test("progress that is held is told before the end")
    func heldAtEnd() {
        var story = Story()
        for number in 0..<102 { story.say(progress(number % 100)) }
        story.say(done)
        #expect(told(story.effects).last == 1)
    }

    @Test("more than 100,000 messages exceed the limit (LimitExceeded)")
    func messages() {
        var story = Story()
        let bytes = PluginMessage(jobId: jobId, body: .acknowledge).json.serialized
        let line = Line(stream: .output, offset: 0, bytes: bytes, ending: .newline)
        for _ in 0..<100_000 { _ = story.session.apply(.line(line)) }
        #expect(story.session.conversation.judgement == .open)
        story.apply(.line(line))
        story.exit(.signal(15))
        #expect(story.failure?.hostCode == .limitExceeded)
        #expect(story.failure?.message.contains("limit: 100000 messages; measured: 100001") == true)
    }

    @Test("10,000 stray lines are logged, the others counted")
    func strayLines() {
        var story = Story()
        for _ in 0..<10_005 { story.print("x") }
        story.exit(.code(0))
        #expect(story.log.count { $0.source == .stdout } == 10_000)
        #expect(story.log.last?.text == "10005 stray lines on stdout, of which 10000 are logged")
    }

    @Test("a log is truncated at 64 MiB with a marker, and the rest is counted")
    func logSize() {
        var story = Story()
        let text = Array(repeating: UInt8(97), count: (16 << 10) - SessionLog.recordBytes)
        let line = Line(stream: .error, offset: 0, bytes: text, ending: .newline)
        for _ in 0..<4096 { _ = story.session.apply(.line(line)) }
        #expect(story.apply(.line(line)).count == 1)
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
        #expect(story.apply(.line(line)).isEmpty)
        story.exit(.code(0))
        #expect(story.log.last?.text == "2 lines of log, 32732 bytes of text, were dropped")
    }

    @Test("empty lines fill a log too, for each is a whole record in it")
    func emptyLines() {
        var story = Story()
        let text = Array(repeating: UInt8(97), count: (16 << 10) - SessionLog.recordBytes)
        for _ in 0..<4095 {
            _ = story.session.apply(.line(Line(stream: .error, offset: 0, bytes: text, ending: .newline)))
        }
        for _ in 0..<(16 << 10) / SessionLog.recordBytes { #expect(story.line("", .error).count == 1) }
        story.line("", .error)
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
    }

    @Test("of lines that come together those that fit are logged, the marker stands there, and the others are counted")
    func logSizeOfJoinedLines() {
        var story = Story()
        let line = String(repeating: "a", count: 32 - SessionLog.recordBytes)
        let lines = Array(repeating: line, count: 1_024).joined(separator: "\n")
        for _ in 0..<2_047 { #expect(story.line(lines, .error).count == 1) }
        story.line(Array(repeating: line, count: 1_000).joined(separator: "\n"), .error)
        let effects = story.line("\(lines)\nlast", .error)
        #expect(effects.count == 25, "24 lines and the marker")
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
        #expect(story.session.conversation.log.tail.suffix(2) == [line, "last"], "a failure quotes the real end")
        story.exit(.code(0))
        #expect(story.log.last?.text == "1001 lines of log, 14004 bytes of text, were dropped")
    }

    @Test("lines that come together are those that would have come one by one, masked over their ends (HST-13)")
    func joinedLines() {
        let text = "one\r\n\ntwo\rhun\nter2\n\u{1B}[31mred\u{0}\n \nhun"
        var (together, apart) = (Story(secrets: ["Token": "hun\nter2"]), Story(secrets: ["Token": "hun\nter2"]))
        together.line(text, .error)
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            apart.line(String(Substring(line)), .error)
        }
        #expect(together.log.flatMap(\.lines).map(\.text) == ["one", "", "two\r***", "\u{1B}[31mred\u{0}", " "])
        together.exit(.code(0))
        apart.exit(.code(0))
        #expect(together.log.flatMap(\.lines) == apart.log.flatMap(\.lines))
        #expect(together.log.last?.text == "hun")
    }

    @Test("run-time secrets have a limit, for each costs memory")
    func masks() {
        var story = Story()
        story.say(.mask(Mask(value: String(repeating: "a", count: 70_000))))
        story.exit(.signal(15))
        #expect(story.failure?.hostCode == .limitExceeded)
        #expect(story.failure?.message.contains("limit: 65536 bytes; measured: 70000") == true)
    }
}

@Suite("The session of a job: a sandbox that tells its status")
struct SandboxedSessionTests {
    @Test("a cancel reaches the group of the sandbox's child once it is known (CAN-01)")
    func cancel() {
        var story = Story(sandboxed: true)
        #expect(story.line(#"{"child-pid": 77}"#, .status) == [.tell(.sandboxed(pid: 77))])
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .innerGroup(77))))
        #expect(story.apply(.fired(.kill, after: .seconds(10))) == [.signal(SIGKILL, .group)])
        story.exit(.signal(9))
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("a cancel before that goes to the sandbox itself")
    func early() {
        var story = Story(sandboxed: true)
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .group)))
        story.exit(.signal(15))
        #expect(story.verdicts == [.abandoned(.user, nil)])
    }

    @Test("without an exit code on its pipe the plugin never ran (SandboxFailed)")
    func neverRan() {
        var story = Story(sandboxed: true)
        story.line("bwrap: No permissions to create new namespace", .error)
        story.exit(.code(1))
        #expect(story.failure?.hostCode == .sandboxFailed)
        #expect(story.failure?.type == .systemUnavailable)
        #expect(story.failure?.message.contains("No permissions to create new namespace") == true)
    }

    @Test(
        "a program that cannot be started in the sandbox is told apart by what its maker says",
        arguments: ["bwrap: execvp ", "penstock-sandbox: cannot start the plugin's program "])
    func noProgram(words: String) {
        var story = Story(sandboxed: true)
        story.line("\(words)/plugin/run: No such file or directory", .error)
        story.exit(.code(125))
        #expect(story.failure?.hostCode == .commandNotFound)
        #expect(story.failure?.message.contains("must be below /usr or in the plugin's folder") == true)
    }

    @Test("the exit that counts is the plugin's: 128 and more is a signal")
    func exit() {
        for (code, hostCode, text) in [
            (3, HostCode.noResult, "exit status 3 without a result"),
            (137, .signalled, "killed by SIGKILL (9) without"),
        ] {
            var story = Story(sandboxed: true)
            story.line(#"{"child-pid": 77}"#, .status)
            story.line(#"{"exit-code": \#(code)}"#, .status)
            story.exit(.code(Int32(code)))
            #expect(story.failure?.hostCode == hostCode)
            #expect(story.failure?.message.contains(text) == true)
        }
    }

    @Test("after the plugin has ended its pid is not signalled any more")
    func ended() {
        var story = Story(sandboxed: true)
        story.line(#"{"child-pid": 77}"#, .status)
        story.line(#"{"exit-code": 0}"#, .status)
        #expect(story.apply(.cancel(.user)).contains(.signal(SIGTERM, .group)))
    }

    @Test("a broken status line is ignored")
    func broken() {
        var story = Story(sandboxed: true)
        for line in ["", "{", "[]", #"{"child-pid": "x"}"#, #"{"exit-code": 99999999999}"#] {
            #expect(story.line(line, .status).isEmpty)
        }
        story.say(done)
        story.line(#"{"exit-code": 0}"#, .status)
        story.exit(.code(0))
        #expect(story.failure == nil)
    }
}

@Suite("The session of a job: the end of its pipes")
struct SessionDrainTests {
    @Test("the verdict waits for the pipes: lines after the exit still count (HST-03)")
    func drains() {
        var story = Story()
        story.apply(.exited(.code(0)))
        story.line("last words", .error)
        story.say(done)
        story.apply(.ended(.error))
        #expect(story.verdicts.isEmpty)
        story.apply(.ended(.output))
        #expect(story.failure == nil)
        #expect(story.log.last?.text == "last words")
    }

    @Test("pipes that somebody else holds open delay it by one second (HST-06)")
    func held() {
        var story = Story()
        story.say(done)
        story.apply(.exited(.code(0)))
        let effects = story.apply(.fired(.drain, after: .seconds(1)))
        #expect(effects.contains(.signal(SIGKILL, .group)))
        #expect(story.log.last?.text.contains("kept its pipes open") == true)
        #expect(story.verdicts == [.succeeded(JobSuccessResult(outputVariables: ["Url": "u"]))])
    }

    @Test("pipes may end before the process does")
    func endsEarly() {
        var story = Story()
        story.say(done)
        story.apply(.ended(.output))
        story.apply(.ended(.error))
        #expect(story.verdicts.isEmpty)
        story.apply(.exited(.code(0)))
        #expect(story.verdicts.count == 1)
    }

    @Test("all that happens after the verdict is ignored")
    func over() {
        var story = Story()
        story.exit(.code(0))
        #expect(story.say(done).isEmpty)
        #expect(story.apply(.cancel(.user)).isEmpty)
        #expect(story.apply(.exited(.code(1))).isEmpty)
    }
}
