import Artifacts
import Engine
import Failpoints
import Pipelines
import PluginHost
import PluginProtocol
import Processes
import Synchronization
import Workspaces

/// One job from its plan to its verdict, in a process of its own or with a worker.
struct PluginRun: Sendable {
    let id: String
    let assignment: Assignment
    let setup: RunnerSetup
    private let slots: SlotPool?
    private let workers: Workers
    private let cancel: CancelSignal
    private let stopwatch: Stopwatch
    private let write: @Sendable (LogRecord) -> Void
    private let progress: @Sendable (ExternalExecution) async -> Void

    /// What is made for the job, once it is.
    private final class Site: Sendable {
        private let made = Mutex<(workspace: Workspace, cache: String?)?>(nil)

        var workspace: Workspace? { made.withLock { $0?.workspace } }
        var cache: String? { made.withLock { $0?.cache } }
        func set(_ workspace: Workspace, cache: String?) { made.withLock { $0 = (workspace, cache) } }
    }

    init(
        job: String, _ assignment: Assignment, _ setup: RunnerSetup, _ slots: SlotPool?, _ workers: Workers,
        _ cancel: CancelSignal, _ stopwatch: Stopwatch, write: @escaping @Sendable (LogRecord) -> Void,
        progress: @escaping @Sendable (ExternalExecution) async -> Void
    ) {
        id = job
        self.assignment = assignment
        self.setup = setup
        self.slots = slots
        self.workers = workers
        self.cancel = cancel
        self.stopwatch = stopwatch
        self.write = write
        self.progress = progress
    }

    /// - Parameter take: is given the verdict while the workspace is there; it does not wait for its removal.
    /// - Throws: `Failure`, `WorkspaceError` or `CancellationError` where there is no verdict, and what `take` does.
    func verdict<Value: Sendable>(_ take: @Sendable (Verdict, Workspace, Limits) async throws -> Value) async throws
        -> Value
    {
        stopwatch.turn(to: .setUp)
        // A plugin's whole folder may have to be read for it.
        let plan = try await blocking { [assignment, setup] in try PluginPlan(assignment, setup) }
        reach(.jobPlanned)
        switch plan.plugin.manifest.run.lifecycle {
        case .oneShot: return try await runAlone(plan, take)
        case .worker: return try await runInWorker(plan, take)
        }
    }

    func verdict() async throws -> Verdict { try await verdict { verdict, _, _ in verdict } }

    private func runAlone<Value: Sendable>(
        _ plan: PluginPlan, _ take: @Sendable (Verdict, Workspace, Limits) async throws -> Value
    ) async throws -> Value {
        stopwatch.turn(to: .slot)
        let slot = try await plan.slot(of: slots, tell: warn)
        stopwatch.turn(to: .setUp)
        let value = try await atSite(plan.limits, take) { site in
            let workspace = try await blocking { [setup, id, assignment] in
                try Workspace(
                    in: setup.workspaces, named: id, owner: slot?.identity, inputs: Array(assignment.inputs.keys),
                    outputs: assignment.outputs.map(\.name))
            }
            let job = try await prepare(plan, workspace, site)
            let group = try await blocking { try setup.controlGroup(named: id, plan.limits) }
            defer { group?.remove() }
            var launch = Launch(
                plugin: plan.plugin.directory, command: plan.plugin.manifest.run.command, workspace: workspace,
                environment: plan.environment(job.workspace.root), network: plan.grants.network,
                hostPaths: plan.hostPaths, hasCache: job.workspace.cache != nil, limits: plan.limits)
            launch.group = group
            let command = try await command(for: launch)
            reach(.sandboxReady)
            let manifest = plan.plugin.manifest
            let sandbox = Mutex<ProcessRecord?>(nil)
            let told = try await watching(site, plan.limits) { tell in
                await PluginConnection().run(
                    job, by: manifest.name, command, heartbeatSeconds: manifest.run.heartbeatSeconds,
                    masker: plan.masker, cancel: cancel
                ) { report in
                    switch report {
                    case .started(let pid):
                        workspace.record(pid)
                        stopwatch.turn(to: .run)
                        reach(.launchRecorded)
                    case .sandboxed(let pid):
                        sandbox.withLock { $0 = workspace.process(pid) }
                        reach(.sandboxed)
                    case .log, .progress, .mask: tell(report)
                    }
                }
            }
            stopwatch.turn(to: .handOver)
            try await endProcesses(slot, sandbox.withLock { $0 }, setup.sandbox)
            return told.map { explained($0, by: plan.limits, memory: group?.excess) }
        }
        guard let value else { preconditionFailure("a process of its own has always a verdict") }
        return value
    }

    private func runInWorker<Value: Sendable>(
        _ plan: PluginPlan, _ take: @Sendable (Verdict, Workspace, Limits) async throws -> Value
    ) async throws -> Value {
        while true {
            let kept = try await workers.worker(plan, assignment.pipeline, tell: warn)
            let outcome = try await kept.lending { try await run(plan, in: kept, take) }
            if let outcome { return outcome }
        }
    }

