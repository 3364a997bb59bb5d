import Foundation
import Glibc
import Jansson
import PluginProtocol
import Processes
import Synchronization
import Testing

@testable import PluginHost

/// What bash plugins begin with: `send TYPE 'MEMBERS'` sends a message.
private let bash = """
    #!/bin/bash
    exec 3>&1 1>&2
    job=$(cat); id=${job#*'"jobId":"'}; id=${id%%'"'*}
    send() { printf '{"protocol":"penstock/1","jobId":"%s","type":"%s"%s}\\n' "$id" "$1" "${2:+,$2}" >&3; }

    """

private let python = """
    #!/usr/bin/python3
    import json, os, signal, sys, time
    job = json.loads(sys.stdin.readline())
    def line(type, **more):
        return json.dumps(dict(more, protocol="penstock/1", jobId=job["jobId"], type=type)).encode() + b"\\n"

    """

/// A plugin that misbehaves in one way, and what came of running it.
private struct Trial {
    var verdict: Verdict
    var reports: [JobReport]

    var failure: Failure? { if case .failed(let failure) = verdict { failure } else { nil } }
    var log: [LogRecord] { reports.flatMap { if case .log(let record) = $0 { record.lines } else { [LogRecord]() } } }
    var text: [String] { log.filter { $0.source == .stderr }.map(\.text) }
    var succeeded: Bool { if case .succeeded = verdict { true } else { false } }

