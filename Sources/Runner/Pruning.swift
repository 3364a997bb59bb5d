import Artifacts
import Engine
import Failpoints
import Glibc
import Workspaces

/// Frees what nobody needs any more: executions beyond the limits of a policy, then whatever nothing refers to.
///
/// In this order: first the journal forgets them, so that what is left after a death in the middle is what nothing
/// refers to, and the next pruning frees it.
public struct Pruning: Sendable {
    /// An artifact that nothing refers to stays for so long: it may have been put there by hand, and what refers to it
    /// may not be written yet.
    public static let graceSeconds = 86_400

    private let archive: any Archive
    private let artifacts: ArtifactStore
    private let logs: ActionLogs
    private let kept: KeptWorkspaces
    private let forget: @Sendable (_ executions: [ExecutionID], _ pipeline: String) async throws -> [ExecutionID]

    /// - Parameter forget: has the executions of one pipeline forgotten, and says which are.
    public init(
        _ archive: any Archive, artifacts: ArtifactStore, logs: ActionLogs, kept: KeptWorkspaces,
        forget: @escaping @Sendable (_ executions: [ExecutionID], _ pipeline: String) async throws -> [ExecutionID]
    ) {
        self.archive = archive
        self.artifacts = artifacts
        self.logs = logs
        self.kept = kept
        self.forget = forget
    }

    /// - Parameters:
    ///   - pipelines: only the executions of these; nil for all.
    ///   - isRehearsal: nothing is freed; it is only said what would be.
    public func run(
        _ policy: RetentionPolicy, pipelines: Set<String>? = nil, at now: Instant, isRehearsal: Bool = false
    ) async throws -> PruningReport {
        // Listed before the journal is asked: a log is made after its execution is written down.
        let listed = Set(folders(in: logs.directory) + folders(in: kept.directory)).filter(isExecution)
        let (holdings, gates) = try await archive.holdings()
        let sizes = policy.limitsBytes ? try await sizes(of: holdings) : HoldingSizes()
        let excess = policy.excess(among: holdings, gates: gates, sizes: sizes, at: now)
            .filter { pipelines?.contains($0.pipeline) ?? true }
        let forgotten = isRehearsal ? excess : try await forget(excess)
        reach(.executionsForgotten)
        let gone = Set(forgotten.map(\.id))
        let known = Set(holdings.map(\.id)).subtracting(gone)
        var report = PruningReport(executions: forgotten)
        for name in listed where !known.contains(ExecutionID(name)) {
            report.add(try await blocking { try free(name, isRehearsal) })
        }
        reach(.logsRemoved)
        let used = Set(try await archive.artifactsInUse(without: gone).compactMap { ArtifactDigest($0) })
        let horizon = Int(now.milliseconds / 1_000) - Self.graceSeconds
        report.artifacts = try await blocking { [artifacts] in
            try artifacts.collect(keeping: used, takenInBefore: horizon, isRehearsal: isRehearsal)
        }
        return report
    }

    /// Newest first, as the excess is.
    private func forget(_ excess: [Holding]) async throws -> [Holding] {
        var forgotten: Set<ExecutionID> = []
        for (pipeline, holdings) in Dictionary(grouping: excess, by: \.pipeline) {
            // Each part waits for its turn anew, so nothing else waits for long.
            for start in stride(from: 0, to: holdings.count, by: 100) {
                let part = holdings[start..<min(start + 100, holdings.count)].map(\.id)
                forgotten.formUnion(try await forget(part, pipeline))
            }
        }
        return excess.filter { forgotten.contains($0.id) }
    }

    private func sizes(of holdings: [Holding]) async throws -> HoldingSizes {
        try await blocking { [artifacts, logs] in
            var sizes = HoldingSizes()
            for digest in holdings.reduce(into: Set<String>(), { $0.formUnion($1.artifacts) }) {
                // What is damaged or gone takes no room that could be freed by forgetting it.
                sizes.artifacts[digest] = ArtifactDigest(digest).flatMap { try? artifacts.sizeBytes(of: $0) }
            }
            for holding in holdings { sizes.logs[holding.id] = usage("\(logs.directory)/\(holding.id)").bytes }
            return sizes
        }
    }

    private func free(_ execution: String, _ isRehearsal: Bool) throws -> PruningReport {
        var report = PruningReport(executions: [])
        let log = "\(logs.directory)/\(execution)"
        report.logBytes = usage(log).bytes
        if !isRehearsal { try Workspace(root: log, owner: nil).remove() }
        (report.keptWorkspaces, report.keptBytes) = try kept.free(execution, isRehearsal)
        return report
    }
}

/// What a pruning freed, or would free.
public struct PruningReport: Hashable, Sendable {
    /// The newest first.
    public let executions: [Holding]
    public fileprivate(set) var logBytes = 0
    public fileprivate(set) var keptWorkspaces = 0
    public fileprivate(set) var keptBytes = 0
    public fileprivate(set) var artifacts = Collected()

    fileprivate init(executions: [Holding]) { self.executions = executions }

    /// On disk, beside the rows of the database, whose room is used again.
    public var bytes: Int { logBytes + keptBytes + artifacts.bytes }

    fileprivate mutating func add(_ other: PruningReport) {
        logBytes += other.logBytes
        keptWorkspaces += other.keptWorkspaces
        keptBytes += other.keptBytes
    }
}

/// What is not there takes no room.
func usage(_ folder: String) -> Usage { (try? Workspace(root: folder, owner: nil).usage()) ?? Usage() }

/// A UUID in lower case: what else is there is nobody's business here.
private func isExecution(_ name: String) -> Bool {
    name.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil
}
