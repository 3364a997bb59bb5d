import ArgumentParser
import Glibc
import Processes
import Runner
import Store
import Workspaces

enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
}

struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugins"),
        help: ArgumentHelp(
            "A directory of plugins, before the installed and the shipped ones; may be repeated.", valueName: "dir"))
    var directories: [String] = []

    /// Where plugins are installed, locked and removed.
    var home: String { directories.first.map(absolute) ?? defaultPlugins() }

    func validate() throws {
        for directory in directories {
            try refuseEmpty(directory, "--plugins")
            var status = stat()
            guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ValidationError("--plugins \(directory): is not a directory")
            }
        }
    }
}

struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where executions, artifacts and logs are kept.", valueName: "dir"))
    var state: String = defaultState()

    @OptionGroup var plugins: PluginOptions

    @Option(
        help: ArgumentHelp("What this machine provides: repositories, targets, grants, secrets.", valueName: "file"))
    var settings: String?

    @Option(help: "human or json.")
    var format: Format = .human

    @Flag(help: "Only what went wrong, and the end.")
    var quiet = false

    func validate() throws {
        try refuseEmpty(state, "--state")
        try refuseEmpty(settings, "--settings")
    }

    /// The command that goes on with an execution, from the same places.
    func resumption(of execution: String) -> String { command("resume", execution) }

    /// The command that looks into the kept workspace of an action.
    func shell(_ execution: String, _ action: String) -> String { command("shell", execution, action) }

    private func command(_ words: String...) -> String {
        let places =
            (stateDirectory == defaultState() ? [] : [("--state", stateDirectory)])
            + plugins.directories.map { ("--plugins", absolute($0)) }
            + [settings].compactMap { $0 }.map { ("--settings", absolute($0)) }
        let options = places.flatMap { [$0.0, $0.1] }
        return (["penstock"] + words + options).map(shellWord).joined(separator: " ")
    }

    var stateDirectory: String { absolute(state) }
    var logs: ActionLogs { ActionLogs(directory: "\(stateDirectory)/logs") }

    /// The state directory, to look at: settings and plugins have no say in that.
    func history() throws -> Store { try Store(directory: stateDirectory, access: .reading) }
}

/// What an unset variable of a script makes of an argument must not mean the current directory.
func refuseEmpty(_ value: String?, _ name: String) throws {
    guard value != "" else { throw ValidationError("\(name) must not be empty") }
}

extension Sandbox.Profile: ExpressibleByArgument {}

/// What `run` and `serve` share.
struct SandboxOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How actions are kept from this machine: namespaces, bubblewrap, landlock, or none. The first that works \
            here, if absent; never none.
            """, valueName: "profile"))
    var sandbox: Sandbox.Profile?
}

enum ApprovalPolicy: String, ExpressibleByArgument, CaseIterable {
    case ask
    case always
    case never
}

/// What `run` and `resume` share.
struct RunningOptions: ParsableArguments {
    @Option(help: "Who answers manual approvals: ask, always (approve) or never (reject).")
    var approve: ApprovalPolicy = .ask

    @OptionGroup var width: WidthOptions
}

/// How much is run, and what is kept of it.
struct WidthOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("How many actions run at a time.", valueName: "count"))
    var jobs: Int = 16

    @Flag(
        help: ArgumentHelp(
            "Keep the workspaces of actions that fail, the last \(KeptWorkspaces.limit) of them; they hold what the plugin wrote, secrets too."
        ))
    var keepFailed = false

    func validate() throws {
        guard 1...100 ~= jobs else { throw ValidationError("--jobs must be from 1 to 100, found \(jobs)") }
    }
}

private func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}

/// `$PENSTOCK_STATE`, or else `/var/lib/penstock` for root, for others by the XDG base directory specification.
func defaultState() -> String {
    if let state = variable("PENSTOCK_STATE") { return absolute(state) }
    if geteuid() == 0 { return "/var/lib/penstock" }
    return "\(variable("XDG_STATE_HOME") ?? "\(variable("HOME") ?? ".")/.local/state")/penstock"
}

/// Where plugins are installed, and found without being named: by the XDG base directory specification, but for root.
func defaultPlugins() -> String {
    if geteuid() == 0 { return "/var/lib/penstock/plugins" }
    return absolute("\(variable("XDG_DATA_HOME") ?? "\(variable("HOME") ?? ".")/.local/share")/penstock/plugins")
}

/// The settings file that is read when none is named and it is there.
func defaultSettings() -> String? {
    ["yaml", "yml", "json"].map { "\(defaultSettingsDirectory())/settings.\($0)" }.first { access($0, F_OK) == 0 }
}

func defaultSettingsDirectory() -> String {
    if geteuid() == 0 { return "/etc/penstock" }
    return "\(variable("XDG_CONFIG_HOME") ?? "\(variable("HOME") ?? ".")/.config")/penstock"
}

/// Who runs this program, for the record.
func userName() -> String {
    if let entry = getpwuid(geteuid()) { return String(cString: entry.pointee.pw_name) }
    return "uid \(geteuid())"
}

func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return "\(String(cString: directory))/\(path)"
}
