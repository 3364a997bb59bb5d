import Pipelines

/// The state machine of one execution of one pipeline: facts in, effects out.
///
/// 1. Stages run in order; the actions of one run order start together, the next run order when all of them succeeded.
/// 2. Between stages it waits to be let in: whether it may enter is not its own business (`PipelineState`).
/// 3. A refused fact changes nothing; a late or doubled result is refused by its attempt.
/// 4. Folding the accepted facts again gives the same value and the same effects.
/// 5. An execution that is over stays over, except that its last stage can be run again.
public struct Execution: Hashable, Sendable {
    /// How often an attempt that the host could not serve is dispatched again.
    public static let redispatchLimit = 3

    private let bound: Bound
    public internal(set) var status: ExecutionStatus
    /// Those that have been entered, in order.
    public internal(set) var stages: [StageExecution]
    /// Of the whole execution, from 1 (RTY-6).
    public internal(set) var attempt = 1

    public var start: Start { bound.start }
    public var startedAt: Instant { bound.startedAt }
    /// Values of `#{variables.…}` (VAR-6).
    public var variables: [String: String] { bound.variables }
    var plan: Plan { bound.plan }
    public var id: ExecutionID { bound.start.execution }
    /// As the execution is bound to it (EXE-1); of a rollback its one stage.
    public var pipeline: Pipeline { bound.plan.pipeline }
    /// The whole of it, of a rollback too.
    public var declaration: Pipeline { bound.plan.declared }

    /// The execution that its first fact makes. It waits to enter its first stage, or is over.
    public static func starting(_ start: Start, of pipeline: Pipeline, at: Instant) -> Execution {
        let plan = Plan(pipeline, start.rollback)
        var variables: [String: String] = [:]
        for variable in pipeline.variables {
            variables[variable.name] =
                start.rollback?.variables[variable.name] ?? start.variables[variable.name] ?? variable.defaultValue
        }
        var execution = Execution(
            start: start, startedAt: at, status: .inProgress, stages: [], attempt: 1, variables: variables, plan: plan)
        let missing = pipeline.variables.map(\.name).filter { variables[$0] == nil }
        if !missing.isEmpty {
            // VAR-5: admitted, and over at once.
            execution.status = .failed(
                reason: "no value for the required variable \(missing.joined(separator: ", "))")
        }
        return execution
    }

    /// A stored execution as it was. Nothing is checked: the store gives back what it was given.
    public init(
        restoring start: Start, of pipeline: Pipeline, startedAt: Instant, status: ExecutionStatus,
        stages: [StageExecution], attempt: Int, variables: [String: String]
    ) {
        self.init(
            start: start, startedAt: startedAt, status: status, stages: stages, attempt: attempt, variables: variables,
            plan: Plan(pipeline, start.rollback))
    }

    private init(
        start: Start, startedAt: Instant, status: ExecutionStatus, stages: [StageExecution], attempt: Int,
        variables: [String: String], plan: Plan
    ) {
        bound = Bound(start: start, startedAt: startedAt, variables: variables, plan: plan)
        self.status = status
        self.stages = stages
        self.attempt = attempt
    }

    /// Takes one fact and says what is to be done about it.
    /// - Throws: `Rejection`; the execution is unchanged then.
    public mutating func apply(_ fact: Fact) throws(Rejection) -> [Effect] {
        try admit(fact).effects
    }

    mutating func admit(_ fact: Fact) throws(Rejection) -> Admission {
        var admission = Admission(at: fact.at, seed: fact.seed)
        switch fact.event {
        case .started: throw .alreadyStarted
        case .stageEntered(let name): try enter(name, &admission)
        case .superseded(let newer): try supersede(by: newer, &admission)
        case .cancelled(let reason): try cancel(reason, &admission)
        case .actionProgressed(let attempt, let external):
            try update(attempt, at: fact.at) { $0.external = external.over($0.external) }
        case .actionSucceeded(let attempt, let result):
            try update(attempt, at: fact.at) {
                $0.external = result.external.over($0.external)
                $0.state = .succeeded(result)
            }
            advance(&admission)
        case .actionFailed(let attempt, let failure):
            try update(attempt, at: fact.at) { $0.fail(failure) }
            advance(&admission)
        case .actionContinues(let attempt, let continuation):
            try continueAction(attempt, continuation, &admission)
        case .attemptLost(let attempt, let loss):
            try lose(attempt, loss, &admission)
        case .approvalAnswered(let attempt, let answer):
            try answerApproval(attempt, answer, at: fact.at)
            advance(&admission)
        case .approvalExpired(let attempt):
            try expireApproval(attempt, at: fact.at)
            advance(&admission)
        case .conditionOverridden(let override): try overrideCondition(override, &admission)
        case .stopRequested(let request): try stop(request, &admission)
        case .stageRetried(let retry): try self.retry(retry, &admission)
        case .resumed: try resume(&admission)
        }
        return admission
    }

    /// The index of the stage that it waits to enter; nil while it is in one, and when it is over.
    public var awaitedStage: Int? {
        guard !status.isOver else { return nil }
        guard let last = stages.last else { return 0 }
        switch last.phase {
        case .over: return stages.count
        case .entering, .acting, .leaving, .failing: return nil
        }
    }
}

/// What an execution is bound to for its whole life (EXE-1), behind one reference: an execution is copied at every fact.
private final class Bound: Hashable, Sendable {
    let start: Start
    let startedAt: Instant
    let variables: [String: String]
    let plan: Plan

    init(start: Start, startedAt: Instant, variables: [String: String], plan: Plan) {
        (self.start, self.startedAt, self.variables, self.plan) = (start, startedAt, variables, plan)
    }

    static func == (one: Bound, other: Bound) -> Bool {
        one === other
            || one.start == other.start && one.startedAt == other.startedAt && one.variables == other.variables
                && one.plan == other.plan
    }

    func hash(into hasher: inout Hasher) { hasher.combine(start) }
}

/// What one fact admits, while it is being applied.
struct Admission {
    let at: Instant
    let seed: Seed
    var effects: [Effect] = []
    /// What runs anew, as it was when it was forgotten.
    var replaced: [PlacedAction] = []
    private var identifiers = 0

    init(at: Instant, seed: Seed) {
        self.at = at
        self.seed = seed
    }

    mutating func identifier() -> String {
        defer { identifiers += 1 }
        return seed.identifier(identifiers)
    }
}

extension ActionExecution {
    mutating func fail(_ failure: ActionFailure) {
        external.id = failure.externalExecutionID ?? external.id
        state = .failed(failure)
    }
}
