import Glibc
import Jansson
import PluginProtocol
import Processes
import Synchronization
import Testing

@testable import PluginHost

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
