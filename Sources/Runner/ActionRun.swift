import Artifacts
import Engine
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Processes
import Settings
import Synchronization
import Workspaces

/// One action's whole life: inputs, workspace, plugin, outputs, log; it ends in one fact.
struct ActionRun: Sendable {
    let dispatch: Dispatch
    let setup: RunnerSetup
    let slots: SlotPool?
    let cancel: CancelSignal
    private let log: ActionLog
    private let watch: @Sendable (LogLine) -> Void
    private let progress: @Sendable (ExternalExecution) async -> Void
    let job = randomUUID()

    init(
        _ dispatch: Dispatch, _ setup: RunnerSetup, _ slots: SlotPool?, _ cancel: CancelSignal,
        watch: @escaping @Sendable (LogLine) -> Void, progress: @escaping @Sendable (ExternalExecution) async -> Void
    ) {
        self.dispatch = dispatch
        self.setup = setup
        self.slots = slots
        self.cancel = cancel
        self.watch = watch
        self.progress = progress
        log = ActionLog(setup.logs, dispatch.attempt)
    }

    /// - Parameter report: is given the result, unless the run was cancelled; nothing waits for the workspace's removal.
    func run(_ report: @Sendable (Event) async -> Void) async {
        do {
            if let stub = dispatch.stub {
                await report(try await answer(with: stub))
            } else if let directory = dispatch.sourceDirectory {
                await report(try await takeSource(from: directory))
            } else {
                try await runPlugin(report)
            }
        } catch let failure as Failure {
            await report(event(failure))
        } catch let error as WorkspaceError {
            await report(event(Failure(error)))
        } catch is CancellationError {
            return
        } catch {
            await report(event(Failure(.sandboxFailed, "\(error)")))
        }
    }

    private func runPlugin(_ report: @Sendable (Event) async -> Void) async throws {
        let plan = try PluginPlan(dispatch, setup)
        let slot = try await slots?.slot(writing: plan.hostPaths.filter(\.writable).map(\.path))
        let workspace = try await blocking { [self] in
            try Workspace(
                in: setup.workspaces, named: job, owner: slot?.identity, inputs: Array(dispatch.inputs.keys),
                outputs: dispatch.action.outputArtifacts.map(\.name))
        }
        var event: Event?
        let problem: (any Error)?
        do {
            event = try await run(plan, in: workspace, slot)
            problem = nil
        } catch {
            problem = error
        }
        // What comes next does not need the workspace gone. One that cannot be removed now is at the next start.
        if let event { await report(event) }
        await remove(workspace)
        if let problem { throw problem }
    }

    func remove(_ workspace: Workspace) async {
        do {
            try await blocking { try workspace.remove() }
        } catch {
            warn("\(error); it is tried again when Penstock starts")
        }
    }

    private func run(_ plan: PluginPlan, in workspace: Workspace, _ slot: Slot?) async throws -> Event? {
        try await materialiseInputs(into: workspace)
        let cache = try await borrowCache(plan, workspace)
        let job = try plan.job(self.job, setup.sandbox.root(of: workspace), hasCache: cache != nil)
        let launch = Launch(
            plugin: plan.plugin.directory, command: plan.plugin.manifest.run.command, workspace: workspace,
            environment: plan.environment(of: job), network: plan.grants.network, hostPaths: plan.hostPaths,
            hasCache: cache != nil, limits: setup.limits)
        let command = try await command(for: launch)
        let (verdict, sandbox) = await converse(job, plan, command, workspace)
        try await endProcesses(slot, sandbox)
        if let cache { await returnCache(to: cache, after: verdict, workspace) }
        return try await event(verdict, workspace)
    }

    private func command(for launch: Launch) async throws -> Command {
        guard case .bubblewrap = setup.sandbox else { return setup.sandbox.command(for: launch) }
        let reachable = try await blocking {
            var launch = launch
            try launch.makeReachable()
            return launch
        }
        return setup.sandbox.command(for: reachable)
    }

    /// Nothing depends on a cache: one that cannot be had or kept is said, and the job goes on.
    /// - Returns: where it is to be kept; nil when the job has none.
    private func borrowCache(_ plan: PluginPlan, _ workspace: Workspace) async throws -> String? {
        guard let path = plan.cache else { return nil }
        do {
            try await blocking { try workspace.borrowCache(from: path) }
            return path
        } catch {
            warn("no cache for this job: \(error)")
            return nil
        }
    }

    private func returnCache(to path: String, after verdict: Verdict, _ workspace: Workspace) async {
        // What may have outgrown the workspace must not stand in the next one.
        if case .failed(let failure) = verdict, failure.hostCode == .limitExceeded { return }
        do {
            try await blocking { try workspace.returnCache(to: path) }
        } catch {
            warn("the cache of this job is lost: \(error)")
        }
    }

    /// A job's user runs nothing else: what is left of it would outlive the workspace.
    ///
    /// The kernel ends all that is in a sandbox before its first process is gone; without that one known, everything on
    /// the machine has to be looked at.
    private func endProcesses(_ slot: Slot?, _ sandbox: ProcessRecord?) async throws {
        if let sandbox { try await sandbox.killAloneAndWait() } else { try await slot?.identity.killProcesses() }
    }

    private func materialiseInputs(into workspace: Workspace) async throws {
        guard !dispatch.inputs.isEmpty else { return }
        let (inputs, store) = (dispatch.inputs, setup.artifacts)
        try await blocking {
            for (name, text) in inputs {
                guard let digest = ArtifactDigest(text) else {
                    throw Failure(.inputArtifactUnavailable, "input artifact \(name): \"\(text)\" is no digest")
                }
                do throws(ArtifactError) {
                    try store.materialise(digest, into: workspace.input(name))
                } catch {
                    throw Failure(inputArtifact: name, error)
                }
            }
            try workspace.handOverInputs()
        }
    }

