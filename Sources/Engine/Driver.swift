import Pipelines

/// Owns one pipeline while it runs: facts are applied in turn, committed together, and only then acted upon.
public actor Driver {
    public private(set) var state: PipelineState
    private let journal: any Journal
    private let handler: any EffectHandler
    private let circumstance: Circumstance
    private let observe: @Sendable (Commit) -> Void

    private var pending: [(event: PipelineEvent, submitter: CheckedContinuation<Void, any Error>)] = []
    private var isDraining = false
    private var accepted: [Effect] = []
    private var failure: (any Error)?
    private var waiters: [ExecutionID: [CheckedContinuation<Execution, any Error>]] = [:]

    /// - Parameter observe: told of every commit after it is on disk, in order.
    public init(
        _ state: PipelineState, journal: any Journal, handler: any EffectHandler, circumstance: Circumstance,
        observe: @escaping @Sendable (Commit) -> Void
    ) {
        self.state = state
        self.journal = journal
        self.handler = handler
        self.circumstance = circumstance
        self.observe = observe
    }

    /// Takes up a stored pipeline. Whatever ran under an earlier core must be dead by now.
    ///
    /// All that ran is lost, which is a fact. So is what still stands in the outbox: a row goes with a later commit, so
    /// it does not tell whether its effect was begun.
    public func recover(outbox: [Effect]) async throws {
        accept(outbox)
        let live = state.executions.values.filter { !$0.status.isOver }.sorted { $0.id.text < $1.id.text }
        perform(live.flatMap(\.pendingApprovals).map { .awaitApproval($0) })
        for attempt in live.flatMap(\.runningDispatches).map(\.attempt) {
            try await submit(.attemptLost(attempt, .coreEnded), of: attempt.execution)
        }
    }

    /// Begins an execution; returns when its start is on disk.
    /// - Throws: as `submit`.
    public func start(_ start: Start) async throws { try await submit(.started(start)) }

    /// A fact of one execution.
    public func submit(_ event: Event, of execution: ExecutionID) async throws {
        try await submit(.execution(execution, event))
    }

    /// Returns when the fact is on disk.
    /// - Throws: `Rejection` when it is refused, and what the journal throws when it cannot be stored; after that the
    ///   driver takes no fact any more, so nothing is done that is not written down.
    public func submit(_ event: PipelineEvent) async throws {
        try await withCheckedThrowingContinuation { submitter in
            pending.append((event, submitter))
            guard !isDraining else { return }
            isDraining = true
            Task { await drain() }
        }
    }

    /// An execution that this driver has, as it is now; nil when it is over and no more than history.
    public func execution(_ id: ExecutionID) -> Execution? { state.executions[id] }

    /// An execution as it stands when it is over.
    /// - Throws: what the journal threw, and `unknownExecution` for one that was over before and is forgotten.
    public func ended(_ id: ExecutionID) async throws -> Execution {
        if let failure { throw failure }
        guard let execution = state.executions[id] else { throw Rejection.unknownExecution(id) }
        if execution.status.isOver { return execution }
        return try await withCheckedThrowingContinuation { waiters[id, default: []].append($0) }
    }

    /// Only one drain runs at a time, and nothing else writes `state`, so it cannot change while a commit waits.
    private func drain() async {
        while !pending.isEmpty {
            let batch = pending
            pending = []
            await take(batch)
        }
        isDraining = false
    }

    private func take(_ batch: [(event: PipelineEvent, submitter: CheckedContinuation<Void, any Error>)]) async {
        if let failure { return batch.forEach { $0.submitter.resume(throwing: failure) } }
        var next = state
        var sum = Sum()
        var submitters: [CheckedContinuation<Void, any Error>] = []
        for (event, submitter) in batch {
            do {
                sum.add(try next.apply(PipelineFact(event, at: circumstance.now(), seed: circumstance.seed())))
                submitters.append(submitter)
            } catch {
                submitter.resume(throwing: error)
            }
        }
        guard !submitters.isEmpty else { return }
        let commit = sum.commit(before: state, after: next, accepted: accepted)
        do {
            try await journal.commit(commit)
        } catch {
            return fail(error, submitters)
        }
        state = next
        accepted = []
        observe(commit)
        for submitter in submitters { submitter.resume() }
        perform(commit.effects)
        for change in commit.changes where change.after.status.isOver {
            for waiter in waiters.removeValue(forKey: change.after.id) ?? [] { waiter.resume(returning: change.after) }
        }
    }

    private func fail(_ error: any Error, _ submitters: [CheckedContinuation<Void, any Error>]) {
        failure = error
        for submitter in submitters { submitter.resume(throwing: error) }
        for waiter in waiters.values.joined() { waiter.resume(throwing: error) }
        waiters = [:]
    }

    private func perform(_ effects: [Effect]) {
        for effect in effects { handler.perform(effect, for: self) }
        accept(effects)
    }

    private func accept(_ effects: [Effect]) { accepted += effects }
}

/// What several facts change together.
private struct Sum {
    private var order: [ExecutionID] = []
    private var facts: [ExecutionID: [Fact]] = [:]
    private var executions: [ExecutionID: Execution] = [:]
    private var effects: [Effect] = []
    private var gatesChanged = false

    mutating func add(_ change: PipelineChange) {
        for (id, fact) in change.facts {
            if facts[id] == nil { order.append(id) }
            facts[id, default: []].append(fact)
        }
        executions.merge(change.executions) { $1 }
        effects += change.effects
        gatesChanged = gatesChanged || change.gatesChanged
    }

    func commit(before: PipelineState, after: PipelineState, accepted: [Effect]) -> Commit {
        Commit(
            changes: order.map {
                .init(before: before.executions[$0], after: executions[$0]!, facts: facts[$0]!)
            }, pipeline: gatesChanged ? after : nil, effects: effects, accepted: accepted)
    }
}
