import Pipelines

/// A pipeline as it stands under one of its versions.
public struct PipelineRecord: Hashable, Sendable {
    public let pipeline: Pipeline
    /// From 1 (STR-6).
    public let version: Int
    /// When the pipeline was made.
    public let created: Instant
    /// When it got this version.
    public let updated: Instant

    public init(pipeline: Pipeline, version: Int, created: Instant, updated: Instant) {
        (self.pipeline, self.version, self.created, self.updated) = (pipeline, version, created, updated)
    }
}

/// One line of a pipeline's history.
public struct ExecutionRecord: Hashable, Sendable {
    public let start: Start
    public let pipeline: String
    public let status: ExecutionStatus
    public let startedAt: Instant
    public let updatedAt: Instant
    /// Its place among all executions, oldest first.
    public let ordinal: Int64

    public init(
        start: Start, pipeline: String, status: ExecutionStatus, startedAt: Instant, updatedAt: Instant, ordinal: Int64
    ) {
        self.start = start
        self.pipeline = pipeline
        self.status = status
        self.startedAt = startedAt
        self.updatedAt = updatedAt
        self.ordinal = ordinal
    }

    public var id: ExecutionID { start.execution }
}

/// One admission of one action or rule, current or superseded by a retry.
public struct ActionRecord: Hashable, Sendable {
    public let pipelineExecution: ExecutionID
    public let pipelineVersion: Int
    public let place: PlacedAction.Place
    public let isCurrent: Bool
    public let execution: ActionExecution
    /// Its place among all actions, oldest first.
    public let ordinal: Int64

    public init(
        pipelineExecution: ExecutionID, pipelineVersion: Int, place: PlacedAction.Place, isCurrent: Bool,
        execution: ActionExecution, ordinal: Int64
    ) {
        self.pipelineExecution = pipelineExecution
        self.pipelineVersion = pipelineVersion
        self.place = place
        self.isCurrent = isCurrent
        self.execution = execution
        self.ordinal = ordinal
    }
}

/// A part of a history: the newest `limit` that are older than `before`.
public struct Page: Hashable, Sendable {
    /// An `ordinal`; nil for the newest of all.
    public let before: Int64?
    public let limit: Int

    public init(before: Int64? = nil, limit: Int) { (self.before, self.limit) = (before, limit) }
}

/// Which actions or rules are asked for.
public struct ActionQuery: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case actions, rules }
    public let pipeline: String
    public let kind: Kind
    /// Nil for those of all executions.
    public var execution: ExecutionID?
    /// Only the newest admission of each.
    public var currentOnly = false

    public init(pipeline: String, kind: Kind) { (self.pipeline, self.kind) = (pipeline, kind) }
}

/// What has happened, newest first, and what is declared.
public protocol History: Sendable {
    /// - Parameter version: nil for the newest.
    func pipeline(_ name: String, version: Int?) async throws -> PipelineRecord?

    /// By name, those after `name`.
    func pipelines(after name: String?, limit: Int) async throws -> [PipelineRecord]

    /// - Parameter success: only those of a version that have succeeded in a stage.
    func executions(
        of pipeline: String, succeededIn success: (stage: String, version: Int)?, _ page: Page
    ) async throws -> [ExecutionRecord]

    /// What the source actions of executions took, in the order of the actions.
    func sourceRevisions(of executions: [ExecutionID]) async throws -> [ExecutionID: [(action: String, Revision)]]

    func actions(_ query: ActionQuery, _ page: Page) async throws -> [ActionRecord]

    /// The newest admission of each action and rule of a stage, by place, as far as the newest executions have any.
    func latestActions(of pipeline: String, stage: String) async throws -> [PlacedAction.Place: ActionRecord]

    /// The first execution in which a source action took a revision.
    func execution(thatTook revision: String, by action: String, of pipeline: String) async throws -> ExecutionID?

    /// The journal of an execution, oldest first.
    func facts(of id: ExecutionID) async throws -> [Fact]

    /// Whether an approval was answered by this token in one of the newest 1,000 executions.
    func wasAnswered(token: String, of pipeline: String) async throws -> Bool
}

/// Where pipelines and all that happens to them are kept.
public protocol Archive: Journal, History {
    /// Stores a new pipeline as version 1; nil when there is one of that name.
    func create(_ pipeline: Pipeline, at: Instant) async throws -> PipelineRecord?

    /// Stores the next version of a pipeline; nil when there is none of that name.
    func update(_ pipeline: Pipeline, at: Instant) async throws -> PipelineRecord?

    /// A pipeline with all that is not over; nil when there is none of that name.
    ///
    /// The state is of the version in force, that of the gates, which were written with it: the core may have ended
    /// between a new declaration and the fact of it, and what was held back before must be held back still.
    func load(
        _ pipeline: String, limits: PipelineLimits
    ) async throws -> (state: PipelineState, newest: PipelineRecord, outbox: [Effect])?

    /// The names of the pipelines of which something is not over.
    func pipelinesInProgress() async throws -> [String]

    /// The execution that was started with a token (EXE-4).
    func execution(startedWith token: String, of pipeline: String) async throws -> ExecutionID?

    /// Removes executions that are over, with all that is known of them.
    func forget(_ executions: [ExecutionID]) async throws

    /// All executions as they count for what is kept, and the gates of all pipelines.
    func holdings() async throws -> (executions: [Holding], gates: [Gate])

    /// The digests of all artifacts that anything refers to, but for some executions.
    func artifactsInUse(without forgotten: Set<ExecutionID>) async throws -> Set<String>
}
