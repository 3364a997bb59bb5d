import Glibc
import PluginHost
import PluginProtocol
import Processes
import Synchronization
import Workspaces

/// The workers that are kept: one for each plugin, pipeline, and all that makes its sandbox.
actor Workers {
    private struct Profile: Hashable {
        let plugin: Plugin
        let pipeline: String
        let grants: Grants
        let environment: [String: String]
    }

    private let setup: RunnerSetup
    private let slots: SlotPool?
    private var workers: [Profile: Task<KeptWorker, any Error>] = [:]
    private var isShutDown = false

    init(_ setup: RunnerSetup, _ slots: SlotPool?) {
        self.setup = setup
        self.slots = slots
    }

    /// The one that is there, or a new one.
    /// - Throws: what keeps its workspace from being made.
    func worker(_ plan: PluginPlan, _ pipeline: String) async throws -> KeptWorker {
        let profile = Profile(
            plugin: plan.plugin, pipeline: pipeline, grants: plan.grants, environment: plan.environment(""))
        while true {
            guard !isShutDown else { throw CancellationError() }
            let task = workers[profile] ?? Task { [setup, slots] in try await KeptWorker(plan, setup, slots) }
            workers[profile] = task
            do {
                let worker = try await task.value
                if await !worker.worker.isOver { return worker }
                if workers[profile] == task { workers[profile] = nil }
            } catch {
                if workers[profile] == task { workers[profile] = nil }
                throw error
            }
        }
    }

    /// Ends all of them in order, and returns when nothing is left.
    func shutdown() async {
        isShutDown = true
        let tasks = Array(workers.values)
        for task in tasks { task.cancel() }
        await withTaskGroup { group in
            for task in tasks { group.addTask { try? await task.value.worker.shutdown() } }
        }
    }
}

/// A worker with the workspace and the user that it has as long as it is there.
struct KeptWorker: Sendable {
    let workspace: Workspace
    let worker: PluginWorker

    init(_ plan: PluginPlan, _ setup: RunnerSetup, _ slots: SlotPool?) async throws {
        let shared = plan.hostPaths.filter(\.writable).map(\.path)
        let slot = try await slots?.slot(writing: shared)
        workspace = try await blocking {
            try Workspace(ofWorkerIn: setup.workspaces, named: randomUUID(), owner: slot?.identity)
        }
        let place = Place(workspace, slot, setup, plan)
        // The owner of what it may write is one user, for whom others may wait.
        let idleTime = slot != nil && !shared.isEmpty ? .zero : PluginWorker.idleTime
        worker = PluginWorker(plan.plugin.manifest.name, plan.plugin.manifest.run, in: place, idleTime: idleTime)
    }

    private final class Place: WorkerPlace {
        private struct State {
            var slot: Slot?
            var launch: Launch
            var isReachable = false
            var sandbox: ProcessRecord?
        }
        private let workspace: Workspace
        private let sandbox: Sandbox
        private let state: Mutex<State>

        init(_ workspace: Workspace, _ slot: Slot?, _ setup: RunnerSetup, _ plan: PluginPlan) {
            self.workspace = workspace
            sandbox = setup.sandbox
            let launch = Launch(
                plugin: plan.plugin.directory, command: plan.plugin.manifest.run.command, workspace: workspace,
                environment: plan.environment(setup.sandbox.root(of: workspace)), network: plan.grants.network,
                hostPaths: plan.hostPaths, isWorker: true, limits: setup.limits)
            state = Mutex(State(slot: slot, launch: launch))
        }

        func command() async throws(Failure) -> Command {
            do {
                return try await blocking { [self] in
                    try workspace.renewScratch()
                    var (launch, isReachable) = state.withLock { ($0.launch, $0.isReachable) }
                    if case .bubblewrap = sandbox, !isReachable {
                        try launch.makeReachable()
                        isReachable = true
                    }
                    state.withLock { ($0.launch, $0.isReachable, $0.sandbox) = (launch, isReachable, nil) }
                    return sandbox.command(for: launch)
                }
            } catch let error as WorkspaceError {
                throw Failure(error)
            } catch {
                throw Failure(.sandboxFailed, "\(error)")
            }
        }

        func started(pid: Int32) { workspace.record(pid) }

        func sandboxed(pid: Int32) { state.withLock { $0.sandbox = workspace.owner?.process(pid) } }

        func ended() async {
            let (slot, sandbox) = state.withLock { ($0.slot, $0.sandbox) }
            do {
                try await endProcesses(slot, sandbox)
            } catch {
                // What does not die keeps its user to itself, which nobody else may get: for this core's life.
                if let slot { _ = Unmanaged.passRetained(slot) }
            }
        }

        func left() async {
            // What cannot be removed now is at the next start.
            try? await blocking { [workspace] in try workspace.remove() }
            state.withLock { $0.slot = nil }
        }
    }
}

/// A job's user runs nothing else: what is left of it would outlive the workspace.
///
/// The kernel ends all that is in a sandbox before its first process is gone; without that one known, everything on
/// the machine has to be looked at.
func endProcesses(_ slot: Slot?, _ sandbox: ProcessRecord?) async throws {
    if let sandbox { try await sandbox.killAloneAndWait() } else { try await slot?.identity.killProcesses() }
}
