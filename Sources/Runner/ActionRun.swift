import Artifacts
import Engine
import Failpoints
import Pipelines
import PluginHost
import PluginProtocol
import Workspaces

/// One action's whole life: the plugin or what stands in for it, outputs, log; it ends in one fact.
struct ActionRun: Sendable {
    let dispatch: Dispatch
    let setup: RunnerSetup
    private let slots: SlotPool?
    private let workers: Workers
    private let cancel: CancelSignal
    private let stopwatch: Stopwatch
    private let log: ActionLog
    private let watch: @Sendable (LogLine) -> Void
    private let progress: @Sendable (ExternalExecution) async -> Void
    let job = randomUUID()

    init(
        _ dispatch: Dispatch, _ setup: RunnerSetup, _ slots: SlotPool?, _ workers: Workers, _ cancel: CancelSignal,
        _ stopwatch: Stopwatch,
        watch: @escaping @Sendable (LogLine) -> Void, progress: @escaping @Sendable (ExternalExecution) async -> Void
    ) {
        self.dispatch = dispatch
        self.setup = setup
        self.slots = slots
        self.workers = workers
        self.cancel = cancel
        self.stopwatch = stopwatch
        self.watch = watch
        self.progress = progress
        log = ActionLog(setup.logs, dispatch.attempt, job: job)
    }

    /// - Parameter take: is given the result, unless the run was cancelled; nothing waits for the workspace's removal.
    func run(_ take: @Sendable (Event) async -> Void) async {
        @Sendable func report(_ event: Event) async { await take(event.taking(stopwatch.times)) }
        stopwatch.turn(to: .run)
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
        let assignment = setup.replay == nil ? Assignment(dispatch) : Assignment(again: dispatch)
        let run = PluginRun(
            job: job, assignment, setup, slots, workers, cancel, stopwatch, write: write, progress: progress)
        try await run.verdict { verdict, workspace, limits in
            let end: Event?
            do {
                end = try await event(verdict, workspace, limits)
            } catch let failure as Failure {
                end = event(failure)
            }
            guard let end else { return }
            if end.isFailure(afterCancel: cancel.reason != nil) { await keep(workspace) }
            await report(end)
        }
    }

    private func keep(_ workspace: Workspace) async {
        guard let kept = setup.kept else { return }
        do {
            let removed = try await blocking { [attempt = dispatch.attempt] in
                try kept.keep(workspace, of: attempt)
            }
            reach(.workspaceKept)
            write(LogRecord(source: .host, level: .info, text: "the workspace is kept"))
            for path in removed {
                let text = "\(KeptWorkspaces.limit) workspaces are kept at most: \(path) was removed"
                write(LogRecord(source: .host, level: .info, text: text))
            }
        } catch {
            write(LogRecord(source: .host, level: .warning, text: "the workspace cannot be kept: \(error)"))
        }
    }

    func write(_ record: LogRecord) {
        let time = setup.now()
        let fault = log.append(record, at: time)
        for record in [record, fault].compactMap({ $0 }) {
            for line in LogLine.lines(record, time: time, job: job) { watch(line) }
        }
    }

    // MARK: Verdicts

    private func event(_ verdict: Verdict, _ workspace: Workspace, _ limits: Limits) async throws -> Event? {
        let attempt = dispatch.attempt
        switch verdict {
        case .succeeded(let result):
            return .actionSucceeded(
                attempt,
                ActionResult(
                    outputVariables: result.outputVariables, artifacts: try await ingestOutputs(of: workspace, limits),
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
        guard couldNotStart.contains(failure.hostCode),
            case .unavailable(let lack) = await setup.sandbox.probe(in: setup.workspaces, owner: workspace.owner)
        else { return failure }
        return Failure(.sandboxFailed, lack.description)
    }

    func ingestOutputs(of workspace: Workspace, _ limits: Limits) async throws -> [String: String] {
        let names = dispatch.action.outputArtifacts.map(\.name)
        guard !names.isEmpty else { return [:] }
        let store = setup.replay?.outputs ?? setup.artifacts
        return try await blocking {
            var digests: [String: String] = [:]
            for name in names {
                do throws(ArtifactError) {
                    digests[name] = try store.ingest(
                        directory: workspace.outputPath(name), beneath: workspace.root,
                        limits: ArtifactLimits(totalBytes: limits.outputBytes, entries: limits.outputEntries)
                    ).description
                } catch {
                    throw Failure(outputArtifact: name, error)
                }
                reach(.outputIngested)
            }
            return digests
        }
    }

    func event(_ failure: Failure) -> Event {
        write(LogRecord(source: .host, level: .error, text: failure.message))
        // Only what the host made unavailable is asked again; a plugin that says so has had its say.
        if failure.type == .systemUnavailable, failure.hostCode != nil, failure.hostCode != .sandboxFailed {
            return .attemptLost(
                dispatch.attempt, .unavailable(failure.message, hostCode: failure.hostCode?.rawValue))
        }
        return .actionFailed(
            dispatch.attempt,
            ActionFailure(
                code: failure.type.rawValue, hostCode: failure.hostCode?.rawValue, message: failure.message,
                externalExecutionID: failure.externalExecutionId))
    }
}

extension Event {
    /// Whether there may be something to look at. What ends because it was told to, unless that was for being too large,
    /// has not failed.
    fileprivate func isFailure(afterCancel: Bool) -> Bool {
        switch self {
        case .actionFailed(_, let failure): !afterCancel || failure.hostCode == HostCode.limitExceeded.rawValue
        // It is asked again, and may fail for good in the end.
        case .attemptLost: !afterCancel
        default: false
        }
    }
}
