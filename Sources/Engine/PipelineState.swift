import Pipelines

/// One pipeline and its executions: who may be in which stage, who waits, and what is held back.
///
/// 1. At most one execution is inside a stage, unless the mode is PARALLEL (EXE-5).
/// 2. Nothing passes a disabled transition (TRN-2).
/// 3. Who waits before a stage enters in the order of arrival; in SUPERSEDED only the newest waits (EXE-6, EXE-9).
/// 4. What it decides about an execution is a fact of that execution, so an execution's own facts tell its whole story.
public struct PipelineState: Hashable, Sendable {
    /// The newest declaration; an execution keeps the one that it was started with (EXE-1).
    public internal(set) var pipeline: Pipeline
    public internal(set) var version: Int
    /// All that are not over, and of each stage the one that was in it last: it may be run again.
    public internal(set) var executions: [ExecutionID: Execution]
    /// By the stage's name.
    public internal(set) var gates: [String: Gate]
    public let limits: PipelineLimits

    public init(_ pipeline: Pipeline, version: Int, limits: PipelineLimits = PipelineLimits()) {
        (self.pipeline, self.version, self.limits, executions) = (pipeline, version, limits, [:])
        gates = Dictionary(uniqueKeysWithValues: pipeline.stages.map { ($0.name, Gate()) })
    }

    /// A stored state as it was.
    public init(
        restoring pipeline: Pipeline, version: Int, limits: PipelineLimits, gates: [String: Gate],
        executions: [Execution]
    ) {
        (self.pipeline, self.version, self.limits, self.gates) = (pipeline, version, limits, gates)
        self.executions = Dictionary(uniqueKeysWithValues: executions.map { ($0.id, $0) })
    }

    var mode: ExecutionMode { pipeline.executionMode }

    /// Takes one fact and says what came of it.
    /// - Throws: `Rejection`; the state is unchanged then.
    public mutating func apply(_ fact: PipelineFact) throws(Rejection) -> PipelineChange {
        var settlement = Settlement(at: fact.at, seed: fact.seed)
        switch fact.event {
        case .started(let start): try begin(start, &settlement)
        case .execution(let id, let event): try take(event, of: id, &settlement)
        case .transitionChanged(let change): try changeTransition(change, &settlement)
        case .declared(let pipeline, let version): declare(pipeline, version, &settlement)
        }
        settle(&settlement)
        for (id, _) in settlement.change.facts { settlement.change.executions[id] = executions[id] }
        forget()
        return settlement.change
    }

    // MARK: Facts

    private mutating func begin(_ start: Start, _ settlement: inout Settlement) throws(Rejection) {
        guard executions[start.execution] == nil else { throw .alreadyStarted }
        let live = executions.values.count { !$0.status.isOver }
        guard mode == .superseded || live < limits.concurrentExecutions else {
            throw .tooManyExecutions(limit: limits.concurrentExecutions)
        }
        var start = start
        if mode == .parallel { start.actionLimit = start.actionLimit ?? limits.concurrentActions }
        if let rollback = start.rollback, gates[rollback.stage]?.inside != nil {
            throw .unableToRollBack("the stage \(rollback.stage) is busy")
        }
        admit(start, &settlement)
    }

    mutating func admit(_ start: Start, _ settlement: inout Settlement) {
        executions[start.execution] = Execution.starting(start, of: pipeline, at: settlement.at)
        settlement.note(Fact(.started(start), at: settlement.at, seed: settlement.seed), of: start.execution)
        settlement.moved.append(start.execution)
    }

    private mutating func take(
        _ event: Event, of id: ExecutionID, _ settlement: inout Settlement
    ) throws(Rejection) {
        guard let execution = executions[id] else { throw .unknownExecution(id) }
        if case .stageRetried(let retry) = event, mode != .parallel, let gate = gates[retry.stage] {
            guard gate.latest == id else { throw .notLatestExecution(stage: retry.stage) }
            guard gate.inside == nil || gate.inside == id else {
                throw .retryConflict("another execution is in the stage \(retry.stage)")
            }
        }
        let place = execution.place
        try apply(event, to: id, &settlement)
        if executions[id]!.place != place || executions[id]!.isSupersedableInside { settlement.moved.append(id) }
        if case .inside(let stage) = place { settlement.doubtful.insert(stage) }
    }

