import Jansson
import Workspaces

/// What jobs may take: all of them, those of some plugins, those of some actions. The narrower word counts.
public struct LimitPolicy: Sendable {
    private typealias Words = [String: Int]

    private var all: Words = [:]
    private var plugins: [String: Words] = [:]
    /// By pipeline, stage and action, of which each may be `*`, those that name the most last.
    private var actions: [(names: [String], words: Words)] = []

    /// Nothing beside what every job is limited to.
    public init() {}

    /// What settings say under `limits`: `{all: {…}, plugins: {NAME: {…}}, actions: {PIPELINE/STAGE/ACTION: {…}}}`.
    /// - Throws: with a path that begins with `limits`.
    public init(settings: JSON?) throws(JSONTypeError) {
        guard let settings, let reader = try JSONReader(["limits": settings]).optional("limits") else { return }
        try reader.refuseUnknownMembers(known: ["all", "plugins", "actions"])
        if let all = try reader.optional("all") { self.all = try Self.words(all) }
        for (name, words) in try reader.optional("plugins")?.members() ?? [] { plugins[name] = try Self.words(words) }
        for (pattern, words) in try reader.optional("actions")?.members() ?? [] {
            let names = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard names.count == 3, !names.contains("") else {
                throw JSONTypeError(
                    path: words.path, problem: "must be PIPELINE/STAGE/ACTION, where * stands for any name")
            }
            actions.append((names, try Self.words(words)))
        }
        actions.sort { ($0.names.count { $0 != "*" }, $1.names) < ($1.names.count { $0 != "*" }, $0.names) }
    }

    private static func words(_ reader: JSONReader) throws(JSONTypeError) -> Words {
        try reader.refuseUnknownMembers(known: Set(setters.keys))
        var words: Words = [:]
        for (name, number) in try reader.members() {
            let value = try number.integer()
            guard 1...1 << 50 ~= value else {
                throw JSONTypeError(path: number.path, problem: "must be a whole number of at least 1, found \(value)")
            }
            words[name] = Int(value)
        }
        return words
    }

    /// - Parameter action: its pipeline, stage and name; nil for a worker, which serves several.
    func limits(plugin: String, action: (pipeline: String, stage: String, name: String)?) -> Limits {
        let own = action.map { [$0.pipeline, $0.stage, $0.name] } ?? []
        let narrower = actions.filter { zip($0.names, own).allSatisfy { $0 == "*" || $0 == $1 } && !own.isEmpty }
        var limits = Limits()
        for words in [all, plugins[plugin] ?? [:]] + narrower.map(\.words) {
            for (name, value) in words { Self.setters[name]?(&limits, value) }
        }
        return limits
    }

    private static let setters: [String: @Sendable (inout Limits, Int) -> Void] = [
        "seconds": { $0.seconds = $1 }, "cpuSeconds": { $0.cpuSeconds = $1 }, "processes": { $0.processes = $1 },
        "openFiles": { $0.openFiles = $1 }, "fileBytes": { $0.fileBytes = $1 },
        "memoryBytes": { $0.memoryBytes = $1 }, "addressSpaceBytes": { $0.addressSpaceBytes = $1 },
        "workspaceBytes": { $0.workspaceBytes = $1 }, "workspaceEntries": { $0.workspaceEntries = $1 },
        "outputBytes": { $0.outputBytes = $1 }, "outputEntries": { $0.outputEntries = $1 },
    ]
}
