import Artifacts
import Engine
import Failpoints
import Glibc
import PluginHost
import PluginProtocol
import Processes
import Settings
import Synchronization
import Workspaces

/// What happens to an action while it runs, for whoever watches.
public enum ActionNews: Sendable {
    case log(Attempt, LogLine)
    /// Somebody has to answer, by submitting `approvalAnswered`.
    case approval(ApprovalRequest, Driver)
}

/// Where and with what actions are run.
public struct RunnerSetup: Sendable {
    public var catalogue: PluginCatalogue
    /// The directory whose plugins came with Penstock.
    public var shippedPlugins: String?
    /// By which plugins are held to the lock files of their directories.
    public var locks = PluginLocks()
    public var settings: Settings
    public var artifacts: ArtifactStore
    public var logs: ActionLogs
    /// Where workspaces are made; nothing else is in it.
    public var workspaces: String
    /// Where the folders are kept that plugins may find again in their next job.
    public var caches: String
    /// Where the workspaces of actions that fail are kept; nil removes them.
    public var kept: KeptWorkspaces?
    /// How a job of the past is run again; nil for those of an execution.
    public var replay: Replay?
    public var sandbox: Sandbox
    public var limits: LimitPolicy
    /// Where memory limits can be had; nil where they cannot.
    public var controlGroups: ControlGroups?
    /// How many actions run at a time.
    public var width: Int
    public var version: String
    public var now: @Sendable () -> Instant

    public init(
        catalogue: PluginCatalogue, shippedPlugins: String?, settings: Settings, artifacts: ArtifactStore,
        logs: ActionLogs, workspaces: String, caches: String, kept: KeptWorkspaces? = nil, sandbox: Sandbox,
        limits: LimitPolicy = LimitPolicy(), width: Int = 16, version: String, now: @escaping @Sendable () -> Instant
    ) {
        self.catalogue = catalogue
        self.shippedPlugins = shippedPlugins
        self.settings = settings
        self.artifacts = artifacts
        self.logs = logs
        self.workspaces = workspaces
        self.caches = caches
        self.kept = kept
        self.sandbox = sandbox
        self.limits = limits
        self.width = width
        self.version = version
        self.now = now
    }
}

/// Runs actions: takes on the engine's effects and turns the end of each into one fact.
public final class Runner: EffectHandler, Sendable {
    let setup: RunnerSetup
    let slots: SlotPool?
    let workers: Workers
    private let seats: Seats
    private let news: @Sendable (ActionNews) -> Void
    private let work = Mutex(Work())

    private struct Work {
        var tasks: [Attempt: (task: Task<Void, Never>, cancel: CancelSignal)] = [:]
        var isShutDown = false
    }

    /// - Throws: `WorkspaceError` when it is not clear as whom plugins are to run.
    public init(_ setup: RunnerSetup, news: @escaping @Sendable (ActionNews) -> Void) throws {
        self.setup = setup
        self.news = news
        seats = Seats(setup.width)
        slots = setup.sandbox.isConfined ? try SlotPool.own() : nil
        workers = Workers(setup, slots)
    }

    public func perform(_ effect: Effect, for driver: Driver) {
        switch effect {
        case .run(let dispatch):
            reach(.effectTaken)
            begin(dispatch.attempt) { await self.run(dispatch, for: driver, $0) }
        case .cancel(let attempt):
            reach(.cancelTaken)
            let entry = work.withLock { $0.tasks[attempt] }
            entry?.cancel.cancel(.user)
            entry?.task.cancel()
        case .awaitApproval(let request):
            reach(.approvalTaken)
            if let stub = request.stub {
                begin(request.attempt) { _ in await self.answer(request, stub, for: driver) }
            } else {
                news(.approval(request, driver))
                begin(request.attempt) { _ in await self.expire(request, for: driver) }
            }
        }
    }

