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
    /// All that are not over; the others are history.
    public internal(set) var executions: [ExecutionID: Execution]
    /// By the stage's name.
    public internal(set) var gates: [String: Gate]
    public let limits: PipelineLimits
    /// Nothing happens to it any more.
    public private(set) var isDeleted = false

    public init(_ pipeline: Pipeline, version: Int, limits: PipelineLimits = PipelineLimits()) {
        self.init(restoring: pipeline, version: version, limits: limits, gates: [:], executions: [])
    }

    /// A stored state as it was.
    /// - Parameters:
    ///   - gates: of the same version; who is inside or waits there and is not among `executions` is left out.
    ///   - executions: those that are not over and are to be gone on with.
    public init(
        restoring pipeline: Pipeline, version: Int, limits: PipelineLimits = PipelineLimits(), gates: [String: Gate],
        executions: [Execution]
    ) {
        (self.pipeline, self.version, self.limits) = (pipeline, version, limits)
        self.gates = Dictionary(uniqueKeysWithValues: pipeline.stages.map { ($0.name, gates[$0.name] ?? Gate()) })
        self.executions = Dictionary(uniqueKeysWithValues: executions.map { ($0.id, $0) })
        alignGates()
    }

    var mode: ExecutionMode { pipeline.executionMode }

    /// Takes one fact and says what came of it.
    /// - Parameter past: the execution that the fact is about, where that is over and so not among `executions`.
    /// - Throws: `Rejection`; the state is unchanged then.
    public mutating func apply(
        _ fact: PipelineFact, recalling past: Execution? = nil
    ) throws(Rejection) -> PipelineChange {
        guard !isDeleted else { throw .pipelineDeleted(pipeline.name) }
        var settlement = Settlement(at: fact.at, seed: fact.seed)
        switch fact.event {
        case .started(let start): try begin(start, &settlement)
        case .execution(let id, let event): try take(event, of: id, past, &settlement)
        case .transitionChanged(let change): try changeTransition(change, &settlement)
        case .declared(let pipeline, let version): declare(pipeline, version, &settlement)
        case .deleted(let by): delete(by, &settlement)
        case .takenUp: settlement.doubtful.formUnion(gates.keys)
        }
        if !isDeleted { settle(&settlement) }
        var change = settlement.change
        for index in change.executions.indices {
            let id = change.executions[index].after.id
            change.executions[index].after = executions[id]!
            if executions[id]!.status.isOver { executions[id] = nil }
        }
        return change
    }

    // MARK: Facts

    private mutating func begin(_ start: Start, _ settlement: inout Settlement) throws(Rejection) {
        guard executions[start.execution] == nil else { throw .alreadyStarted }
        guard mode == .superseded || executions.count < limits.concurrentExecutions else {
            throw .tooManyExecutions(limit: limits.concurrentExecutions)
        }
        if let rollback = start.rollback {
            guard start.pipelineVersion == version else {
                throw .executionOutdated(rollback.target, version: start.pipelineVersion, current: version)
            }
            guard let gate = gates[rollback.stage] else { throw .unknownStage(rollback.stage) }
            guard gate.inside == nil else { throw .unableToRollBack("the stage \(rollback.stage) is busy") }
        }
        var start = start
        start.pipelineVersion = version
        if mode == .parallel { start.actionLimit = start.actionLimit ?? limits.concurrentActions }
        admit(start, &settlement)
    }

    mutating func admit(_ start: Start, _ settlement: inout Settlement) {
        let execution = Execution.starting(start, of: pipeline, at: settlement.at)
        executions[start.execution] = execution
        settlement.note(Fact(.started(start), at: settlement.at, seed: settlement.seed), before: nil, after: execution)
        settlement.moved.append((start.execution, from: .out))
    }

    private mutating func take(
        _ event: Event, of id: ExecutionID, _ past: Execution?, _ settlement: inout Settlement
    ) throws(Rejection) {
        guard let execution = executions[id] ?? past, execution.id == id else { throw .unknownExecution(id) }
        switch event {
        case .stageRetried(let retry): try checkReturn(of: execution, into: retry.stage, isRetry: true)
        case .resumed: try checkReturn(of: execution, into: execution.lastStage, isRetry: false)
        // Nobody else may say so.
        case .stageEntered(let stage): throw .notAwaited(stage: stage)
        case .superseded: throw .notSupersedable(execution.status)
        case .started, .actionProgressed, .actionSucceeded, .actionContinues, .actionFailed, .attemptLost,
            .approvalAnswered, .approvalExpired, .stopRequested, .cancelled, .conditionOverridden:
            break
        }
        guard execution.status.isOver else { return try apply(event, to: id, &settlement) }
        executions[id] = execution
        do throws(Rejection) {
            try apply(event, to: id, &settlement)
        } catch {
            executions[id] = nil
            throw error
        }
    }

    /// EXE-12, RTY-3
    private func checkReturn(of execution: Execution, into stage: String?, isRetry: Bool) throws(Rejection) {
        guard execution.start.pipelineVersion == version else {
            throw .stageNotRetryable(
                "the pipeline has changed since: the execution is of version \(execution.start.pipelineVersion), the"
                    + " pipeline at version \(version)")
        }
        guard mode != .parallel, let stage, execution.lastStage == stage, let gate = gates[stage] else { return }
        guard !isRetry || gate.latest == execution.id else { throw .notLatestExecution(stage: stage) }
        guard gate.inside == nil || gate.inside == execution.id else {
            throw .retryConflict("another execution is in the stage \(stage)")
        }
    }

    private mutating func changeTransition(
        _ change: TransitionChange, _ settlement: inout Settlement
    ) throws(Rejection) {
        guard let index = pipeline.stages.firstIndex(where: { $0.name == change.stage }), let gate = gates[change.stage]
        else { throw .unknownStage(change.stage) }
        let transition = Transition(
            disabledReason: change.disabledReason, lastChangedBy: change.by, lastChangedAt: settlement.at)
        settlement.change.gatesChanged = true
        switch change.side {
        case .inbound:
            gates[change.stage]?.inbound = transition
            reconsider(change.stage, gate.inbound, &settlement)
        case .outbound:
            gates[change.stage]?.outbound = transition
            guard index + 1 < pipeline.stages.count else { return }
            reconsider(pipeline.stages[index + 1].name, gate.outbound, &settlement)
        }
    }

    /// Those who wait before a stage whose transition has changed enter, or have waited for too long (TRN-3).
    private mutating func reconsider(_ stage: String, _ former: Transition, _ settlement: inout Settlement) {
        settlement.doubtful.insert(stage)
        let isClosed = !mayPass(stage)
        for (index, arrival) in (gates[stage]?.waiting ?? []).enumerated() {
            let isHeld = isClosed && executions[arrival.execution]?.start.rollback == nil
            gates[stage]?.waiting[index].hold(isHeld, at: settlement.at)
        }
        guard let disabledAt = former.disabledReason == nil ? nil : former.lastChangedAt, mayPass(stage) else { return }
        for arrival in gates[stage]?.waiting ?? [] {
            let since = max(arrival.since, disabledAt)
            guard settlement.at > since.adding(seconds: limits.waitingDays * 24 * 3_600) else { continue }
            let reason = "it has waited for more than \(limits.waitingDays) days before the stage \(stage): start anew"
            tell(.cancelled(reason: reason), to: arrival.execution, &settlement)
        }
    }

    /// EXE-15: what runs is given up, and nobody may enter any more.
    private mutating func delete(_ by: String, _ settlement: inout Settlement) {
        isDeleted = true
        settlement.change.gatesChanged = true
        for id in executions.keys.sorted(by: { $0.text < $1.text }) {
            let request = StopRequest(kind: .abandon, reason: "the pipeline was deleted", by: by)
            tell(.stopRequested(request), to: id, &settlement)
        }
    }

    /// EXE-13: what runs by an older declaration starts nothing more, but for one that runs beside all others.
    ///
    /// Told again of the version that it has, it only looks after those of older ones.
    private mutating func declare(_ pipeline: Pipeline, _ version: Int, _ settlement: inout Settlement) {
        guard version >= self.version else { return }
        let isNew = version > self.version
        let isLeftAlone = mode == .parallel && pipeline.executionMode == .parallel
        (self.pipeline, self.version) = (pipeline, version)
        var gates: [String: Gate] = [:]
        for stage in pipeline.stages {
            gates[stage.name] = self.gates[stage.name] ?? Gate()
            if isNew { gates[stage.name]?.lastSuccess = nil }
        }
        self.gates = gates
        settlement.change.gatesChanged = true
        for (id, execution) in executions.sorted(by: { $0.key.text < $1.key.text }) {
            settlement.moved.append((id, from: execution.place))
            if isLeftAlone || execution.start.pipelineVersion == version { continue }
            tell(.cancelled(reason: "the pipeline was changed to version \(version)"), to: id, &settlement)
        }
    }

    /// A fact that somebody else has found out.
    private mutating func apply(
        _ event: Event, to id: ExecutionID, _ settlement: inout Settlement
    ) throws(Rejection) {
        let before = executions[id]!
        var fact = Fact(event, at: settlement.at, seed: settlement.nextSeed())
        let admission = try executions[id]!.admit(fact)
        settlement.change.effects += admission.effects
        let after = executions[id]!
        let (from, to) = (before.place, after.place)
        if from != to, case .before(let stage) = from {
            let held = gates[stage]?.waiting.first { $0.execution == id }?.held(at: settlement.at) ?? 0
            if held > 0 { fact.heldMilliseconds = held }
        }
        settlement.note(fact, before: before, after: after, replaced: admission.replaced)
        if from != to || mode == .superseded && after.isSupersedableInside { settlement.moved.append((id, from)) }
        if from != to, to == .out { rollBackIfAsked(after, &settlement) }
    }

    /// A fact of our own making, which is never refused.
    mutating func tell(_ event: Event, to id: ExecutionID, _ settlement: inout Settlement) {
        do {
            try apply(event, to: id, &settlement)
        } catch {
            preconditionFailure("what is decided here fits the execution: \(error)")
        }
    }
}

extension Execution {
    /// The stage that it goes back into when it is resumed; nil when it waits for the next one then.
    fileprivate var lastStage: String? {
        switch stages.last?.phase {
        case nil, .over(.succeeded), .over(.skipped): nil
        case .entering, .acting, .leaving, .failing, .over: pipeline.stages[stages.count - 1].name
        }
    }
}
