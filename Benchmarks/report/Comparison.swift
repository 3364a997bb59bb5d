import Workspaces

/// The contenders, each beside its floor, in the order in which a round runs them.
enum Contender: String, CaseIterable {
    case bare = "bare spawn"
    case committing = "spawn and two full-sync commits"
    case unsandboxed = "penstock --sandbox none"
    case sandboxFloor = "spawn of the sandbox line"
    case sandboxed = "penstock, sandboxed"
    case act = "act, host mode"

    var floor: Contender {
        switch self {
        case .bare, .committing, .act, .sandboxFloor: .bare
        case .unsandboxed: .committing
        case .sandboxed: .sandboxFloor
        }
    }

    var aim: String {
        switch self {
        case .unsandboxed: "at most 1.5"
        case .sandboxed: "at most 1.3"
        case .bare, .committing, .sandboxFloor, .act: ""
        }
    }
}

/// One shape of pipeline with one kind of action, run by all contenders in turn.
struct Comparison {
    let site: Site
    let trivial: Trivial
    let shape: Shape
    /// nil where it is not installed.
    let act: String?
    private(set) var milliseconds: [Contender: Series] = [:]
    /// Whole runs of Penstock, `sandboxed` and not.
    private(set) var runs: [Bool: [Run]] = [:]

    init(_ site: Site, _ trivial: Trivial, _ shape: Shape, act: String?) {
        self.site = site
        self.trivial = trivial
        self.shape = shape
        // It runs its steps in a shell.
        self.act = trivial == .shell ? act : nil
    }

    mutating func round() async throws {
        for contender in Contender.allCases where contender != .act || act != nil {
            milliseconds[contender, default: Series()].add(try await measure(contender))
        }
    }

    /// Milliseconds an action.
    private mutating func measure(_ contender: Contender) async throws -> Double {
        switch contender {
        case .bare: return try await floor(in: .none)
        case .committing: return try await floor(in: .none, database: site.path("floor.db"))
        case .unsandboxed: return try await penstock(sandboxed: false)
        case .sandboxFloor: return try await floor(in: .sandboxed)
        case .sandboxed: return try await penstock(sandboxed: true)
        case .act:
            let one = try await site.stopwatch.time(site.act(act!, shape.first()))
            let all = try await site.stopwatch.time(site.act(act!, shape))
            return (all.milliseconds - one.milliseconds) / Double(shape.count - 1)
        }
    }

    private func floor(in profile: Sandbox.Profile, database: String? = nil) async throws -> Double {
        let taken = try await site.stopwatch.time(
            site.floor(trivial, in: profile), count: shape.count, width: shape.width, input: site.path("job"),
            database: database)
        return taken.milliseconds / Double(shape.count)
    }

    /// The difference of a pipeline with all actions and one with a single one: without start and end.
    private mutating func penstock(sandboxed: Bool) async throws -> Double {
        let one = try await run(shape.first(), sandboxed: sandboxed)
        let all = try await run(shape, sandboxed: sandboxed)
        runs[sandboxed, default: []].append(Run(one: one, all: all, shape: shape))
        return (all.whole.milliseconds - one.whole.milliseconds) / Double(shape.count - 1)
    }

    private func run(_ shape: Shape, sandboxed: Bool) async throws -> Timeline {
        let command = try site.penstock(trivial, shape, in: sandboxed ? .sandboxed : .none)
        let taken = try await site.stopwatch.time(command, output: site.path("events"))
        return try Timeline(taken, events: site.path("events"))
    }

    var table: String {
        let lines = Contender.allCases.compactMap { contender -> String? in
            guard let taken = milliseconds[contender], let floor = milliseconds[contender.floor] else { return nil }
            let ratio = contender == .bare ? "" : taken.over(floor).text
            return "  " + pad(contender.rawValue, 34) + pad(taken.text, 24) + pad(ratio, 22) + contender.aim
        }
        let head = pad("\(trivial.title), \(shape.title)", 36) + pad("ms an action", 24) + pad("times its floor", 22)
        return ([head + "aim"] + lines).joined(separator: "\n")
    }
}

/// A pipeline with one action and the same with all of them.
struct Run {
    let one: Timeline
    let all: Timeline
    let shape: Shape
}
