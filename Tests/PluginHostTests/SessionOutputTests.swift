import Glibc
import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The session of a job: its output")
struct SessionOutputTests {
    @Test("stray lines are logged, with advice once, and harm nothing (HST-01, FRM-01)")
    func stray() {
        var story = SessionStory()
        story.print("Starting…")
        story.print(#"{"level":"info"}"#)
        story.say(.done)
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
        var story = SessionStory()
        story.print(
            #"{"protocol":"penstock/1","type":"log","jobId":"\#(jobId)","level":"trace","message":"later"}"#)
        story.say(.done)
        story.exit(.code(0))
        #expect(story.failure == nil)
        #expect(story.log.contains { $0.source == .stdout && $0.text.contains("later") })
    }

    @Test("a message of another job is stray (HST-11)")
    func forged() {
        var story = SessionStory()
        story.print(PluginMessage(jobId: "3d0f7d1e-54a5-4a5c-9c2e-2b1f3c4d5e6f", body: .done).json.text)
        story.exit(.code(0))
        #expect(story.failure?.hostCode == .noResult)
        #expect(story.log.last?.source == .stdout)
    }

    @Test("a duplicate key is a protocol error that quotes the line and where it stood (HST-12)")
    func protocolError() {
        var story = SessionStory(secrets: ["Token": "hunter2-hunter2"])
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
        var story = SessionStory()
        story.say(.done)
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
            var story = SessionStory(heartbeatSeconds: 5)
            if isResult { story.say(.done) } else { story.print("garbage with \(jobId)") }
            for input in late { #expect(story.apply(input).isEmpty) }
            story.exit(.code(0))
            #expect(story.failure?.hostCode == (isResult ? nil : .protocolError))
        }
    }

    @Test("log messages come with their level, and keep their lines")
    func logMessages() {
        var story = SessionStory(secrets: ["Token": "hunter2"])
        story.say(.log(Log(level: .error, message: "one hunter2\ntwo")))
        #expect(story.log == [LogRecord(source: .message, level: .error, text: "one ***\ntwo")])
    }

    @Test("secrets are masked in text, summaries, failures and results (HST-13)")
    func masking() {
        var story = SessionStory(secrets: ["Token": "hunter2"])
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
        var story = SessionStory(secrets: ["Key": "first line\nsecond line"])
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
        var story = SessionStory()
        #expect(story.say(.mask(Mask(value: "run-time-secret"))).contains(.tell(.mask("run-time-secret"))))
        story.say(.log(Log(level: .info, message: "run-time-secret")))
        #expect(story.log.last?.text == "***")
        story.say(.mask(Mask(value: "abc")))
        #expect(story.log.last?.text.contains("too short to be masked") == true)
    }

    @Test("a secret that cannot be masked is told once")
    func unmaskable() {
        let story = SessionStory(secrets: ["Pin": "1234"])
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
            var story = SessionStory(secrets: ["Token": "hunter2-hunter2"])
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
        var story = SessionStory()
        story.say(.progress(Progress(executionDetails: .init(externalExecutionId: "d-7"))))
        story.exit(.code(1))
        #expect(story.failure?.externalExecutionId == "d-7")
    }
}
