import Failpoints
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

    private struct Entry {
        let number: Int
        let task: Task<KeptWorker, any Error>
    }

    private let setup: RunnerSetup
    private let slots: SlotPool?
    /// The one that takes jobs.
    private var current: [Profile: Entry] = [:]
    /// All that are there, by their numbers.
    private var workers: [Int: Task<KeptWorker, any Error>] = [:]
    private var made = 0
    private var isShutDown = false

    init(_ setup: RunnerSetup, _ slots: SlotPool?) {
        self.setup = setup
        self.slots = slots
    }

    /// The one that is there, or a new one where it takes no more jobs.
    /// - Parameter tell: is told what a new one waits for, when that takes long.
    /// - Throws: what keeps its workspace from being made.
    func worker(
        _ plan: PluginPlan, _ pipeline: String, tell: @escaping @Sendable (String) -> Void
    ) async throws -> KeptWorker {
        let profile = Profile(
            plugin: plan.plugin, pipeline: pipeline, grants: plan.grants, environment: plan.environment(""))
        while true {
            guard !isShutDown else { throw CancellationError() }
            let entry = current[profile] ?? make(plan, profile, tell)
            do {
                let worker = try await entry.task.value
                if await !worker.worker.isOver { return worker }
                if current[profile]?.number == entry.number { current[profile] = nil }
            } catch {
                forget(entry.number, profile)
                throw error
            }
        }
    }

    private func make(
        _ plan: PluginPlan, _ profile: Profile, _ tell: @escaping @Sendable (String) -> Void
    ) -> Entry {
        made += 1
        let number = made
        let task = Task { [setup, slots] in
            try await KeptWorker(plan, setup, slots, tell: tell) { await self.forget(number, profile) }
        }
        let entry = Entry(number: number, task: task)
        current[profile] = entry
        workers[number] = task
        return entry
    }

    private func forget(_ number: Int, _ profile: Profile) {
        workers[number] = nil
        if current[profile]?.number == number { current[profile] = nil }
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
    private let place: Place

    /// - Parameter left: is called when nothing is left of it.
    init(
        _ plan: PluginPlan, _ setup: RunnerSetup, _ slots: SlotPool?, tell: (String) -> Void,
        left: @escaping @Sendable () async -> Void
    ) async throws {
        let shared = plan.hostPaths.filter(\.writable).map(\.path)
        let slot = try await plan.slot(of: slots, tell: tell)
        workspace = try await blocking {
            try Workspace(ofWorkerIn: setup.workspaces, named: randomUUID(), owner: slot?.identity)
        }
        reach(.workerMade)
        place = Place(workspace, slot, setup, plan, left)
        // The owner of what it may write is one user, for whom others may wait.
        let idleTime = slot != nil && !shared.isEmpty ? .zero : PluginWorker.idleTime
        worker = PluginWorker(plan.plugin.manifest.name, plan.plugin.manifest.run, in: place, idleTime: idleTime)
    }

    /// What its process took too much of, or the one that ended last; nil when it did not.
    var excess: String? { place.excess }

    /// Does something with the workspace, which is not removed meanwhile.
    func lending<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        place.lend()
        do {
            let value = try await work()
            place.takeBack()
            return value
        } catch {
            place.takeBack()
            throw error
        }
    }

    private final class Place: WorkerPlace {
        private struct State {
            /// How many have the workspace on loan.
            var loans = 0
            var leaver: CheckedContinuation<Void, Never>?
            var slot: Slot?
            var launch: Launch
            var isReachable = false
            /// Of the sandbox.
            var first: ProcessRecord?
            /// What the process before took too much of.
            var excess: String?
        }
        private let workspace: Workspace
        private let setup: RunnerSetup
        private var sandbox: Sandbox { setup.sandbox }
        private let state: Mutex<State>

        private let forget: @Sendable () async -> Void

        init(
            _ workspace: Workspace, _ slot: Slot?, _ setup: RunnerSetup, _ plan: PluginPlan,
            _ forget: @escaping @Sendable () async -> Void
        ) {
            self.forget = forget
            self.workspace = workspace
            self.setup = setup
            let launch = Launch(
                plugin: plan.plugin.directory, command: plan.plugin.manifest.run.command, workspace: workspace,
                environment: plan.environment(setup.sandbox.root(of: workspace)), network: plan.grants.network,
                hostPaths: plan.hostPaths, isWorker: true,
                limits: setup.limits.limits(ofWorker: plan.plugin.manifest.name))
            state = Mutex(State(slot: slot, launch: launch))
        }

        func command() async throws(Failure) -> Command {
            do {
                return try await blocking { [self] in
                    try workspace.renewScratch()
                    var (launch, isReachable) = state.withLock { ($0.launch, $0.isReachable) }
                    if !isReachable {
                        try sandbox.prepare(&launch)
                        isReachable = true
                    }
                    launch.group = try setup.controlGroup(named: randomUUID(), launch.limits)
                    state.withLock {
                        ($0.launch, $0.isReachable, $0.first, $0.excess) = (launch, isReachable, nil, nil)
                    }
                    return sandbox.command(for: launch)
                }
            } catch let error as WorkspaceError {
                throw Failure(error)
            } catch {
                throw Failure(.sandboxFailed, "\(error)")
            }
        }

        func started(pid: Int32) {
            workspace.record(pid)
            reach(.workerRecorded)
        }

        func sandboxed(pid: Int32) { state.withLock { $0.first = workspace.process(pid) } }

        func ended() async {
            let (slot, first, group) = state.withLock { ($0.slot, $0.first, $0.launch.group) }
            defer {
                state.withLock { ($0.excess, $0.launch.group) = (group?.excess, nil) }
                group?.remove()
            }
            do {
                try await endProcesses(slot, first, sandbox)
            } catch {
                // What does not die keeps its user to itself, which nobody else may get: for this core's life.
                if let slot { _ = Unmanaged.passRetained(slot) }
            }
        }

        var excess: String? { state.withLock { $0.excess ?? $0.launch.group?.excess } }

        func lend() { state.withLock { $0.loans += 1 } }

        func takeBack() {
            let leaver = state.withLock { state in
                state.loans -= 1
                return state.loans == 0 ? state.leaver.take() : nil
            }
            leaver?.resume()
        }

        func left() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.loans > 0 { state.leaver = continuation }
                    return state.loans == 0
                }
                if isFree { continuation.resume() }
            }
            // What cannot be removed now is at the next start.
            try? await blocking { [workspace] in try workspace.remove() }
            reach(.workerGone)
            state.withLock { $0.slot = nil }
            await forget()
        }
    }
}

/// A job's user runs nothing else: what is left of it would outlive the workspace.
///
/// Where the kernel ends all that is in a sandbox before its first process is gone, that one is enough. Else everything
/// on the machine has to be looked at; where jobs have no user of their own, the first process does what can be done.
/// - Parameter first: of the sandbox, if it told.
func endProcesses(_ slot: Slot?, _ first: ProcessRecord?, _ sandbox: Sandbox) async throws {
    if let first, sandbox.endsAtOnce {
        try await first.killAloneAndWait()
    } else if let slot {
        try await slot.identity.killProcesses()
    } else {
        try await first?.waitUntilEnded()
    }
    reach(.processesGone)
}

extension Workspace {
    /// A process that a sandbox told of; nil when it has ended, or is another user's.
    func process(_ pid: Int32) -> ProcessRecord? { owner.map { $0.process(pid) } ?? .capture(pid: pid) }
}
