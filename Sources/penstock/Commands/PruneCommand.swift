import ArgumentParser
import Artifacts
import Engine
import Jansson
import Runner
import Settings
import Store

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Forgets old executions and frees what nothing refers to.",
        discussion: """
            Which are old is said by `retention` in the settings, or by the options, which then count for each pipeline. \
            Whatever they say, there stay: what is not over, the newest execution of each pipeline, and the last two that \
            succeeded in each stage, to which it may be rolled back. A running daemon prunes by itself, by the settings.
            """)

    @Argument(help: "Only the executions of these pipelines.")
    var pipelines: [String] = []

    @Option(help: ArgumentHelp("Keep what has changed within so many days.", valueName: "count"))
    var days: Int?

    @Option(help: ArgumentHelp("Keep so many executions of each pipeline.", valueName: "count"))
    var executions: Int?

    @Option(help: ArgumentHelp("Keep so much of artifacts and logs of each pipeline.", valueName: "count"))
    var bytes: Int?

    @Flag(help: "Free nothing; only say what would be.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        for (name, value) in [("--days", days), ("--executions", executions), ("--bytes", bytes)] {
            guard let value else { continue }
            guard 1...1 << 50 ~= value else { throw ValidationError("\(name) must be at least 1, found \(value)") }
        }
    }

    func run() async throws {
        let wiring = try Wiring(common)
        let store = try open(wiring)
        for pipeline in pipelines {
            guard try await store.pipeline(pipeline, version: nil) != nil else {
                throw Answer(.usage, "there is no pipeline \(pipeline)")
            }
        }
        var policy = wiring.retention
        let given = Retention(days: days, executions: executions, bytes: bytes)
        if given.isLimited {
            policy = RetentionPolicy()
            policy.each = given
        }
        let pruning = try wiring.pruning(store, isRehearsal: dryRun) { executions, _ in
            try await store.forget(executions)
            return executions
        }
        let report = try await pruning.run(
            policy, pipelines: pipelines.isEmpty ? nil : Set(pipelines), at: now(), isRehearsal: dryRun)
        switch common.format {
        case .json: print(report.json(dryRun).text)
        case .human:
            if !common.quiet {
                for execution in report.executions {
                    print("\(execution.id)  \(dateAndTime(execution.updatedAt))  \(execution.pipeline)")
                }
            }
            print(report.sentence(isRehearsal: dryRun))
        }
    }
}

extension PruneCommand {
    /// A state directory that is not there is not made.
    private func open(_ wiring: Wiring) throws -> Store {
        let reading = try common.history()
        if dryRun { return reading }
        reading.close()
        return try wiring.store(.writing)
    }
}

extension Wiring {
    /// What the settings say about how much is kept.
    var retention: RetentionPolicy {
        // They have been read by it before.
        (try? RetentionPolicy(settings: settings.retention)) ?? RetentionPolicy()
    }

    func pruning(
        _ store: Store, isRehearsal: Bool = false,
        forget: @escaping @Sendable ([ExecutionID], String) async throws -> [ExecutionID]
    ) throws -> Pruning {
        let artifacts =
            isRehearsal ? ArtifactStore(reading: artifacts) : try ArtifactStore(directory: artifacts)
        return Pruning(store, artifacts: artifacts, logs: logs, kept: kept, forget: forget)
    }
}

extension PruningReport {
    func sentence(isRehearsal: Bool) -> String {
        let parts = [
            counted(artifacts.artifacts, "artifact"), counted(artifacts.files, "file") + " of artifacts",
            "\(byteCount(logBytes)) of logs", counted(keptWorkspaces, "kept workspace"),
        ]
        let verb = isRehearsal ? "would forget" : "forgot"
        return "\(verb) \(counted(executions.count, "execution")) and free\(isRehearsal ? "" : "d")"
            + " \(byteCount(bytes)): \(parts.joined(separator: ", "))"
    }

    fileprivate func json(_ isRehearsal: Bool) -> JSON {
        [
            "dryRun": .bool(isRehearsal),
            "executions": .array(
                executions.map { ["id": .string($0.id.text), "pipeline": .string($0.pipeline)] }),
            "artifacts": .integer(Int64(artifacts.artifacts)), "artifactFiles": .integer(Int64(artifacts.files)),
            "artifactBytes": .integer(Int64(artifacts.bytes)), "logBytes": .integer(Int64(logBytes)),
            "keptWorkspaces": .integer(Int64(keptWorkspaces)), "keptBytes": .integer(Int64(keptBytes)),
            "freedBytes": .integer(Int64(bytes)),
        ]
    }
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

private func byteCount(_ bytes: Int) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    guard let (unit, size) = units.first(where: { bytes >= $0.1 }) else { return "\(bytes) bytes" }
    return "\(bytes / size).\(bytes % size * 10 / size) \(unit)"
}