    /// - Parameter onLine: is called with each line that the plugin adds to the log.
    static func run(
        _ script: String, job: Job = job(), environment: [String: String] = ["PATH": Plugin.path],
        heartbeatSeconds: Int? = nil, masker: Masker = Masker(), cancel: CancelSignal = CancelSignal(),
        clock: some Clock<Duration> = SuspendingClock(), onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Trial {
        let folder = TemporaryDirectory()
        let command = Command(
            executable: folder.file("plugin", script, mode: 0o755), environment: environment, directory: folder.path)
        return await run(
            command, job: job, heartbeatSeconds: heartbeatSeconds, masker: masker, cancel: cancel, clock: clock,
            onLine: onLine)
    }

    static func run(
        _ command: Command, job: Job = job(), heartbeatSeconds: Int? = nil, masker: Masker = Masker(),
        cancel: CancelSignal = CancelSignal(), clock: some Clock<Duration> = SuspendingClock(),
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Trial {
        let reports = Mutex<[JobReport]>([])
        let verdict = await PluginConnection().run(
            job, by: "acme", command, heartbeatSeconds: heartbeatSeconds, masker: masker, cancel: cancel, clock: clock
        ) { report in
            reports.withLock { $0.append(report) }
            if case .log(let record) = report, record.source != .host {
                for line in record.lines { onLine(line.text) }
            }
        }
        return Trial(verdict: verdict, reports: reports.withLock { $0 })
    }
}

/// Whether the process is gone or a zombie; waits for a killed one to die.
private func isGone(_ pid: Int32?) async -> Bool {
    guard let pid else { return false }
    for _ in 0..<100_000 {
        guard case .bytes(let bytes) = read("/proc/\(pid)/stat", limitBytes: 4096) else { return true }
        if String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z") == true { return true }
        await Task.yield()
    }
    return false
}

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

@Suite("The connection to a plugin: its process")
struct PluginConnectionProcessTests {
    @Test("a grandchild that holds the pipes delays the verdict, and does not hinder it (HST-06, LIF-06)")
    func grandchild() async {
        let pid = Mutex<Int32?>(nil)
        let trial = await Trial.run(
            bash + "setsid sleep 1000 & echo $!; send jobSuccessResult",
            onLine: { line in pid.withLock { $0 = Int32(line) } })
        #expect(trial.succeeded)
        #expect(trial.log.last?.text.contains("kept its pipes open") == true)
        // It left the group, so without a sandbox it is nobody's: the test ends it.
        let stray = pid.withLock { $0 } ?? 0
        #expect(stray > 0 && kill(stray, SIGKILL) == 0)
    }

    @Test(
        "no process of the group is left, whatever the end (HST-07)",
        arguments: [
            "send jobSuccessResult", #"send jobFailureResult '"failureDetails":{"type":"JobFailed","message":"m"}'"#,
            "exit 1", "kill -9 $$", "echo garbage $id >&3; wait", "cancel", "shutdown",
        ])
    func leftovers(end: String) async {
        let pid = Mutex<Int32?>(nil)
        let cancel = CancelSignal()
        let isCancel = end == "cancel" || end == "shutdown"
        let trial = await Trial.run(
            bash + "sleep 1000 >/dev/null 2>&1 3>&- & echo $!\n" + (isCancel ? "trap '' TERM; echo ready; wait" : end),
            job: job(cancelGraceSeconds: 0), cancel: cancel,
            onLine: { line in
                if let number = Int32(line) { pid.withLock { $0 = number } }
                if line == "ready" { cancel.cancel(end == "cancel" ? .user : .shutdown) }
            })
        #expect(await isGone(pid.withLock { $0 }))
        if isCancel { #expect(trial.verdict == .abandoned(end == "cancel" ? .user : .shutdown, nil)) }
    }

    @Test("a plugin that never reads its job blocks nothing and kills nobody (HST-09)")
    func neverReads() async {
        let large = job(configuration: ["Text": String(repeating: "a", count: 1_000_000)])
        let silent = await Trial.run("#!/bin/bash\nexec 0<&-; echo no; exit 7\n", job: large)
        #expect(silent.failure?.message.hasPrefix("exit status 7 without a result") == true)
        let lazy = await Trial.run("#!/bin/bash\nexit 0\n", job: large)
        #expect(lazy.failure?.hostCode == .noResult)
    }

    @Test("it reads its job whole and then the end of input, up to 1 MiB (MSG-06)")
    func readsJob() async {
        let large = job(configuration: ["Text": String(repeating: "é", count: 500_000)])
        let trial = await Trial.run(
            python + """
                assert sys.stdin.read() == ""
                assert job["data"]["actionConfiguration"]["configuration"]["Text"] == "é" * 500000
                os.write(1, line("jobSuccessResult"))
                """, job: large)
        #expect(trial.succeeded, "\(trial.verdict)")
    }

    @Test("a cancel that races with the end gives one verdict (HST-10)")
    func racing() async {
        for _ in 0..<10 {
            let cancel = CancelSignal()
            let trial = await Trial.run(
                bash + "echo now; send jobSuccessResult", cancel: cancel, onLine: { _ in cancel.cancel(.user) })
            #expect(trial.succeeded || trial.verdict == .abandoned(.user, nil), "\(trial.verdict)")
        }
    }

    @Test("a cancel reaches the group: bash hears it while its child sleeps, and may still answer (CAN-01)")
    func gracefulCancel() async {
        let cancel = CancelSignal()
        let trial = await Trial.run(
            bash + "trap 'send jobAbandonedResult; exit 0' TERM; echo ready; sleep 1000",
            cancel: cancel, onLine: { if $0 == "ready" { cancel.cancel(.user) } })
        #expect(trial.verdict == .abandoned(.user, nil))
        #expect(cancel.reason == .user)
    }

    @Test("a cancel before the start starts nothing")
    func cancelledBefore() async {
        let cancel = CancelSignal()
        cancel.cancel(.user)
        cancel.cancel(.shutdown)
        let trial = await Trial.run(bash, cancel: cancel)
        #expect(trial.verdict == .abandoned(.user, nil))
        #expect(trial.reports.isEmpty)
    }

    @Test("a task that is cancelled ends its plugin as at a shutdown")
    func cancelledTask() async {
        let (ready, started) = AsyncStream<Void>.makeStream()
        let task = Task {
            await Trial.run(bash + "echo ready; sleep 1000", onLine: { _ in started.yield() })
        }
        for await _ in ready { break }
        task.cancel()
        #expect(await task.value.verdict == .abandoned(.shutdown, nil))
    }

    @Test("the child has the descriptors 0, 1 and 2 only (HST-15)")
    func descriptors() async {
        let trial = await Trial.run(
            python + """
                print(sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)), file=sys.stderr)
                print(os.getsid(0) == os.getpid() == os.getpgid(0), file=sys.stderr)
                """)
        #expect(trial.text == ["[0, 1, 2]", "True"])
    }

    @Test("the environment is exactly what is given, and no configuration is in it (HST-16, HST-24)")
    func environment() async {
        let job = job(root: "/w", configuration: ["Token": "hunter2-hunter2", "LD_PRELOAD": "x"])
        let given = Manifest.Run.Lifecycle.oneShot.environment(
            root: "/w", granted: ["GRANTED"], host: ["GRANTED": "yes", "HOST": "x"])
        let trial = await Trial.run(
            "#!/usr/bin/python3 -E\nimport os, json, sys\nprint(json.dumps(dict(os.environ)), file=sys.stderr)\n",
            job: job,
            environment: given)
        #expect(trial.text.first.map { try? JSON(parsing: $0) } == .strings(given))
    }

    @Test("a plugin that is started while its file is open for writing is tried again (HST-22, ETXTBSY)")
    func busyFile() async {
        let folder = TemporaryDirectory()
        let path = folder.file("plugin", bash + "send jobSuccessResult", mode: 0o755)
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        let clock = ManualClock()
        async let trial = Trial.run(Command(executable: path, environment: ["PATH": Plugin.path]), clock: clock)
        while clock.sleepers == 0 { await Task.yield() }
        close(descriptor)
        clock.advance(by: .milliseconds(50))
        #expect(await trial.succeeded)
    }

    @Test("a file that stays open for writing is SystemUnavailable in the end (HST-22)")
    func busyForEver() async {
        let folder = TemporaryDirectory()
        let path = folder.file("plugin", bash, mode: 0o755)
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let trial = await Trial.run(Command(executable: path))
        #expect(trial.failure?.hostCode == .spawnFailed)
        #expect(trial.failure?.type == .systemUnavailable)
        #expect(trial.failure?.message.contains("Text file busy") == true)
    }

    @Test(
        "what cannot be started is a failure of the right kind (HST-22)",
        arguments: [
            (ENOENT, FailureType.configurationError, HostCode.commandNotFound),
            (ENOEXEC, .configurationError, .commandNotFound),
            (EACCES, .permissionError, .notExecutable), (ETXTBSY, .systemUnavailable, .spawnFailed),
            (EAGAIN, .systemUnavailable, .spawnFailed), (EMFILE, .systemUnavailable, .spawnFailed),
            (ENOMEM, .systemUnavailable, .spawnFailed),
        ])
    func spawnErrors(code: Int32, type: FailureType, hostCode: HostCode) {
        let failure = failure(of: SpawnError(command: "/p/plugin", code: code), plugin: "acme")
        #expect(failure.type == type)
        #expect(failure.hostCode == hostCode)
        #expect(failure.message.hasPrefix("plugin acme: cannot start /p/plugin: "))
    }

    @Test("a program that is missing, no program, or without its x bit (HST-22)")
    func realSpawnErrors() async {
        let folder = TemporaryDirectory()
        let text = folder.file("text", "no program", mode: 0o755)
        let orphan = folder.file("orphan", "#!/no/such/interpreter\n", mode: 0o755)
        let plain = folder.file("plain", "#!/bin/sh\n")
        for (path, code) in [
            ("\(folder.path)/none", HostCode.commandNotFound), (text, .commandNotFound), (orphan, .commandNotFound),
            (plain, .notExecutable),
        ] {
            let trial = await Trial.run(Command(executable: path))
            #expect(trial.failure?.hostCode == code, "\(path): \(trial.verdict)")
        }
    }

    @Test("without descriptors it is SystemUnavailable, and works again afterwards (HST-22, EMFILE)")
    func noDescriptors() async {
        await #expect(processExitsWith: .success) {
            #expect(await Trial.run(bash + "send jobSuccessResult").succeeded)
            var limit = rlimit(rlim_cur: 4, rlim_max: 4096)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let trial = await Trial.run(Command(executable: "/bin/true"))
            #expect(trial.failure?.hostCode == .spawnFailed)
            #expect(trial.failure?.type == .systemUnavailable)
            limit.rlim_cur = 1024
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(await Trial.run(bash + "send jobSuccessResult").succeeded)
        }
    }

    @Test("200 jobs in a row leave no descriptor, no thread and no zombie behind (HST-17)")
    func manyJobs() async {
        // In a process of its own, where nothing else opens and closes.
        await #expect(processExitsWith: .success) {
            func census() -> [Int] {
                let tasks = names(in: "/proc/self/task") ?? []
                let children = tasks.flatMap { task -> [Substring] in
                    guard case .bytes(let bytes) = read("/proc/self/task/\(task)/children", limitBytes: 1 << 16) else {
                        return []
                    }
                    return String(decoding: bytes, as: UTF8.self).split(separator: " ")
                }
                return [(names(in: "/proc/self/fd") ?? []).count, children.count]
            }
            let script = bash + "echo $id; sleep 1000 >/dev/null 2>&1 3>&- & send jobSuccessResult"
            for _ in 0..<5 { #expect(await Trial.run(script).succeeded) }
            let before = census()
            let threads = (names(in: "/proc/self/task") ?? []).count
            for _ in 0..<200 { #expect(await Trial.run("#!/bin/bash\nexit 1\n").failure != nil) }
            #expect(census() == before)
            // The pool of the language may grow to one thread a core; a job must not cost one.
            #expect((names(in: "/proc/self/task") ?? []).count <= threads + 8)
        }
    }
}

@Suite("The connection to a plugin: time (HST-20: it follows the clock that it is given, and no other)")
struct PluginConnectionTimeTests {
    private let deaf = bash + "trap 'echo heard' TERM; echo ready; while :; do sleep 1000 & wait; done"

    @Test("a heartbeat that is lost: three times what was declared (HST-19)")
    func heartbeat() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            deaf, heartbeatSeconds: 5, clock: clock,
            onLine: { line in clock.advance(by: line == "ready" ? .seconds(15) : .seconds(10)) })
        #expect(trial.failure?.hostCode == .heartbeatLost)
        #expect(trial.failure?.message.contains("heartbeatSeconds 5; measured: none for 15.0 s") == true)
        #expect(trial.failure?.message.contains("killed by SIGKILL (9)") == true)
    }

    @Test("a heartbeat that is kept by messages")
    func heartbeatKept() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            bash + """
                for i in 1 2 3; do send log '"level":"info","message":"tick"'; done
                send jobSuccessResult
                """, heartbeatSeconds: 5, clock: clock, onLine: { _ in clock.advance(by: .seconds(5)) })
        #expect(trial.succeeded, "\(trial.verdict)")
    }

    @Test("the absolute time-out: TERM, the grace, then KILL (HST-19, RES-02)")
    func timeout() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            deaf, job: job(timeoutSeconds: 30), clock: clock,
            onLine: { line in clock.advance(by: line == "ready" ? .seconds(30) : .seconds(10)) })
        #expect(trial.failure?.hostCode == .timedOut)
        #expect(trial.failure?.message.contains("limit: timeoutSeconds 30; measured: 30.0 s") == true)
        #expect(trial.text == ["ready", "heard"])
    }

    @Test("a plugin that lingers is ended after 5 s and 2 s, and its result stands (LIF-05)")
    func lingers() async {
        let clock = ManualClock()
        let trial = await Trial.run(
            bash + "trap 'echo heard' TERM; send jobSuccessResult; echo ready >&3; while :; do sleep 1000 & wait; done",
            clock: clock, onLine: { line in clock.advance(by: line == "ready" ? .seconds(5) : .seconds(2)) })
        #expect(trial.succeeded, "\(trial.verdict)")
        #expect(trial.log.contains { $0.text.contains("lingered") })
    }
}

