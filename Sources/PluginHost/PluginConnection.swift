import Failpoints
import Glibc
import PluginProtocol
import Processes

/// What a job tells while it runs, in order.
public enum JobReport: Hashable, Sendable {
    case started(pid: Int32)
    /// The first process of the sandbox, whose end ends all others in it.
    case sandboxed(pid: Int32)
    case log(LogRecord)
    case progress(Progress)
    /// A secret obtained at run time: mask it wherever else text of this action goes.
    case mask(String)
}

/// Runs jobs in plugins: performs what `PluginSession` decides on a real process.
public struct PluginConnection: Sendable {
    private let reactor: Reactor

    public init(reactor: Reactor = .shared) { self.reactor = reactor }

    /// Runs one job from start to verdict; no process of the plugin's group is left then. Spec: HST-07
    ///
    /// Cancelling the task counts as a shutdown.
    /// - Parameters:
    ///   - command: prepared by the caller, in a sandbox or not.
    ///   - plugin: the name for messages.
    ///   - heartbeatSeconds: as its manifest declares it.
    ///   - clock: must not run while the machine sleeps, nor jump (HST-20).
    ///   - report: is called in order and must not block for long.
    public func run(
        _ job: Job, by plugin: String, _ command: Command, heartbeatSeconds: Int? = nil, masker: Masker,
        cancel: CancelSignal = CancelSignal(), clock: some Clock<Duration> = SuspendingClock(),
        report: @escaping @Sendable (JobReport) -> Void
    ) async -> Verdict {
        if let reason = cancel.reason { return .abandoned(reason, nil) }
        let time = Time(clock)
        let child: Child
        do throws(SpawnError) {
            child = try await reactor.start(command, time)
        } catch {
            return .failed(failure(of: error, plugin: plugin))
        }
        reach(.spawned)
        report(.started(pid: child.pid))
        child.write(HostMessage.job(job).line)
        child.closeInput()
        reach(.jobSent)
        let session = PluginSession(
            plugin: plugin, job: job, heartbeatSeconds: heartbeatSeconds, reportsStatus: command.reportsStatus,
            masker: masker)
        let performance = Performance(session, child, time, report)
        return await withTaskCancellationHandler {
            cancel.observe { reason in Task { await performance.apply(.cancel(reason)) } }
            let verdict = await performance.run()
            cancel.observe(nil)
            return verdict
        } onCancel: {
            Task { await performance.apply(.cancel(.shutdown)) }
        }
    }
}

extension Reactor {
    /// A program file that is still open for writing elsewhere is tried again so often, 50 ms apart.
    private static let busyRetries = 10

    func start(_ command: Command, _ time: Time) async throws(SpawnError) -> Child {
        let limits = LineLimits(joinsErrorLines: true)
        for _ in 0..<Self.busyRetries {
            do throws(SpawnError) {
                return try await spawn(command, limits: limits)
            } catch {
                guard error.code == ETXTBSY else { throw error }
                await time.sleep(time.now() + .milliseconds(50))
            }
        }
        return try await spawn(command, limits: limits)
    }
}

/// A command that could not be started, as a failure of the action. Spec: HST-22
func failure(of error: SpawnError, plugin: String) -> Failure {
    let message = "plugin \(plugin): \(error)"
    switch error.code {
    case ENOENT, ENOTDIR:
        return Failure(
            .commandNotFound, "\(message); the file or the interpreter that its first line names does not exist")
    case ENOEXEC:
        return Failure(.commandNotFound, "\(message); a script must begin with its interpreter, such as #!/bin/bash")
    case EACCES: return Failure(.notExecutable, "\(message); make it executable: chmod +x \(error.command)")
    default: return Failure(.spawnFailed, message)
    }
}

/// Owns the process of one session: hands facts in, one at a time, and does what comes out.
private actor Performance {
    private var session: PluginSession
    private let child: Child
    private let time: Time
    private let report: @Sendable (JobReport) -> Void
    private var deadlines = Deadlines<PluginSession.Timer>()
    private var sleeper: Task<Void, Never>?
    private var verdict: Verdict?

    init(_ session: PluginSession, _ child: Child, _ time: Time, _ report: @escaping @Sendable (JobReport) -> Void) {
        self.session = session
        self.child = child
        self.time = time
        self.report = report
    }

    func run() async -> Verdict {
        apply(.began)
        for await event in child.events {
            switch event {
            case .line(let line): apply(.line(line))
            case .settled: break
            case .end(let stream): apply(.ended(stream))
            case .exited(let exit):
                reach(.processEnded)
                apply(.exited(exit))
            }
            if verdict != nil { break }
        }
        await child.finish()
        sleeper?.cancel()
        guard let verdict else { preconditionFailure("a session ends when its process and its pipes have ended") }
        return verdict
    }

    func apply(_ input: PluginSession.Input) {
        for effect in session.apply(input) { perform(effect) }
        if session.conversation.isReported { reach(.resultRead) }
    }

    private func perform(_ effect: PluginSession.Effect) {
        switch effect {
        case .tell(let report): self.report(report)
        case .set(let timer, let duration):
            guard deadlines.set(timer, duration, now: time.now()) else { return }
            sleeper?.cancel()
            sleeper = Task { await watchDeadlines() }
        case .clear(let timer): deadlines.clear(timer)
        case .signal(let signal, let target): child.signal(signal, target)
        case .closeInput: child.closeInput()
        case .finish(let verdict):
            self.verdict = verdict
            // Ends the events too, when somebody outside of the group keeps a pipe open.
            child.end()
        }
    }

    private func watchDeadlines() async {
        while !Task.isCancelled, let next = deadlines.next() {
            await time.sleep(next)
            guard !Task.isCancelled else { return }
            while let due = deadlines.takeDue(now: time.now()) { apply(.fired(due.timer, after: due.after)) }
        }
    }
}
