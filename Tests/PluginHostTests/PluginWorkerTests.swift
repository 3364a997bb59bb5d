import Glibc
import Jansson
import PluginProtocol
import Processes
import Synchronization
import Testing

@testable import PluginHost

/// A worker without threads: each job brings the Python that it has run, which can also end other jobs.
private let pythonWorker = """
    #!/usr/bin/python3
    import json, os, subprocess, sys, time
    def send(id, type, **more):
        os.write(1, json.dumps(dict(more, protocol="penstock/1", jobId=id, type=type)).encode() + b"\\n")
    def say(text): os.write(2, text.encode() + b"\\n")
    def done(id, **more): send(id, "jobSuccessResult", **more)
    def cancelled(id, reason): send(id, "jobAbandonedResult")
    def ended(): pass
    jobs = []
    for line in sys.stdin:
        message = json.loads(line)
        id = message["jobId"]
        if message["type"] == "cancel": cancelled(id, message["reason"])
        if message["type"] == "job":
            jobs.append(id)
            exec(message["data"]["actionConfiguration"]["configuration"]["Run"])
    ended()

    """

private let hold = "send(id, 'acknowledge'); say('has ' + id)"

/// Where the worker of one test works, and what it tells.
private final class Place: WorkerPlace {
    private struct State {
        var pids: [Int32] = []
        var ended = 0
        var hasLeft = false
        var log: [String: [String]] = [:]
        var waiter: (text: String, continuation: CheckedContinuation<Void, Never>)?
    }
    private let folder = TemporaryDirectory()
    private let state = Mutex(State())
    private let sandboxed: Bool

    init(sandboxed: Bool = false) { self.sandboxed = sandboxed }

    func command() -> Command {
        let program = folder.file("plugin", pythonWorker, mode: 0o755)
        let environment = ["PATH": Plugin.path]
        guard sandboxed else {
            return Command(executable: program, environment: environment, directory: folder.path)
        }
        return Command(
            executable: "/usr/bin/bwrap",
            arguments: [
                "--unshare-user", "--unshare-pid", "--new-session", "--die-with-parent", "--ro-bind", "/", "/",
                "--proc", "/proc", "--dev", "/dev", "--json-status-fd", "3", program,
            ], environment: environment, reportsStatus: true)
    }
    func started(pid: Int32) { state.withLock { $0.pids.append(pid) } }
    func sandboxed(pid: Int32) {}
    func ended() { state.withLock { $0.ended += 1 } }
    func left() { state.withLock { $0.hasLeft = true } }

    var pids: [Int32] { state.withLock { $0.pids } }
    /// How many processes were started, and whether all are gone.
    var starts: Int { state.withLock { $0.pids.count } }
    var ends: Int { state.withLock { $0.ended } }
    var isEmpty: Bool {
        state.withLock { $0.hasLeft && $0.ended == $0.pids.count && $0.pids.allSatisfy { kill($0, 0) != 0 } }
    }
    func log(_ id: String) -> [String] { state.withLock { $0.log[id] ?? [] } }

    func note(_ id: String, _ record: LogRecord) {
        state.withLock { state in
            state.log[id, default: []].append(record.text)
            guard let waiter = state.waiter, record.text == waiter.text else { return }
            state.waiter = nil
            waiter.continuation.resume()
        }
    }

    /// Waits until a job's log has a line.
    func until(_ text: String) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.log.values.contains(where: { $0.contains(text) }) { return continuation.resume() }
                state.waiter = (text, continuation)
            }
        }
    }
}

private struct Bench: Sendable {
    let place: Place
    let clock = ManualClock()
    let worker: PluginWorker

    init(_ run: String = #""maxConcurrentJobs":8"#, sandboxed: Bool = false) throws {
        try self.init(run, Place(sandboxed: sandboxed))
    }

