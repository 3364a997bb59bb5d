import ArgumentParser
import Engine
import Glibc
import Pipelines
import PluginHost
import PluginProtocol
import Processes
import Runner
import Workspaces

struct ShellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Opens a shell where an action failed: in its kept workspace and its sandbox.",
        discussion: """
            For what `run --keep-failed` kept: the newest attempt of the action. User, network, host paths, environment \
            and limits are those of the action, by the settings and the plugin of today; there is no cache, which went \
            to the next job. tmp/job.json is the job that the plugin was given, with *** in place of its secrets. What \
            is changed in the workspace stays changed. The exit status is that of the shell or the command.
            """)

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @Argument(help: "The action: NAME or STAGE/NAME.")
    var action: String

    @Argument(parsing: .postTerminator, help: "What to run in place of a shell, after `--`.")
    var command: [String] = []

    @OptionGroup var common: CommonOptions

    func validate() throws { if let first = command.first { try refuseEmpty(first, "the command") } }

    func run() async throws {
        let wiring = try Wiring(common)
        let recorded = try await RecordedAction(action, of: execution, in: common.history())
        let (job, workspace) = try kept(recorded, wiring)
        let inspection: Inspection
        do {
            let setup = try wiring.setup(wiring.sandbox(recorded.execution.sandbox()))
            inspection = try await Inspection(of: job.dispatch, in: workspace, setup) { [name = recorded.name] in
                complain("\(name): waits for the user who can write its host paths, as whom another job runs")
            }
        } catch let failure as Failure {
            throw Answer(.usage, "\(recorded.name): \(failure.message)")
        }
        if !common.quiet { introduce(inspection, recorded, job) }
        let exit: Processes.Exit
        do {
            exit = try runInForeground(inspection.command(command))
        } catch {
            throw Answer(.fault, error.description)
        }
        try await inspection.end()
        switch exit {
        case .code(let code): Glibc.exit(code)
        case .signal(let signal): Glibc.exit(128 + signal)
        }
    }

    private func kept(_ recorded: RecordedAction, _ wiring: Wiring) throws -> (RecordedJob, Workspace) {
        for job in recorded.jobs.reversed() {
            if let workspace = try wiring.kept.workspace(of: job.dispatch.attempt) { return (job, workspace) }
        }
        try recorded.requirePlugin()
        var how = "`penstock run --keep-failed` keeps those of actions that fail, the last \(KeptWorkspaces.limit)"
        if case .failed? = recorded.admitted?.state {} else { how = "it has not failed; \(how)" }
        throw Answer(.usage, "\(recorded.name): no workspace of it is kept: \(how)")
    }

    /// On the standard error: a command's output is its own.
    private func introduce(_ inspection: Inspection, _ recorded: RecordedAction, _ job: RecordedJob) {
        let launch = inspection.launch
        let manifest = inspection.plugin.manifest
        let user = launch.workspace.owner.map { "as user \($0.uid), " } ?? ""
        let paths = launch.hostPaths.map(\.path).joined(separator: ", ")
        let attempt = job.dispatch.attempt.number
        var lines = [
            "\(recorded.name) of \(recorded.execution.id), attempt \(attempt)"
                + (recorded.admitted?.remark.map { ": \($0)" } ?? ""),
            "\(user)in \(inspection.root) (\(launch.workspace.root)), \(launch.network ? "with" : "without") the network"
                + (paths.isEmpty ? "" : ", with \(paths)"),
            "plugin \(manifest.name) \(manifest.version) by hand, where secrets are \(Masker.replacement):",
            "    \(inspection.byHand)",
        ]
        if recorded.execution.start.sandbox == Sandbox.Profile.none.rawValue { lines.append("there is no sandbox") }
        complain(lines.joined(separator: "\n"), named: false)
    }
}
