import Processes

/// How a plugin is kept from everything that it was not given.
public enum Sandbox: Hashable, Sendable {
    case bubblewrap(Bubblewrap)
    /// The operator's explicit choice: the plugin runs as we do, with all our rights and without limits.
    case none

    /// The workspace's root as the plugin sees it.
    public func root(of workspace: Workspace) -> String {
        switch self {
        case .bubblewrap(let bubblewrap): bubblewrap.insideRoot
        case .none: workspace.root
        }
    }

    /// The plugin's folder as the plugin sees it.
    public func pluginFolder(of launch: Launch) -> String {
        switch self {
        case .bubblewrap: Bubblewrap.pluginFolder
        case .none: launch.plugin
        }
    }

    /// What to spawn. A pure function: nothing is looked at, made or checked (`Launch.makeReachable()` does).
    ///
    /// The environment is the launch's and `PWD`. With a sandbox, unless it is interactive, `Stream.status` carries bwrap's status lines: one
    /// with `child-pid`, to whose group a graceful SIGTERM goes, and one with `exit-code` if the program ever ran.
    public func command(for launch: Launch) -> Command {
        let program =
            launch.command[0].hasPrefix("/")
            ? launch.command[0] : "\(pluginFolder(of: launch))/\(launch.command[0])"
        let arguments = Array(launch.command.dropFirst())
        switch self {
        case .bubblewrap(let bubblewrap):
            return bubblewrap.command(for: launch, program: [program] + arguments)
        case .none:
            return Command(
                executable: program, arguments: arguments,
                // bwrap sets it by itself: the two must not differ.
                environment: launch.environment.merging(["PWD": launch.workspace.root]) { $1 },
                directory: launch.workspace.root)
        }
    }
}