    /// Talks with the plugin until its verdict, and stops it when its workspace grows over the limit.
    /// - Returns: also the first process of the sandbox, where the job has a user of its own.
    private func converse(
        _ job: Job, _ plan: PluginPlan, _ command: Command, _ workspace: Workspace
    ) async -> (Verdict, ProcessRecord?) {
        let sandbox = Mutex<ProcessRecord?>(nil)
        let manifest = plan.plugin.manifest
        let (reports, sender) = AsyncStream<ExternalExecution>.makeStream(bufferingPolicy: .bufferingNewest(8))
        let reporting = Task { for await details in reports { await progress(details) } }
        let sizeGuard = Task { await excess(of: workspace) }
        let verdict = await PluginConnection().run(
            job, by: manifest.name, command, heartbeatSeconds: manifest.run.heartbeatSeconds, masker: plan.masker,
            cancel: cancel
        ) { report in
            switch report {
            case .started(let pid): workspace.record(pid)
            case .sandboxed(let pid): sandbox.withLock { $0 = workspace.owner?.process(pid) }
            case .log(let record): write(record)
            case .progress(let message): sender.yield(ExternalExecution(message.executionDetails))
            case .mask: break
            }
        }
        sender.finish()
        sizeGuard.cancel()
        // What was reported last is stored before the result, after which it would be refused.
        await reporting.value
        let record = sandbox.withLock { $0 }
        if let text = await sizeGuard.value { return (.failed(Failure(.limitExceeded, text)), record) }
        return (verdict, record)
    }

    /// Cancels the job when its workspace holds too much, and says so; nil when it is cancelled itself.
    private func excess(of workspace: Workspace) async -> String? {
        while (try? await Task.sleep(for: .seconds(2))) != nil {
            guard let usage = try? await blocking({ try workspace.usage() }) else { continue }
            let limits = setup.limits
            if usage.bytes > limits.totalBytes {
                cancel.cancel(.user)
                return "the workspace holds \(usage.bytes) bytes; the limit is \(limits.totalBytes)"
            }
            if usage.entries > limits.totalEntries {
                cancel.cancel(.user)
                return "the workspace holds \(usage.entries) files and folders; the limit is \(limits.totalEntries)"
            }
        }
        return nil
    }

    private func warn(_ text: String) { write(LogRecord(source: .host, level: .warning, text: text)) }

    func write(_ record: LogRecord) {
        let line = LogLine(record, time: setup.now(), job: job)
        log.append(line)
        watch(line)
    }

    // MARK: Verdicts

    private func event(_ verdict: Verdict, _ workspace: Workspace) async throws -> Event? {
        let attempt = dispatch.attempt
        switch verdict {
        case .succeeded(let result):
            return .actionSucceeded(
                attempt,
                ActionResult(
                    outputVariables: result.outputVariables, artifacts: try await ingestOutputs(of: workspace),
                    revision: result.currentRevision.map(Engine.Revision.init),
                    external: result.executionDetails.map(ExternalExecution.init) ?? ExternalExecution()))
        case .continues(let result, let token, let seconds):
            return .actionContinues(
                attempt,
                Continuation(
                    token: token, notBefore: setup.now().adding(seconds: seconds),
                    external: result.executionDetails.map(ExternalExecution.init) ?? ExternalExecution()))
        case .failed(let failure): return event(await explained(failure, workspace))
        case .abandoned: return nil
        }
    }

    /// When a plugin could not be started at all, says what this machine lacks for a sandbox, and how to get it.
    ///
    /// The probe runs as the job's own user, which is free now: another may not be to be had.
    private func explained(_ failure: Failure, _ workspace: Workspace) async -> Failure {
        let couldNotStart: Set<HostCode?> = [.sandboxFailed, .commandNotFound, .notExecutable]
        guard case .bubblewrap = setup.sandbox, couldNotStart.contains(failure.hostCode),
            case .unavailable(let reason) = await setup.sandbox.probe(in: setup.workspaces, owner: workspace.owner)
        else { return failure }
        return Failure(.sandboxFailed, reason)
    }

    func ingestOutputs(of workspace: Workspace) async throws -> [String: String] {
        let names = dispatch.action.outputArtifacts.map(\.name)
        guard !names.isEmpty else { return [:] }
        let store = setup.artifacts
        return try await blocking {
            var digests: [String: String] = [:]
            for name in names {
                do throws(ArtifactError) {
                    digests[name] = try store.ingest(directory: "out/\(name)", beneath: workspace.root).description
                } catch {
                    throw Failure(outputArtifact: name, error)
                }
            }
            return digests
        }
    }

    func event(_ failure: Failure) -> Event {
        write(LogRecord(source: .host, level: .error, text: failure.message))
        // Only what the host made unavailable is asked again; a plugin that says so has had its say.
        if failure.type == .systemUnavailable, let code = failure.hostCode, code != .sandboxFailed {
            return .attemptLost(dispatch.attempt, .unavailable("\(code.rawValue): \(failure.message)"))
        }
        return .actionFailed(
            dispatch.attempt,
            ActionFailure(
                code: failure.type.rawValue, hostCode: failure.hostCode?.rawValue, message: failure.message,
                externalExecutionID: failure.externalExecutionId))
    }
}
