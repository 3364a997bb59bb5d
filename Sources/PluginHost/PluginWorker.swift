import Failpoints
import PluginProtocol
import Processes

/// What a worker works in: made by whoever wants workers, and there as long as the worker.
public protocol WorkerPlace: Sendable {
    /// What to start, with everything made for it; asked before each start.
    func command() async throws(Failure) -> Command
    /// To be written down, so that a host that comes after us can end it. Spec: HST-26
    func started(pid: Int32)
    /// The first process of the sandbox, whose end ends all others in it.
    func sandboxed(pid: Int32)
    /// The process is reaped: ends what else there is of it. The verdicts of its jobs wait for this.
    func ended() async
    /// The worker is over.
    func left() async
}

/// A plugin that is kept for one job after another: performs what `WorkerSession` decides on real processes.
public actor PluginWorker {
    /// One job on its way through the worker.
    private struct Ticket {
        let report: @Sendable (JobReport) -> Void
        var isAdmitted = false
        var isDeclined = false
        var verdict: Verdict?
        var waiter: CheckedContinuation<Void, Never>?

        var isOver: Bool { isDeclined || verdict != nil }
    }

    /// How long a worker is kept without a job.
    public static let idleTime = Duration.seconds(300)

    private var session: WorkerSession
    private let place: any WorkerPlace
    private let reactor: Reactor
    private let time: Time
    private var child: Child?
    private var tickets: [String: Ticket] = [:]
    private var deadlines = Deadlines<WorkerSession.Timer>()
    private var sleeper: Task<Void, Never>?
    private var hasLeft = false
    private var waitingForLeave: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - plugin: the name for messages.
    ///   - clock: must not run while the machine sleeps, nor jump (HST-20).
    public init(
        _ plugin: String, _ run: Manifest.Run, in place: any WorkerPlace, idleTime: Duration = idleTime,
        reactor: Reactor = .shared, clock: some Clock<Duration> = SuspendingClock()
    ) {
        session = WorkerSession(
            plugin: plugin, seats: run.maxConcurrentJobs, heartbeatSeconds: run.heartbeatSeconds, idleTime: idleTime)
        self.place = place
        self.reactor = reactor
        time = Time(clock)
    }

    /// Runs one job, when its turn has come.
    ///
    /// Cancelling the task counts as a shutdown.
    /// - Parameters:
    ///   - action: the job's `actionExecutionId`, by which it is known again after a crash.
    ///   - report: is called in order and must not block for long.
    ///   - prepare: makes the job, with its secrets; called when the worker has a seat for it.
    /// - Returns: nil when this worker takes no more jobs and has not sent this one, made or not: another has to.
    /// - Throws: what `prepare` does.
    public func run(
        _ jobId: String, of action: String, cancel: CancelSignal = CancelSignal(),
        report: @escaping @Sendable (JobReport) -> Void, prepare: @Sendable () async throws -> (Job, Masker)
    ) async throws -> Verdict? {
        guard !session.isRetired else { return nil }
        if let reason = cancel.reason { return .abandoned(reason, nil) }
        tickets[jobId] = Ticket(report: report)
        defer { tickets[jobId] = nil }
        return try await withTaskCancellationHandler {
            cancel.observe { reason in Task { await self.apply(.cancel(jobId, reason)) } }
            defer { cancel.observe(nil) }
            apply(.wanted(jobId, action: action))
            while tickets[jobId]?.isAdmitted == false, tickets[jobId]?.isOver == false { await change(of: jobId) }
            if let ticket = tickets[jobId], ticket.isOver { return ticket.verdict }
            do {
                let (job, masker) = try await prepare()
                precondition(job.jobId == jobId, "the job that was admitted is the one that is made")
                apply(.handed(job, masker))
            } catch {
                apply(.withdrawn(jobId))
                throw error
            }
            while tickets[jobId]?.isOver == false { await change(of: jobId) }
            return tickets[jobId]?.verdict
        } onCancel: {
            Task { await self.apply(.cancel(jobId, .shutdown)) }
        }
    }

    /// Whether another has to take whatever comes.
    public var isOver: Bool { session.isRetired || session.isLeaving }

    /// Takes no more jobs; those in flight are finished.
    public func leave() { apply(.leave) }

    /// Cancels what runs, ends the process in order, and returns when nothing is left.
    public func shutdown() async {
        apply(.shutdown)
        if !hasLeft { await withCheckedContinuation { waitingForLeave.append($0) } }
    }

    /// Nobody else waits for a ticket than the one who runs the job.
    private func change(of jobId: String) async {
        await withCheckedContinuation { tickets[jobId]?.waiter = $0 }
    }

    private func update(_ jobId: String, _ change: (inout Ticket) -> Void) {
        guard var ticket = tickets[jobId] else { return }
        change(&ticket)
        let waiter = ticket.waiter
        ticket.waiter = nil
        tickets[jobId] = ticket
        waiter?.resume()
    }

    private func apply(_ input: WorkerSession.Input) {
        for effect in session.apply(input) { perform(effect) }
    }

    private func perform(_ effect: WorkerSession.Effect) {
        switch effect {
        case .admit(let jobId): update(jobId) { $0.isAdmitted = true }
        case .decline(let jobId): update(jobId) { $0.isDeclined = true }
        case .tell(let jobId, let report): tickets[jobId]?.report(report)
        case .end(let jobId, let verdict):
            reach(.workerJobEnded)
            update(jobId) { $0.verdict = verdict }
        case .start: Task { await start() }
        case .sandboxed(let pid): place.sandboxed(pid: pid)
        case .send(let message):
            child?.write(message.line)
            reach(.workerTold)
        case .closeInput: child?.closeInput()
        case .signal(let signal, let target): child?.signal(signal, target)
        case .set(let timer, let duration):
            guard deadlines.set(timer, duration, now: time.now()) else { return }
            sleeper?.cancel()
            sleeper = Task { await watchDeadlines() }
        case .clear(let timer): deadlines.clear(timer)
        case .release: Task { await release() }
        case .retire: Task { await end() }
        }
    }

    // MARK: The process

    private func start() async {
        do throws(Failure) {
            let command = try await place.command()
            let child: Child
            do throws(SpawnError) {
                child = try await reactor.start(command, time)
            } catch {
                throw failure(of: error, plugin: session.plugin)
            }
            reach(.workerSpawned)
            place.started(pid: child.pid)
            self.child = child
            Task { await listen(to: child) }
            apply(.started(reportsStatus: command.reportsStatus))
        } catch {
            await place.ended()
            apply(.startFailed(error))
        }
    }

    private func listen(to child: Child) async {
        for await event in child.events {
            // What still comes of one that is released is nobody's.
            guard child === self.child else { return }
            switch event {
            case .line(let line): apply(.line(line))
            case .settled: apply(.settled)
            case .end(let stream): apply(.ended(stream))
            case .exited(let exit): apply(.exited(exit))
            }
        }
    }

    private func release() async {
        await child?.finish()
        child = nil
        await place.ended()
        apply(.released)
    }

    private func end() async {
        sleeper?.cancel()
        await place.left()
        hasLeft = true
        for waiter in waitingForLeave { waiter.resume() }
        waitingForLeave = []
    }

    private func watchDeadlines() async {
        while !Task.isCancelled, let next = deadlines.next() {
            await time.sleep(next)
            guard !Task.isCancelled else { return }
            while let due = deadlines.takeDue(now: time.now()) { apply(.fired(due.timer, after: due.after)) }
        }
    }
}