@Suite("The connection to a plugin in bubblewrap", .enabled(if: access("/usr/bin/bwrap", X_OK) == 0))
struct PluginConnectionSandboxTests {
    private func sandboxed(_ arguments: [String] = [], _ script: String) -> Command {
        sandboxed(arguments, program: ["/bin/bash", "-c", script])
    }

    private func sandboxed(_ arguments: [String] = [], program: [String]) -> Command {
        let sandbox = [
            "--unshare-user", "--unshare-pid", "--new-session", "--die-with-parent", "--ro-bind", "/", "/", "--proc",
            "/proc", "--dev", "/dev", "--json-status-fd", "3",
        ]
        return Command(
            executable: "/usr/bin/bwrap", arguments: sandbox + arguments + program,
            environment: ["PATH": Plugin.path], reportsStatus: true)
    }

    @Test("a cancel reaches its group inside: bash hears it while its child sleeps (CAN-01)")
    func cancel() async {
        let cancel = CancelSignal()
        let trial = await Trial.run(
            sandboxed([], bash + "trap 'echo heard; send jobAbandonedResult; exit 0' TERM; echo ready; sleep 1000"),
            cancel: cancel, onLine: { if $0 == "ready" { cancel.cancel(.user) } })
        #expect(trial.verdict == .abandoned(.user, nil))
        #expect(trial.text.contains("heard"))
    }

