import Pipelines

/// The state machine of one execution of one pipeline: facts in, effects out.
///
/// 1. Stages run in order; the actions of one run order start together, the next run order when all of them succeeded.
/// 2. A refused fact changes nothing; a late or doubled result is refused by its attempt.
/// 3. Folding the accepted facts again gives the same value and the same effects.
/// 4. An execution that is over stays over, except that a stopped one can be resumed.
public struct Execution: Hashable, Sendable {
    /// How often an attempt that the host could not serve is dispatched again.
    public static let redispatchLimit = 3

    public let start: Start
    public let startedAt: Instant
    public internal(set) var status: ExecutionStatus
    /// By stage that has been entered, in order: its actions that have been admitted, by name.
    public internal(set) var stages: [[String: ActionExecution]]
    /// Values of `#{variables.…}` (VAR-6).
    public let variables: [String: String]
    let plan: Plan

    public var id: ExecutionID { start.execution }
    public var pipeline: Pipeline { plan.pipeline }

    /// The execution that its first fact makes, and what is to be done.
    public static func starting(
        _ start: Start, of pipeline: Pipeline, at: Instant, seed: Seed
    ) -> (execution: Execution, effects: [Effect]) {
        var variables: [String: String] = [:]
        for variable in pipeline.variables {
            variables[variable.name] = start.variables[variable.name] ?? variable.defaultValue
        }
        var execution = Execution(
            start: start, startedAt: at, status: .inProgress, stages: [], variables: variables, plan: Plan(pipeline))
        let missing = pipeline.variables.map(\.name).filter { variables[$0] == nil }
        guard missing.isEmpty else {
            // VAR-5: admitted, and over at once.
            execution.status = .failed(
                reason: "no value for the required variable \(missing.joined(separator: ", "))")
            return (execution, [])
        }
        var admission = Admission(at: at, seed: seed)
        execution.advance(&admission)
        return (execution, admission.effects)
    }

    /// A stored execution as it was. Nothing is checked: the store gives back what it was given.
    public init(
        restoring start: Start, of pipeline: Pipeline, startedAt: Instant, status: ExecutionStatus,
        stages: [[String: ActionExecution]], variables: [String: String]
    ) {
        self.init(
            start: start, startedAt: startedAt, status: status, stages: stages, variables: variables,
            plan: Plan(pipeline))
    }

    private init(
        start: Start, startedAt: Instant, status: ExecutionStatus, stages: [[String: ActionExecution]],
        variables: [String: String], plan: Plan
    ) {
        self.start = start
        self.startedAt = startedAt
        self.status = status
        self.stages = stages
        self.variables = variables
        self.plan = plan
    }

    /// Takes one fact and says what is to be done about it.
    /// - Throws: `Rejection`; the execution is unchanged then.
    public mutating func apply(_ fact: Fact) throws(Rejection) -> [Effect] {
        var admission = Admission(at: fact.at, seed: fact.seed)
        switch fact.event {
        case .started: throw .alreadyStarted
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
        case .stopRequested(let request):
            try stop(request, &admission)
        case .resumed:
            try resume(&admission)
        }
        return admission.effects
    }
}

/// What one fact admits, while it is being applied.
struct Admission {
    let at: Instant
    let seed: Seed
    var effects: [Effect] = []
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
