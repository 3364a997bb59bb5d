import ArgumentParser
import Glibc

enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
}

struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where executions, artifacts and logs are kept.", valueName: "dir"))
    var state: String = defaultState()

    @Option(
        name: .customLong("plugins"),
        help: ArgumentHelp("A directory of plugins, before the shipped ones; may be repeated.", valueName: "dir"))
    var pluginDirectories: [String] = []

    @Option(
        help: ArgumentHelp("What this machine provides: repositories, targets, grants, secrets.", valueName: "file"))
    var settings: String?

    @Option(help: "human or json.")
    var format: Format = .human

    @Flag(help: "Only what went wrong, and the end.")
    var quiet = false
}

enum SandboxChoice: String, ExpressibleByArgument, CaseIterable {
    case bubblewrap
    case none
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

    @Option(name: .shortAndLong, help: ArgumentHelp("How many actions run at a time.", valueName: "count"))
    var jobs: Int = 16

    func validate() throws {
        guard 1...100 ~= jobs else { throw ValidationError("--jobs must be from 1 to 100, found \(jobs)") }
    }
}

private func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}

/// `/var/lib/penstock` for root, else by the XDG base directory specification.
private func defaultState() -> String {
    if geteuid() == 0 { return "/var/lib/penstock" }
    return "\(variable("XDG_STATE_HOME") ?? "\(variable("HOME") ?? ".")/.local/state")/penstock"
}

/// The settings file that is read when none is named and it is there.
func defaultSettings() -> String? {
    let directory = geteuid() == 0 ? "/etc" : variable("XDG_CONFIG_HOME") ?? "\(variable("HOME") ?? ".")/.config"
    return ["yaml", "yml", "json"].map { "\(directory)/penstock/settings.\($0)" }.first { access($0, F_OK) == 0 }
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
