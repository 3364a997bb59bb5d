import Glibc
import Processes
import Workspaces

/// How many actions there are, and how many of them run at a time.
struct Shape {
    let title: String
    let count: Int
    let width: Int

    static let row = Shape(title: "50 in a row", count: 50, width: 1)
    static let wide = Shape(title: "100 at once, 16 wide", count: 100, width: 16)

    func first() -> Shape { Shape(title: "1 action", count: 1, width: width) }
}

/// The smallest action in two languages.
enum Trivial: String, CaseIterable {
    case compiled
    case shell

    var title: String {
        switch self {
        case .compiled: "a compiled action"
        case .shell: "an action in sh"
        }
    }
}

/// A directory on a disk with the plugins, definitions and the state of all measurements.
struct Site {
    let root: String
    /// The folder of Penstock's programs.
    let programs: String
    let stopwatch: Stopwatch
    private let slot: Slot?
    private let workspace: Workspace
    private let etc: Etc

    init(in directory: String, programs: String) async throws {
        self.programs = programs
        stopwatch = Stopwatch(program: "\(programs)/penstock-measure")
        var template = Array("\(directory)/penstock-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw MeasurementFailed(description: "\(directory): cannot be written")
        }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(root, 0o711)
        slot = try await SlotPool.own()?.slot()
        workspace = try Workspace(in: root, named: "floor", owner: slot?.identity)
        etc = try Etc(in: root)
        for folder in ["source", "plugins"] { mkdir("\(root)/\(folder)", 0o755) }
        try write("hello\n", "source/file")
        try write(
            #"{"protocol":"penstock/1","type":"job","jobId":"00000000-0000-4000-8000-000000000000"}"# + "\n", "job")
        for trivial in Trivial.allCases { try install(trivial) }
    }

    func remove() { try? Workspace(root: root, owner: nil).remove() }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func write(_ text: String, _ name: String, mode: mode_t = 0o644) throws {
        guard let file = fopen(path(name), "we") else {
            throw MeasurementFailed(description: "\(path(name)): cannot be written")
        }
        fputs(text, file)
        fclose(file)
        chmod(path(name), mode)
    }

    // MARK: Commands

    /// As whom plugins run; nil as we do.
    var user: UInt32? { workspace.owner?.uid }

    /// What Penstock would start for a job, without Penstock.
    func floor(_ trivial: Trivial, in profile: Sandbox.Profile) async throws -> Command {
        var launch = Launch(
            plugin: path("plugins/\(trivial)"), command: ["run"], workspace: workspace,
            environment: ["PATH": "/usr/bin:/bin"])
        let sandbox = Sandbox(profile, launcher: "\(programs)/penstock-sandbox", etc: etc)
        try sandbox.prepare(&launch)
        return sandbox.command(for: launch)
    }

    func penstock(_ trivial: Trivial, _ shape: Shape, in profile: Sandbox.Profile, state: String = "state") throws
        -> Command
    {
        let definition = "\(trivial)-\(shape.count)-\(shape.width).json"
        if access(path(definition), F_OK) != 0 { try write(pipeline(trivial, shape), definition) }
        return penstock(definition, source: path("source"), in: profile, state: state)
    }

    func penstock(_ definition: String, source: String, in profile: Sandbox.Profile, state: String) -> Command {
        Command(
            executable: "\(programs)/penstock",
            arguments: [
                "run", path(definition), "--source", "Source=\(source)", "--state", path(state), "--plugins",
                path("plugins"), "--sandbox", profile.rawValue, "--jobs", "16", "--format", "json",
            ], environment: ["PATH": "/usr/bin:/bin", "HOME": root])
    }

    /// As many steps of one job, or jobs of a matrix, for act on this host.
    func act(_ program: String, _ shape: Shape) throws -> Command {
        let folder = "act-\(shape.count)-\(shape.width)"
        if access(path(folder), F_OK) != 0 {
            for name in [folder, "\(folder)/.github", "\(folder)/.github/workflows"] { mkdir(path(name), 0o755) }
            try write(workflow(shape), "\(folder)/.github/workflows/bench.yml")
        }
        return Command(
            executable: program,
            arguments: ["-C", path(folder), "-P", "ubuntu-latest=-self-hosted", "--concurrent-jobs", "16"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": root, "XDG_CACHE_HOME": path("act-cache")])
    }
}

extension Sandbox.Profile {
    /// The one that is used where nobody says which.
    static let sandboxed = Sandbox.preferred[0]
}