    /// What takes over when a worker is over.
    func another() throws -> Bench { try Bench(#""maxConcurrentJobs":8"#, place) }

    private init(_ run: String, _ place: Place) throws {
        self.place = place
        let manifest = try parsed(manifest(run: #"{"command":["plugin"],"lifecycle":"worker",\#(run)}"#))
        worker = PluginWorker("acme", manifest.run, in: place, clock: clock)
    }

    func run(
        _ id: String, _ code: String, action: String? = nil, secrets: [String: String] = [:],
        cancel: CancelSignal = CancelSignal()
    ) async throws -> Verdict? {
        try await worker.run(id, of: action ?? "action of \(id)", cancel: cancel) { report in
            if case .log(let record) = report {
                for line in record.lines { place.note(id, line) }
            }
        } prepare: {
            (testJob(id, action: action, code: code), Masker(secrets: secrets))
        }
    }

    /// Lets time pass, as fast as it can.
    func passTime(until isOver: () -> Bool) async {
        while !isOver() {
            clock.advance(by: .milliseconds(100))
            await Task.yield()
        }
    }
}

extension Verdict? {
    fileprivate var succeeded: Bool { if case .succeeded? = self { true } else { false } }
    fileprivate var failure: Failure? { if case .failed(let failure)? = self { failure } else { nil } }
}

@Suite("A worker")
struct PluginWorkerTests {
    @Test("one process does one job after another, and several at once, each with its own result (WRK-02)")
    func jobs() async throws {
        let bench = try Bench()
        for number in 1...3 {
            let verdict = try await bench.run("job-\(number)", "done(id, outputVariables={'N': str(len(jobs))})")
            #expect(verdict == .succeeded(JobSuccessResult(outputVariables: ["N": "\(number)"])))
        }
        async let first = bench.run(idA, hold)
        await bench.place.until("has \(idA)")
        async let second = bench.run(
            idB,
            "say('last of A'); done(jobs[-2]); send(id, 'jobFailureResult',"
                + " failureDetails={'type': 'JobFailed', 'message': 'not me'})")
        #expect(try await first.succeeded)
        #expect(try await second.failure?.message == "not me")
        #expect(bench.place.log(idA).last == "last of A", "what it wrote before a result is in that job's log (HST-03)")
        #expect(bench.place.starts == 1)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a lone job's last lines on the standard error are all there before its verdict (HST-03)")
    func lastLines() async throws {
        let bench = try Bench()
        for number in 0..<50 {
            _ = try await bench.run("job-\(number)", "for i in range(100): say('line %d' % i)\ndone(id)")
            #expect(bench.place.log("job-\(number)") == (0..<100).map { "line \($0)" })
        }
        await bench.worker.shutdown()
    }

    @Test("jobs beyond maxConcurrentJobs wait, and are made only when it is their turn")
    func seats() async throws {
        let bench = try Bench(#""maxConcurrentJobs":1"#)
        let made = Mutex<[String]>([])
        async let first = bench.run(idA, hold)
        await bench.place.until("has \(idA)")
        async let second = bench.worker.run(idB, of: "b") { _ in
        } prepare: {
            made.withLock { $0.append(idB) }
            return (testJob(idB, code: "done(id)"), Masker())
        }
        let cancel = CancelSignal()
        async let third = bench.run(idC, hold, cancel: cancel)
        cancel.cancel(.user)
        #expect(try await third == .abandoned(.user, nil))
        #expect(made.withLock { $0 } == [])
        await bench.worker.shutdown()
        #expect(try await first == .abandoned(.shutdown, nil))
        #expect(try await second == .abandoned(.shutdown, nil))
        #expect(bench.place.isEmpty)
    }

    @Test("a job that cannot be made leaves its seat to the next")
    func notMade() async throws {
        struct Broken: Error {}
        let bench = try Bench(#""maxConcurrentJobs":1"#)
        #expect(try await bench.run("first", "done(id)").succeeded)
        await #expect(throws: Broken.self) {
            try await bench.worker.run(idA, of: "a") { _ in
            } prepare: {
                throw Broken()
            }
        }
        #expect(try await bench.run(idB, "done(id)").succeeded)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("cancel of one of two jobs is a message, and the other goes on (CAN-04)")
    func cancelOne() async throws {
        let bench = try Bench()
        let cancel = CancelSignal()
        async let first = bench.run(idA, hold, cancel: cancel)
        await bench.place.until("has \(idA)")
        async let second = bench.run(idB, hold)
        await bench.place.until("has \(idB)")
        cancel.cancel(.user)
        #expect(try await first == .abandoned(.user, nil))
        #expect(try await bench.run(idC, "done(jobs[1]); done(id)").succeeded)
        #expect(try await second.succeeded)
        #expect(bench.place.starts == 1)
        await bench.worker.shutdown()
    }

    @Test("a job that is not given up has its worker killed; the others are tried again")
    func deafToCancel() async throws {
        let bench = try Bench()
        let cancel = CancelSignal()
        async let first = bench.run(
            idA, "def cancelled(id, reason): say('heard ' + reason)\n" + hold, cancel: cancel)
        await bench.place.until("has \(idA)")
        async let second = bench.run(idB, hold)
        await bench.place.until("has \(idB)")
        cancel.cancel(.user)
        await bench.place.until("heard user")
        await bench.passTime { bench.place.ends == 1 }
        #expect(try await first == .abandoned(.user, nil))
        #expect(try await second.failure?.hostCode == .workerCrashed)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a crash fails the three jobs in flight so that they are tried again, after a back-off (HST-18)")
    func crash() async throws {
        let bench = try Bench()
        async let first = bench.run(idA, hold, secrets: ["Token": "hunter2-canary"])
        await bench.place.until("has \(idA)")
        async let second = bench.run(idB, hold)
        await bench.place.until("has \(idB)")
        let third = try await bench.run(idC, "say('out of hunter2-canary'); os.kill(os.getpid(), 11)")
        for failure in [try await first.failure, try await second.failure, third.failure] {
            #expect(failure?.hostCode == .workerCrashed && failure?.type == .systemUnavailable)
            #expect(failure?.message.contains("killed by SIGSEGV (11)") == true)
            #expect(failure?.message.contains("out of ***") == true, "\(failure?.message ?? "")")
        }
        async let again = bench.run("again", "done(id)", action: "action of \(idA)")
        await bench.passTime { bench.place.starts == 2 }
        #expect(try await again.succeeded)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a job that crashes its worker twice in a row is not tried a third time (HST-18, PoisonJob)")
    func poison() async throws {
        let bench = try Bench()
        #expect(try await bench.run("1", "os._exit(3)", action: "bad").failure?.hostCode == .workerCrashed)
        async let again = bench.run("2", "os._exit(3)", action: "bad")
        await bench.passTime { bench.place.starts == 2 }
        let failure = try await again.failure
        #expect(failure?.hostCode == .poisonJob && failure?.type == .jobFailed)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a child that reads the worker's standard input loses no job: it is tried again by another process (HST-25)")
    func thief() async throws {
        let bench = try Bench()
        #expect(
            try await bench.run(
                "first",
                "child = subprocess.Popen(['sh', '-c', 'read -r line; echo stolen >&2; sleep 1000'])\n"
                    + "done(id); say('waits'); child.wait()"
            ).succeeded)
        async let stolen = bench.run(idA, "done(id)")
        await bench.place.until("stolen")
        await bench.passTime { bench.place.ends == 1 }
        let failure = try await stolen.failure
        #expect(failure?.hostCode == .ackTimeout && failure?.type == .systemUnavailable)
        #expect(failure?.message.contains("</dev/null") == true && failure?.message.contains("limit: 10.0 s") == true)
        let other = try bench.another()
        #expect(try await other.run("again", "done(id)", action: "action of \(idA)").succeeded)
        #expect(bench.place.starts == 2)
        await other.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a worker without a job gets the end of its input after 300 s, and another takes over then (LIF-04)")
    func idleStop() async throws {
        let bench = try Bench()
        #expect(try await bench.run(idA, "done(id)").succeeded)
        bench.clock.advance(by: .seconds(299))
        #expect(try await bench.run(idB, "done(id)").succeeded)
        await bench.passTime { bench.place.isEmpty }
        #expect(bench.place.starts == 1)
        #expect(try await bench.run(idC, "done(id)") == nil)
    }

    @Test("a worker that ignores the end of its input is ended: 5 s, SIGTERM, 2 s, SIGKILL", arguments: [true, false])
    func ignoresEnd(heedsTerm: Bool) async throws {
        let bench = try Bench()
        let term = heedsTerm ? "" : "import signal; signal.signal(signal.SIGTERM, lambda *_: say('deaf'))\n"
        async let held = bench.run(
            idA, "\(term)def ended():\n    while True: time.sleep(1000)\n" + hold)
        await bench.place.until("has \(idA)")
        #expect(try await bench.run(idB, "done(jobs[0]); done(id)").succeeded)
        #expect(try await held.succeeded)
        async let end: Void = bench.worker.shutdown()
        await bench.passTime { bench.place.isEmpty }
        await end
    }

    @Test("the secret of one job is in no other's log or message, in no encoding (HST-13, WRK-07)")
    func secrets() async throws {
        let bench = try Bench()
        #expect(try await bench.run(idA, "done(id)", secrets: ["Token": "hunter2/hunter2"]).succeeded)
        let verdict = try await bench.run(
            idB,
            """
            import base64
            for text in ['hunter2/hunter2', 'hunter2%2Fhunter2', base64.b64encode(b'hunter2/hunter2').decode()]:
                say(text); print(text, flush=True); send(id, 'log', level='info', message=text)
            send(id, 'jobFailureResult', failureDetails={'type': 'JobFailed', 'message': 'is hunter2/hunter2'})
            """)
        #expect(verdict.failure?.message == "is ***")
        let log = bench.place.log(idB)
        #expect(log.count == 10 && !log.contains { $0.contains("hunter2") || $0.contains("aHVudGVy") }, "\(log)")
        await bench.worker.shutdown()
    }

    @Test("a task that is cancelled gives its job up as at a shutdown")
    func cancelledTask() async throws {
        let bench = try Bench()
        let task = Task { try await bench.run(idA, hold) }
        await bench.place.until("has \(idA)")
        task.cancel()
        #expect(try await task.value == .abandoned(.shutdown, nil))
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }

    @Test("a program that cannot be started fails the job; nothing is left to wait for")
    func noProgram() async throws {
        struct Nowhere: WorkerPlace {
            func command() -> Command { Command(executable: "/no/such/program") }
            func started(pid: Int32) {}
            func sandboxed(pid: Int32) {}
            func ended() {}
            func left() {}
        }
        let worker = PluginWorker("acme", try parsed(manifest()).run, in: Nowhere())
        let verdict = try await worker.run(idA, of: "a") { _ in
        } prepare: {
            (testJob(idA), Masker())
        }
        #expect(verdict.failure?.hostCode == .commandNotFound)
        await worker.shutdown()
    }

    @Test("workers that come and go leave no descriptor and no zombie behind (HST-17)")
    func manyWorkers() async {
        // In a process of its own, where nothing else opens and closes.
        await #expect(processExitsWith: .success) {
            func census() -> Int { (names(in: "/proc/self/fd") ?? []).count }
            func one() async throws {
                let bench = try Bench()
                for number in 0..<3 {
                    #expect(try await bench.run("job-\(number)", "done(id)").succeeded)
                }
                #expect(try await bench.run(idA, "os._exit(3)").failure?.hostCode == .workerCrashed)
                await bench.worker.shutdown()
                #expect(bench.place.isEmpty)
            }
            for _ in 0..<2 { try await one() }
            let before = census()
            for _ in 0..<20 { try await one() }
            #expect(census() == before)
        }
    }

    @Test(
        "in bubblewrap: jobs, a crash with its own status, and nothing left",
        .enabled(if: access("/usr/bin/bwrap", X_OK) == 0))
    func sandboxed() async throws {
        let bench = try Bench(sandboxed: true)
        #expect(try await bench.run(idA, "done(id)").succeeded)
        let crash = try await bench.run(idB, "subprocess.Popen(['setsid', 'sleep', '1000']); os._exit(3)")
        #expect(crash.failure?.hostCode == .workerCrashed)
        #expect(crash.failure?.message.contains("exit status 3") == true)
        await bench.worker.shutdown()
        #expect(bench.place.isEmpty)
    }
}
