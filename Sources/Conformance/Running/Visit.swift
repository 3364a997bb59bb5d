import Glibc
import PluginProtocol
import Processes
import Workspaces

/// What a person finds who takes the place of a plugin.
public struct Visit: Sendable {
    /// Starts what was asked for, at the terminal.
    public let command: Command
    /// What would start the plugin there, with the job.
    public let byHand: String
}

extension Bench {
    /// Makes what a job of a fixture would have, and removes it afterwards.
    ///
    /// The sandbox is the one of a host, not the kit's. The fixture's setup runs in it before the program.
    /// - Parameter program: what is run in place of the plugin.
    public nonisolated func visit<Value: Sendable>(
        _ fixture: Fixture, with program: [String], _ body: @Sendable (Visit) async throws -> Value
    ) async throws -> Value {
        let scene = try await Scene(self, fixture, probe: "visit")
        return try await scene.closing {
            let start = Scene.Start()
            let place = try await scene.place(for: fixture, start)
            let job = await scene.job(fixture, at: place)
            let path = "\(place.workspace.root)/tmp/job.json"
            try write(HostMessage.job(job).line, to: path, mode: 0o600)
            if let owner = place.workspace.owner { chown(path, owner.uid, owner.gid) }
            let plugin = setting.manifest.run.command.enumerated().map { $0 == 0 ? "/plugin/\($1)" : $1 }
            return try await body(
                Visit(
                    command: scene.command(program, at: place, environment: start),
                    byHand: "\(plugin.joined(separator: " ")) < tmp/job.json"))
        }
    }
}

extension Scene {
    /// The command that runs a program where the plugin would be, in a host's sandbox.
    fileprivate nonisolated func command(_ program: [String], at place: Place, environment start: Start) -> Command {
        let prepared = [
            "/bin/sh", "-ec", (["cd /plugin"] + fixture.setup + ["cd \"$0\"", "exec \"$@\""]).joined(separator: "\n"),
        ]
        var launch = Launch(
            plugin: bench.plugin, command: prepared + [place.root] + program, workspace: place.workspace,
            environment: environment(start, place.root).merging(["OUTSIDE": "/outside"]) { $1 },
            network: bench.setting.network && fixture.needsNetwork,
            hostPaths: [HostPath("\(folder)/outside", inside: "/outside", writable: true)])
        launch.isInteractive = true
        var sandbox = Sandbox(.bubblewrap, launcher: bench.launcher, etc: bench.etc)
        sandbox.insideRoot = place.root
        return sandbox.command(for: launch)
    }
}
