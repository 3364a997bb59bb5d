import Engine
import Glibc
import Jansson
import PluginHost
import PluginProtocol
import Processes
import Workspaces

/// The place where a job failed, to look around in: its kept workspace, in the sandbox that it had.
public struct Inspection: Sendable {
    public let plugin: Plugin
    public let launch: Launch
    private let sandbox: Sandbox
    private let slot: Slot?
    private let hold: Hold

    /// Where the job stands in the workspace.
    public static let jobPath = "tmp/job.json"

    /// Puts the job into the workspace, without its secrets. Settings, grants and the plugin are those of today; the user
    /// is that of the failed job, or another who gets its files when that one is busy.
    /// - Parameters:
    ///   - workspace: a kept one.
    ///   - waiting: is called when there is time to say that another job runs as the user who can write the host paths.
    /// - Throws: `Failure`, `WorkspaceError` or `CancellationError`.
    public init(
        of dispatch: Dispatch, in workspace: Workspace, _ setup: RunnerSetup, waiting: @escaping @Sendable () -> Void
    ) async throws {
        guard let hold = Hold(workspace.root) else {
            throw WorkspaceError(.invalidPath, "another shell is open in \(workspace.root)")
        }
        let plan = try PluginPlan(Assignment(again: dispatch), setup)
        var workspace = workspace
        if setup.sandbox.isConfined, let owner = workspace.owner, let slots = try SlotPool.own() {
            let paths = plan.hostPaths.filter(\.writable).map(\.path)
            let notice = Task {
                try await Task.sleep(for: .seconds(1))
                waiting()
            }
            defer { notice.cancel() }
            let slot = try await slots.slot(writing: paths, favourite: owner.uid)
            notice.cancel()
            if slot.identity != owner {
                workspace = try await blocking { [workspace] in try workspace.handOver(to: slot.identity) }
            }
            self.slot = slot
        } else {
            guard !setup.sandbox.isConfined || geteuid() != 0 else {
                throw WorkspaceError(
                    .unreachable, "\(workspace.root) is of another run than root's: open it as its user")
            }
            slot = nil
        }
        self.hold = hold
        plugin = plan.plugin
        sandbox = setup.sandbox
        let root = setup.sandbox.root(of: workspace)
        // A worker's job is run alone here, as every worker can be (WRK-04).
        var environment = plan.environment(root)
        environment["PENSTOCK_LIFECYCLE"] = Manifest.Run.Lifecycle.oneShot.rawValue
        environment["TERM"] = getenv("TERM").map { String(cString: $0) }
        var launch = Launch(
            plugin: plan.plugin.directory, command: ["/bin/sh"], workspace: workspace, environment: environment,
            network: plan.grants.network, hostPaths: plan.hostPaths, limits: plan.limits)
        launch.isInteractive = true
        let job = try plan.job(randomUUID(), in: workspace, hasCache: false)
        self.launch = try await blocking { [launch, workspace] in
            try workspace.put(plan.masked(job).serialized + [UInt8(ascii: "\n")], inTmp: "job.json")
            guard setup.sandbox.isConfined else { return launch }
            // A copy that was made for an earlier job may be of an earlier plugin.
            try Workspace(root: "\(workspace.root)/plugin", owner: nil).remove()
            var launch = launch
            try setup.sandbox.prepare(&launch)
            return launch
        }
    }

    /// How the plugin is run on the job by hand.
    public var byHand: String {
        let words = plugin.manifest.run.command
        let program = ["\(sandbox.pluginFolder(of: launch))/\(words[0])"] + words.dropFirst()
        return "\(program.joined(separator: " ")) < \(Self.jobPath)"
    }

    /// The folder that the shell begins in, as it sees it.
    public var root: String { sandbox.root(of: launch.workspace) }

    /// What to run in the foreground.
    /// - Parameter words: a program, looked up as a shell does, and its arguments; none for a shell.
    public func command(_ words: [String]) -> Command {
        var launch = launch
        let shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"
        launch.command = words.isEmpty ? [shell] : ["/bin/sh", "-c", #"exec "$0" "$@""#] + words
        return sandbox.command(for: launch)
    }

    /// Ends what is left of all that ran in it.
    public func end() async throws {
        try await slot?.identity.killProcesses()
        withExtendedLifetime(hold) {}
    }
}