    /// Ends everything that runs without a result, and starts nothing any more: it goes on at the next start.
    public func shutdown() async {
        let running = work.withLock { work in
            work.isShutDown = true
            return Array(work.tasks.values)
        }
        for entry in running {
            entry.cancel.cancel(.shutdown)
            entry.task.cancel()
        }
        // At the same time: who waits for a worker that is still to be made is told so.
        async let ended: Void = workers.shutdown()
        for entry in running { await entry.task.value }
        await ended
    }

    /// An attempt that is asked for twice is run once.
    private func begin(_ attempt: Attempt, _ body: @escaping @Sendable (CancelSignal) async -> Void) {
        work.withLock { work in
            guard work.tasks[attempt] == nil, !work.isShutDown else { return }
            let cancel = CancelSignal()
            let task = Task {
                await body(cancel)
                self.work.withLock { _ = $0.tasks.removeValue(forKey: attempt) }
            }
            work.tasks[attempt] = (task, cancel)
        }
    }

    private func run(_ dispatch: Dispatch, for driver: Driver, _ cancel: CancelSignal) async {
        if let moment = dispatch.notBefore { await sleep(until: moment) }
        let stopwatch = Stopwatch(setup.now)
        if let stub = dispatch.stub {
            stopwatch.turn(to: .run)
            // Without a seat: a stub that takes its time needs nothing meanwhile.
            await sleep(until: stub.moment(for: dispatch, from: setup.now()))
            stopwatch.turn(to: .slot)
        }
        await seats.occupying {
            guard cancel.reason == nil else { return }
            let action = ActionRun(dispatch, setup, slots, workers, cancel, stopwatch) {
                self.news(.log(dispatch.attempt, $0))
            } progress: {
                try? await driver.submit(.actionProgressed(dispatch.attempt, $0), of: dispatch.attempt.execution)
            }
            await action.run { event in
                guard cancel.reason != .shutdown || event.isSuccess else { return }
                // A refusal means that the attempt is over, and a failed journal has stopped the driver: known there.
                reach(.resultKnown)
                try? await driver.submit(event, of: dispatch.attempt.execution)
                reach(.resultStored)
            }
        }
    }

    private func expire(_ request: ApprovalRequest, for driver: Driver) async {
        // Looked at now and then: nobody tells when it is answered, or given up.
        while setup.now() < request.expires {
            await sleep(until: min(request.expires, setup.now().adding(seconds: 60)))
            let execution = await driver.state.executions[request.attempt.execution]
            guard !Task.isCancelled, execution?.pendingApprovals.contains(request) == true else { return }
        }
        try? await driver.submit(.approvalExpired(request.attempt), of: request.attempt.execution)
    }

    private func answer(_ request: ApprovalRequest, _ stub: ApprovalStub, for driver: Driver) async {
        let moment = stub.moment(for: request, from: setup.now())
        await sleep(until: moment)
        guard !Task.isCancelled else { return }
        try? await driver.submit(stub.event(for: request, at: moment), of: request.attempt.execution)
    }

    /// In short steps: the moment is one of the calendar, and the machine may have slept.
    private func sleep(until moment: Instant) async {
        while !Task.isCancelled {
            let left = moment.milliseconds - setup.now().milliseconds
            guard left > 0 else { return }
            try? await Task.sleep(for: .milliseconds(min(left, 60_000)))
        }
    }
}

extension Event {
    /// A plugin that is told to end may call that a failure; the action itself has not failed.
    fileprivate var isSuccess: Bool {
        switch self {
        case .actionSucceeded, .actionContinues: true
        default: false
        }
    }
}

/// So many actions at a time; the others wait in the order in which they came.
private actor Seats {
    private var free: Int
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func occupying(_ work: @Sendable () async -> Void) async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { queue.append($0) } }
        await work()
        // The seat goes to the next in the queue without becoming free in between.
        if queue.isEmpty { free += 1 } else { queue.removeFirst().resume() }
    }
}