    /// - Returns: nil when the worker takes no more jobs.
    private func run<Value: Sendable>(
        _ plan: PluginPlan, in kept: KeptWorker, _ take: @Sendable (Verdict, Workspace, Limits) async throws -> Value
    ) async throws -> Value? {
        try await atSite(plan.limits, take) { site in
            stopwatch.turn(to: .slot)
            let verdict = try await watching(site, plan.limits) { tell in
                try await kept.worker.run(id, of: assignment.actionExecution, cancel: cancel, report: tell) {
                    stopwatch.turn(to: .setUp)
                    defer { stopwatch.turn(to: .run) }
                    let workspace = try await blocking { [id, assignment] in
                        try Workspace(
                            of: id, in: kept.workspace, inputs: Array(assignment.inputs.keys),
                            outputs: assignment.outputs.map(\.name))
                    }
                    return (try await prepare(plan, workspace, site), plan.masker)
                }
            }
            stopwatch.turn(to: .handOver)
            let memory = kept.excess
            guard var told = verdict else { return nil }
            told = explained(told, by: setup.limits.limits(ofWorker: plan.plugin.manifest.name), memory: memory)
            // What has outgrown its scratch or its memory does so no more in another, where nobody is told of it again.
            var hasOutgrown = memory != nil
            if case .failed(let failure) = told, failure.hostCode == .limitExceeded { hasOutgrown = true }
            if hasOutgrown { await kept.worker.leave() }
            return told
        }
    }

    // MARK: The workspace

    /// Sees to it that what `body` makes is given back and removed.
    /// - Returns: nil when `body` has no verdict.
    private func atSite<Value: Sendable>(
        _ limits: Limits, _ take: @Sendable (Verdict, Workspace, Limits) async throws -> Value,
        _ body: (Site) async throws -> Verdict?
    ) async throws -> Value? {
        let site = Site()
        let outcome: Result<Value?, any Error>
        do {
            let verdict = try await body(site)
            if let cache = site.cache, let workspace = site.workspace {
                await returnCache(to: cache, after: verdict, workspace)
            }
            if let verdict {
                guard let workspace = site.workspace else { throw abandonment(verdict) }
                outcome = .success(try await take(verdict, workspace, limits))
            } else {
                outcome = .success(nil)
            }
        } catch {
            outcome = .failure(error)
        }
        // What comes next does not need the workspace gone.
        if let workspace = site.workspace { await discard(workspace, write) }
        return try outcome.get()
    }

    /// A job that ended before anything was made for it.
    private func abandonment(_ verdict: Verdict) -> any Error {
        if case .failed(let failure) = verdict { failure } else { CancellationError() }
    }

    private func prepare(_ plan: PluginPlan, _ workspace: Workspace, _ site: Site) async throws -> Job {
        site.set(workspace, cache: nil)
        reach(.workspaceMade)
        try await materialiseInputs(into: workspace)
        let cache = try await borrowCache(plan, workspace)
        site.set(workspace, cache: cache)
        return try plan.job(id, in: workspace, hasCache: cache != nil)
    }

    private func command(for launch: Launch) async throws -> Command {
        let prepared = try await blocking { [sandbox = setup.sandbox] in
            var launch = launch
            try sandbox.prepare(&launch)
            return launch
        }
        return setup.sandbox.command(for: prepared)
    }

    // MARK: The conversation

    /// Runs `body`, tells what it reports, and has the job given up when its workspace grows over the limit.
    private func watching(
        _ site: Site, _ limits: Limits,
        _ body: (_ tell: @escaping @Sendable (JobReport) -> Void) async throws -> Verdict?
    ) async throws -> Verdict? {
        let (reports, sender) = AsyncStream<ExternalExecution>.makeStream(bufferingPolicy: .bufferingNewest(8))
        let reporting = Task { for await details in reports { await progress(details) } }
        let sizeGuard = Task { await excess(at: site, limits) }
        let outcome: Result<Verdict?, any Error>
        do {
            outcome = .success(
                try await body { [write] report in
                    switch report {
                    case .log(let record): write(record)
                    case .progress(let message):
                        sender.yield(ExternalExecution(message.executionDetails))
                        reach(.progressRead)
                    case .started, .sandboxed, .mask: break
                    }
                })
        } catch {
            outcome = .failure(error)
        }
        sender.finish()
        sizeGuard.cancel()
        // What was reported last is stored before the result, after which it would be refused.
        await reporting.value
        if let text = await sizeGuard.value { return .failed(Failure(.limitExceeded, text)) }
        let verdict = try outcome.get()
        // It may have grown after the last look; without limits of its own what counts is measured when it is taken in.
        if case .succeeded? = verdict, limits.hasOwnWorkspace, let text = await excess(of: site.workspace, limits) {
            return .failed(Failure(.limitExceeded, text))
        }
        return verdict
    }

    /// Cancels the job when its workspace holds too much, and says so; nil when it is cancelled itself.
    private func excess(at site: Site, _ limits: Limits) async -> String? {
        // Walking the workspace costs more the more it holds, so it is not done all the time.
        while (try? await Task.sleep(for: .seconds(2))) != nil {
            guard let text = await excess(of: site.workspace, limits) else { continue }
            cancel.cancel(.user)
            return text
        }
        return nil
    }

    func warn(_ text: String) { write(LogRecord(source: .host, level: .warning, text: text)) }
}

/// Removes a workspace; one that cannot be removed now is at the next start.
func discard(_ workspace: Workspace, _ write: (LogRecord) -> Void) async {
    do {
        try await blocking { try workspace.remove() }
        reach(.workspaceRemoved)
    } catch {
        let text = "\(error); it is tried again when Penstock starts"
        write(LogRecord(source: .host, level: .warning, text: text))
    }
}
