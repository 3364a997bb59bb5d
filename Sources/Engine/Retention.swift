/// How much of what is over is kept; what has no limit is not limited.
public struct Retention: Hashable, Sendable {
    /// Since the execution's last change.
    public var days: Int?
    public var executions: Int?
    /// Of artifacts and logs; an artifact that several executions have counts once, for the newest.
    public var bytes: Int?

    public init(days: Int? = nil, executions: Int? = nil, bytes: Int? = nil) {
        (self.days, self.executions, self.bytes) = (days, executions, bytes)
    }

    public var isLimited: Bool { self != Retention() }
}

/// An execution as it counts for what is kept.
public struct Holding: Hashable, Sendable {
    public let id: ExecutionID
    public let pipeline: String
    public let isOver: Bool
    public let updatedAt: Instant
    /// Its place among all executions, oldest first.
    public let ordinal: Int64
    /// The digests of what its actions made.
    public let artifacts: Set<String>
    /// The stages that may be rolled back to it: those in which it succeeded; none when it is a rollback itself.
    public let succeededIn: [String]

    public init(
        id: ExecutionID, pipeline: String, isOver: Bool, updatedAt: Instant, ordinal: Int64, artifacts: Set<String>,
        succeededIn: [String]
    ) {
        self.id = id
        self.pipeline = pipeline
        self.isOver = isOver
        self.updatedAt = updatedAt
        self.ordinal = ordinal
        self.artifacts = artifacts
        self.succeededIn = succeededIn
    }
}

/// What the things that executions hold take on disk, in bytes.
public struct HoldingSizes: Sendable {
    /// By digest.
    public var artifacts: [String: Int] = [:]
    public var logs: [ExecutionID: Int] = [:]

    public init() {}
}

/// Which executions are forgotten.
public struct RetentionPolicy: Hashable, Sendable {
    /// Of all pipelines together.
    public var all = Retention()
    /// Of each pipeline that is not among `pipelines`.
    public var each = Retention()
    public var pipelines: [String: Retention] = [:]

    public init() {}

    public var limitsBytes: Bool { ([all, each] + pipelines.values).contains { $0.bytes != nil } }

    /// What is to go, the newest first.
    ///
    /// In a history there are no holes: from the first that is too much on, all that are older go. Whatever the limits,
    /// there stay: what is not over, the newest execution of a pipeline, what stands in or before a stage or entered it
    /// last, and of each stage the last two that succeeded in it: what it may be rolled back to.
    /// - Parameters:
    ///   - holdings: all there are.
    ///   - gates: of the pipelines, in any order.
    public func excess(
        among holdings: [Holding], gates: [Gate], sizes: HoldingSizes, at now: Instant
    ) -> [Holding] {
        let newestFirst = holdings.sorted { $0.ordinal > $1.ordinal }
        var safe = gates.reduce(into: Set<ExecutionID>()) { $0.formUnion($1.executions) }
        var gone: Set<ExecutionID> = []
        for (pipeline, own) in Dictionary(grouping: newestFirst, by: \.pipeline) {
            safe.formUnion(Self.safe(own))
            gone.formUnion((pipelines[pipeline] ?? each).excess(among: own, safe, sizes, now))
        }
        gone.formUnion(all.excess(among: newestFirst.filter { !gone.contains($0.id) }, safe, sizes, now))
        return newestFirst.filter { gone.contains($0.id) }
    }

    /// - Parameter holdings: of one pipeline, newest first.
    private static func safe(_ holdings: [Holding]) -> Set<ExecutionID> {
        var safe = Set(holdings.filter { !$0.isOver }.map(\.id) + holdings.prefix(1).map(\.id))
        var successes: [String: Int] = [:]
        for holding in holdings {
            for stage in holding.succeededIn where successes[stage, default: 0] < 2 {
                successes[stage, default: 0] += 1
                safe.insert(holding.id)
            }
        }
        return safe
    }
}

extension Retention {
    fileprivate func excess(
        among holdings: [Holding], _ safe: Set<ExecutionID>, _ sizes: HoldingSizes, _ now: Instant
    ) -> [ExecutionID] {
        guard isLimited else { return [] }
        let oldest = days.map { now.adding(seconds: -$0 * 86_400) }
        var (count, total, seen) = (0, 0, Set<String>())
        return holdings.filter { holding in
            count += 1
            total += sizes.logs[holding.id] ?? 0
            for artifact in holding.artifacts where seen.insert(artifact).inserted {
                total += sizes.artifacts[artifact] ?? 0
            }
            let isTooOld = oldest.map { holding.updatedAt < $0 } ?? false
            return (isTooOld || count > executions ?? .max || total > bytes ?? .max) && !safe.contains(holding.id)
        }.map(\.id)
    }
}

extension Gate {
    /// Whom it knows.
    var executions: [ExecutionID] {
        [inside, latest, lastSuccess?.target].compactMap { $0 } + waiting.map(\.execution)
    }
}
