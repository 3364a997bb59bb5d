/// What one or several facts changed, to be written in one transaction.
public struct Commit: Sendable {
    /// In the order in which they changed first.
    public let executions: [ExecutionChange]
    /// The pipeline as it is now; nil when only executions have changed.
    public let pipeline: PipelineState?
    /// To be kept until they are named in `accepted`.
    public let effects: [Effect]
    /// Effects of earlier commits that have been taken on.
    public let accepted: [Effect]

    public init(executions: [ExecutionChange], pipeline: PipelineState?, effects: [Effect], accepted: [Effect]) {
        self.executions = executions
        self.pipeline = pipeline
        self.effects = effects
        self.accepted = accepted
    }
}

/// Where facts are written down before anything is done about them, and where what is over is looked up.
public protocol Journal: Sendable {
    /// Returns when the commit is on disk. Several may be under way at once, for different pipelines.
    /// - Throws: when it is not and will not be; nothing of it is stored then.
    func commit(_ commit: Commit) async throws

    /// An execution as it was committed last; nil when there is none.
    func recall(_ id: ExecutionID) async throws -> Execution?
}

/// Whoever does what the engine asks for.
public protocol EffectHandler: Sendable {
    /// Takes the effect on and returns at once; the outcome is submitted to the driver as a fact.
    func perform(_ effect: Effect, for driver: Driver)
}

/// Where the driver has its moments and its randomness from.
public struct Circumstance: Sendable {
    public let now: @Sendable () -> Instant
    public let seed: @Sendable () -> Seed

    public init(now: @escaping @Sendable () -> Instant, seed: @escaping @Sendable () -> Seed) {
        self.now = now
        self.seed = seed
    }
}
