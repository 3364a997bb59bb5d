import Jansson
import Workspaces

/// What jobs may take: all of them, those of some plugins, those of some actions. The narrower word counts.
public struct LimitPolicy: Sendable {
    private typealias Words = [String: Int]

    private var all: Words = [:]
    private var plugins: [String: Words] = [:]
    /// By pipeline, stage and action, of which each may be `*`, those that name the most last.
    private var actions: [Pattern] = []

    private struct Pattern {
        let names: [String]
        let words: Words

        var named: Int { names.count { $0 != "*" } }

        func matches(_ other: [String]) -> Bool { zip(names, other).allSatisfy { $0 == "*" || $0 == $1 } }
    }

    /// Nothing beside what every job is limited to.
    public init() {}

    /// What settings say under `limits`: `{all: {…}, plugins: {NAME: {…}}, actions: {PIPELINE/STAGE/ACTION: {…}}}`.
    /// - Parameter known: the installed plugins; a near miss of one is refused.
    /// - Throws: with a path that begins with `limits`.
    public init(settings: JSON?, plugins known: Set<String> = []) throws(JSONTypeError) {
        guard let settings, let reader = try JSONReader(["limits": settings]).optional("limits") else { return }
        try reader.refuseUnknownMembers(known: ["all", "plugins", "actions"])
        if let all = try reader.optional("all") { self.all = try Self.words(all) }
        for (name, words) in try reader.optional("plugins")?.members() ?? [] {
            if !known.contains(name), let near = nearest(to: name, in: known) {
                throw JSONTypeError(path: words.path, problem: "is no installed plugin; did you mean \"\(near)\"?")
            }
            plugins[name] = try Self.words(words)
        }
        for (pattern, words) in try reader.optional("actions")?.members() ?? [] {
            let names = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard names.count == 3, !names.contains("") else {
                throw JSONTypeError(
                    path: words.path, problem: "must be PIPELINE/STAGE/ACTION, where * stands for any name")
            }
            actions.append(Pattern(names: names, words: try Self.words(words)))
        }
        // In the order of their text where they name as many, so that it is always the same.
        actions.sort { ($0.named, $0.names.joined()) < ($1.named, $1.names.joined()) }
    }

    private static func words(_ reader: JSONReader) throws(JSONTypeError) -> Words {
        try reader.refuseUnknownMembers(known: Set(setters.keys))
        var words: Words = [:]
        for (name, number) in try reader.members() {
            let value = try number.integer()
            guard 1...1 << 50 ~= value else {
                throw JSONTypeError(
                    path: number.path, problem: "must be a whole number from 1 to \(1 << 50), found \(value)")
            }
            words[name] = Int(value)
        }
        return words
    }

    /// Whether some are kept by control groups.
    public var areOfMemory: Bool {
        ([all] + plugins.values + actions.map(\.words)).contains { $0["memoryBytes"] != nil }
    }

    func limits(plugin: String, pipeline: String, stage: String, action: String) -> Limits {
        let words = actions.filter { $0.matches([pipeline, stage, action]) }.map(\.words)
        return limits([all, plugins[plugin] ?? [:]] + words)
    }

    /// Of a process that serves several actions.
    func limits(ofWorker plugin: String) -> Limits { limits([all, plugins[plugin] ?? [:]]) }

    private func limits(_ words: [Words]) -> Limits {
        var limits = Limits()
        for (name, value) in words.joined() { Self.setters[name]?(&limits, value) }
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
