import Pipelines

/// What may happen to a pipeline, with everything that may be known of the moment.
public struct PipelineFact: Hashable, Sendable {
    public let event: PipelineEvent
    public let at: Instant
    public let seed: Seed

    public init(_ event: PipelineEvent, at: Instant, seed: Seed) {
        (self.event, self.at, self.seed) = (event, at, seed)
    }
}

public enum PipelineEvent: Hashable, Sendable {
    /// It is bound to the declaration as it is then, whatever version it was made for (EXE-1).
    case started(Start)
    case execution(ExecutionID, Event)
    case transitionChanged(TransitionChange)
    case declared(Pipeline, version: Int)
    /// It is forgotten with all its executions (EXE-15).
    case deleted(by: String)
    /// A core has begun to drive it: who may enter a stage does.
    case takenUp
}

/// What a fact of a pipeline came to.
public struct PipelineChange: Hashable, Sendable {
    /// In the order in which they changed first.
    public internal(set) var executions: [ExecutionChange] = []
    public internal(set) var effects: [Effect] = []
    public internal(set) var gatesChanged = false
}

/// One execution that has changed.
public struct ExecutionChange: Hashable, Sendable {
    /// Nil when it is new.
    public let before: Execution?
    public internal(set) var after: Execution
    /// In order.
    public internal(set) var facts: [Fact]
    /// What was forgotten because it runs anew, as it was then, in order (RTY-1).
    public internal(set) var replaced: [PlacedAction]

    public init(before: Execution?, after: Execution, facts: [Fact], replaced: [PlacedAction] = []) {
        (self.before, self.after, self.facts, self.replaced) = (before, after, facts, replaced)
    }
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
    /// Those whose place may have changed, with the one that they had.
    var moved: [(id: ExecutionID, from: PipelineState.Place)] = []
    /// Stages that somebody may enter now.
    var doubtful: Set<String> = []
    private var seeds = 0

    init(at: Instant, seed: Seed) { (self.at, self.seed) = (at, seed) }

    mutating func note(_ fact: Fact, before: Execution?, after: Execution, replaced: [PlacedAction] = []) {
        guard let index = change.executions.firstIndex(where: { $0.after.id == after.id }) else {
            return change.executions.append(
                ExecutionChange(before: before, after: after, facts: [fact], replaced: replaced))
        }
        change.executions[index].facts.append(fact)
        change.executions[index].replaced += replaced
    }

    /// Each fact of an execution has one of its own, the first that of the pipeline's fact.
    mutating func nextSeed() -> Seed {
        defer { seeds += 1 }
        return seeds == 0 ? seed : seed.derived(seeds)
    }
}