    private mutating func changeTransition(
        _ change: TransitionChange, _ settlement: inout Settlement
    ) throws(Rejection) {
        guard gates[change.stage] != nil else { throw .unknownStage(change.stage) }
        let transition = Transition(
            disabledReason: change.disabledReason, lastChangedBy: change.by, lastChangedAt: settlement.at)
        switch change.side {
        case .inbound: gates[change.stage]?.inbound = transition
        case .outbound: gates[change.stage]?.outbound = transition
        }
        settlement.change.gatesChanged = true
        let stages = pipeline.stages.map(\.name)
        let index = stages.firstIndex(of: change.stage)!
        settlement.doubtful.insert(change.stage)
        if change.side == .outbound, index + 1 < stages.count { settlement.doubtful.insert(stages[index + 1]) }
    }

    /// EXE-13: what runs by an older declaration starts nothing more, but for one that runs beside all others.
    private mutating func declare(_ pipeline: Pipeline, _ version: Int, _ settlement: inout Settlement) {
        let isLeftAlone = mode == .parallel && pipeline.executionMode == .parallel
        (self.pipeline, self.version) = (pipeline, version)
        var gates: [String: Gate] = [:]
        for stage in pipeline.stages { gates[stage.name] = self.gates[stage.name] ?? Gate() }
        for name in gates.keys { gates[name]?.lastSuccess = nil }
        self.gates = gates
        settlement.change.gatesChanged = true
        for id in executions.keys.sorted(by: { $0.text < $1.text }) where !isLeftAlone {
            guard executions[id]?.status.isOver == false else { continue }
            tell(.cancelled(reason: "the pipeline was changed to version \(version)"), to: id, &settlement)
        }
    }

    /// A fact that somebody else has found out.
    private mutating func apply(
        _ event: Event, to id: ExecutionID, _ settlement: inout Settlement
    ) throws(Rejection) {
        let fact = Fact(event, at: settlement.at, seed: settlement.nextSeed())
        settlement.change.effects += try executions[id]!.apply(fact)
        settlement.note(fact, of: id)
    }

    /// A fact of our own making, which is never refused.
    mutating func tell(_ event: Event, to id: ExecutionID, _ settlement: inout Settlement) {
        do {
            try apply(event, to: id, &settlement)
        } catch {
            preconditionFailure("what is decided here fits the execution: \(error)")
        }
        settlement.moved.append(id)
    }
}

/// What may happen to a pipeline, with everything that may be known of the moment.
public struct PipelineFact: Hashable, Sendable {
    public let event: PipelineEvent
    public let at: Instant
    public let seed: Seed

    public init(_ event: PipelineEvent, at: Instant, seed: Seed) { (self.event, self.at, self.seed) = (event, at, seed) }
}

public enum PipelineEvent: Hashable, Sendable {
    case started(Start)
    case execution(ExecutionID, Event)
    case transitionChanged(TransitionChange)
    case declared(Pipeline, version: Int)
}

/// What a fact of a pipeline came to.
public struct PipelineChange: Sendable {
    /// The executions that have changed, as they are now.
    public internal(set) var executions: [ExecutionID: Execution] = [:]
    /// Their facts, in order.
    public internal(set) var facts: [(execution: ExecutionID, fact: Fact)] = []
    public internal(set) var effects: [Effect] = []
    public internal(set) var gatesChanged = false
}

/// How much of one pipeline runs at once (EXE-10).
public struct PipelineLimits: Hashable, Sendable {
    /// QUEUED and PARALLEL.
    public var concurrentExecutions: Int
    /// Of one execution, in PARALLEL.
    public var concurrentActions: Int
    /// How long an execution may wait at a disabled transition and still go on (TRN-3).
    public var waitingDays: Int

    public init(concurrentExecutions: Int = 50, concurrentActions: Int = 5, waitingDays: Int = 30) {
        self.concurrentExecutions = concurrentExecutions
        self.concurrentActions = concurrentActions
        self.waitingDays = waitingDays
    }
}

/// What one fact of a pipeline sets in motion, while it is being applied.
struct Settlement {
    let at: Instant
    let seed: Seed
    var change = PipelineChange()
    /// Those whose place may have changed.
    var moved: [ExecutionID] = []
    /// Stages that somebody may enter now.
    var doubtful: Set<String> = []
    private var seeds = 0

    init(at: Instant, seed: Seed) { (self.at, self.seed) = (at, seed) }

    mutating func note(_ fact: Fact, of id: ExecutionID) { change.facts.append((id, fact)) }

    /// Each fact of an execution has one of its own, the first that of the pipeline's fact.
    mutating func nextSeed() -> Seed {
        defer { seeds += 1 }
        return seeds == 0 ? seed : seed.derived(seeds)
    }
}