    @Test("the exit that counts is the plugin's, and a signal is one")
    func exit() async {
        let code = await Trial.run(sandboxed([], bash + "exit 3"))
        #expect(code.failure?.message.hasPrefix("exit status 3 without a result") == true)
        let signal = await Trial.run(sandboxed([], bash + "send jobSuccessResult; kill -9 $$"))
        #expect(signal.failure?.hostCode == .exitAfterSuccess)
        #expect(signal.failure?.message.hasPrefix("killed by SIGKILL (9) after reporting success") == true)
        #expect(await Trial.run(sandboxed([], bash + "send jobSuccessResult")).succeeded)
    }

    @Test("a sandbox that cannot be made is SandboxFailed, with its own words")
    func neverRan() async {
        let trial = await Trial.run(sandboxed(["--bind", "/no/such/path", "/mnt"], bash))
        #expect(trial.failure?.hostCode == .sandboxFailed)
        #expect(trial.failure?.type == .systemUnavailable)
        #expect(trial.failure?.message.contains("Can't find source path /no/such/path") == true)
    }

    @Test("a program whose interpreter is not in the sandbox is the plugin's fault, not the sandbox's")
    func noInterpreter() async throws {
        let program = FileManager.default.temporaryDirectory.appending(path: "penstock-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: program) }
        try "#!/opt/nowhere/python\n".write(toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let trial = await Trial.run(sandboxed(program: [program]))
        #expect(trial.failure?.hostCode == .commandNotFound)
        #expect(trial.failure?.message.contains("the interpreter in its first line must be below /usr") == true)
    }

    @Test("no process is left, not even one in a session of its own (HST-07)")
    func leftovers() async {
        let trial = await Trial.run(
            sandboxed([], bash + "setsid sleep 1000 & send jobSuccessResult"), job: job(cancelGraceSeconds: 0))
        #expect(trial.succeeded)
        #expect(!trial.log.contains { $0.text.contains("kept its pipes open") })
    }
}
