import Glibc
import PluginProtocol
import Testing

@testable import PluginHost

@Suite("The connection to a plugin: what it says")
struct PluginConnectionOutputTests {
    @Test("a plugin in bash succeeds with its variables; progress and log come in order")
    func success() async {
        let trial = await Trial.run(
            bash + """
                echo deploying
                send progress '"executionDetails":{"summary":"half","percentComplete":50}'
                send log '"level":"notice","message":"hello"'
                send jobSuccessResult '"outputVariables":{"Url":"u"}'
                """)
        #expect(trial.verdict == .succeeded(JobSuccessResult(outputVariables: ["Url": "u"])))
        #expect(trial.text == ["deploying"])
        #expect(trial.reports.contains(.log(LogRecord(source: .message, level: .notice, text: "hello"))))
        #expect(
            trial.reports.contains(.progress(Progress(executionDetails: .init(summary: "half", percentComplete: 50)))))
        if case .started = trial.reports.first {} else { Issue.record("the start must be told first") }
    }

    @Test("stray text harms nothing and is in the log (HST-01)")
    func stray() async {
        let trial = await Trial.run(
            bash + "echo Starting >&3; echo '{\"level\":\"info\"}' >&3; send jobSuccessResult; echo Bye >&3")
        #expect(trial.succeeded)
        #expect(trial.log.filter { $0.source == .stdout }.map(\.text) == ["Starting", "{\"level\":\"info\"}", "Bye"])
        #expect(trial.log.first { $0.source == .host }?.text.contains("plugin acme") == true)
    }

    @Test("exit 0 without a result is a failure (HST-02)")
    func noResult() async {
        let trial = await Trial.run(bash + "echo bye")
        #expect(trial.failure?.hostCode == .noResult)
        #expect(trial.failure?.message.contains("bye") == true)
    }

    @Test("the verdict waits for the pipes: the last 64 KiB of stderr are there (HST-03)")
    func lastOutput() async {
        let trial = await Trial.run(
            python + """
                for i in range(1024): os.write(2, (b"%063d" % i) + b"\\n")
                os.write(1, line("jobSuccessResult"))
                os._exit(0)
                """)
        #expect(trial.succeeded)
        #expect(trial.text.count == 1024)
        #expect(trial.text.last?.hasSuffix("1023") == true)
    }

    @Test("10 MiB on stderr before the first message block nothing (HST-04)")
    func muchOutput() async {
        let trial = await Trial.run(
            python + """
                for i in range(640): os.write(2, b"x" * 16383 + b"\\n")
                os.write(1, line("jobSuccessResult"))
                """)
        #expect(trial.succeeded)
        #expect(trial.text.count == 640)
    }

    @Test("a line of 1 MiB in writes of one byte is a message, one byte more is not (HST-05, FRM-05)")
    func longLine() async {
        for (extra, succeeds) in [(0, true), (1, false)] {
            let trial = await Trial.run(
                python + """
                    text = line("jobSuccessResult", **{"x-pad": ""})
                    text = text.replace(b'""', b'"' + b"a" * ((1 << 20) - len(text) + \(extra)) + b'"')
                    for byte in text: os.write(1, bytes((byte,)))
                    """)
            #expect(trial.succeeded == succeeds)
            if !succeeds {
                #expect(trial.failure?.hostCode == .protocolError)
                #expect(trial.failure?.message.contains("1048577 bytes") == true)
            }
        }
    }

    @Test("a result of another job is stray (HST-11, MSG-02)")
    func forged() async {
        let trial = await Trial.run(bash + "id=00000000-0000-4000-8000-000000000000; send jobSuccessResult")
        #expect(trial.failure?.hostCode == .noResult)
        #expect(trial.log.contains { $0.source == .stdout })
    }

    @Test("a duplicate key fails the job, which is ended (HST-12, FRM-07)")
    func duplicateKey() async {
        let trial = await Trial.run(
            bash + #"send jobFailureResult '"failureDetails":{},"type":"jobSuccessResult"'; sleep 1000"#)
        #expect(trial.failure?.hostCode == .protocolError)
        #expect(trial.failure?.message.contains("duplicate object key") == true)
        #expect(trial.failure?.message.contains("killed by SIGTERM (15)") == true)
    }

    @Test("a secret is in no report and no verdict, in whichever encoding it comes (HST-13)")
    func secrets() async {
        let secret = "hunter2/hunter2 & co"
        let trial = await Trial.run(
            python + """
                import base64, shlex, urllib.parse
                s = job["data"]["actionConfiguration"]["configuration"]["Token"]
                for text in [s, json.dumps(s), urllib.parse.quote(s), urllib.parse.quote_plus(s), shlex.quote(s)] + [
                    base64.b64encode((pad + s).encode()).decode() for pad in ["", "u", "u:"]]:
                    print(text, file=sys.stderr); print(text)
                    os.write(1, line("log", level="info", message=text))
                    os.write(1, line("progress", executionDetails={"summary": text}))
                sys.stdout.flush()
                os.write(2, s[:7].encode()); os.write(2, s[7:].encode() + b"\\n")
                os.write(1, line("jobFailureResult", failureDetails={"type": "JobFailed", "message": "with " + s}))
                """, job: job(configuration: ["Token": secret]), masker: Masker(secrets: ["Token": secret]))
        let all = "\(trial.reports) \(trial.verdict)"
        #expect(trial.failure?.message == "with ***")
        #expect(trial.text.count == 9)
        for part in ["hunter2", "aHVudGVyMi", "h1bnRlcjIv", "odW50ZXIyL2"] { #expect(!all.contains(part), "\(part)") }
    }
}
