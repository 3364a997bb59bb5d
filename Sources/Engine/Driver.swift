import Pipelines

/// Owns one pipeline while it runs: facts are applied in turn, committed together, and only then acted upon.
public actor Driver {
    public private(set) var state: PipelineState
    private let journal: any Journal
    private let handler: any EffectHandler
    private let circumstance: Circumstance
    private let observe: @Sendable (Commit) -> Void
    private let failed: @Sendable (any Error) -> Void

    private var pending: [Submission] = []
    private var oblivions: [Oblivion] = []
    private var isDraining = false
    private var accepted: [Effect] = []
    private var failure: (any Error)?
    private var waiters: [CheckedContinuation<Void, any Error>] = []

    /// - Parameters:
    ///   - observe: told of every commit after it is on disk, in order.
    ///   - failed: told, once, when a commit could not be stored; the driver has ended then.
    public init(
        _ state: PipelineState, journal: any Journal, handler: any EffectHandler, circumstance: Circumstance,
        observe: @escaping @Sendable (Commit) -> Void, failed: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.state = state
        self.journal = journal
        self.handler = handler
        self.circumstance = circumstance
        self.observe = observe
        self.failed = failed
    }

    /// Takes up a stored pipeline. Whatever ran under an earlier core must be dead by now.
    ///
    /// All that ran is lost, which is a fact. So is what still stands in the outbox: a row goes with a later commit, so
    /// it does not tell whether its effect was begun.
    public func recover(outbox: [Effect]) async throws {
        accepted += outbox
        let live = state.executions.values.sorted { $0.id.text < $1.id.text }
        perform(live.flatMap(\.pendingApprovals).map { .awaitApproval($0) })
        // All in one commit: there may be thousands.
        for attempt in live.flatMap(\.runningDispatches).map(\.attempt) {
            let lost = PipelineEvent.execution(attempt.execution, .attemptLost(attempt, .coreEnded))
            pending.append(Submission(event: lost, submitter: nil))
        }
        try await submit(.takenUp)
    }

    /// Begins an execution; returns when its start is on disk.
    /// - Throws: as `submit`.
    public func start(_ start: Start) async throws { try await submit(.started(start)) }

    /// A fact of one execution, which may be over.
    public func submit(_ event: Event, of execution: ExecutionID) async throws {
        try await submit(.execution(execution, event))
    }

    /// Returns when the fact is on disk.
    /// - Throws: `Rejection` when it is refused, and what the journal throws when it cannot be stored; after that the
    ///   driver takes no fact any more, so nothing is done that is not written down.
    public func submit(_ event: PipelineEvent) async throws {
        try await withCheckedThrowingContinuation { submitter in
            pending.append(Submission(event: event, submitter: submitter))
            drainUnlessDraining()
        }
    }

    /// Removes executions from the archive of the journal, but for those that are not over, or are known to a gate.
    /// - Returns: what is forgotten.
    func forget(_ executions: [ExecutionID], in archive: any Archive) async throws -> [ExecutionID] {
        try await withCheckedThrowingContinuation { requester in
            oblivions.append(Oblivion(executions: executions, archive: archive, requester: requester))
            drainUnlessDraining()
        }
    }

    /// An execution as it is now, or as it ended.
    public func execution(_ id: ExecutionID) async throws -> Execution? {
        if let execution = state.executions[id] { return execution }
        return try await journal.recall(id)
    }

    /// Returns when no execution is in progress.
    /// - Throws: what the journal threw.
    public func ended() async throws {
        if let failure { throw failure }
        if !state.executions.isEmpty { try await withCheckedThrowingContinuation { waiters.append($0) } }
    }

    private func drainUnlessDraining() {
        guard !isDraining else { return }
        isDraining = true
        Task { await drain() }
    }

    /// Only one drain runs at a time, and nothing else writes `state`, so it cannot change while a commit waits.
    private func drain() async {
        while !pending.isEmpty || !oblivions.isEmpty {
            let (batch, oblivions) = (pending, oblivions)
            (pending, self.oblivions) = ([], [])
            await take(batch)
            // In turn with the facts: none of them may be about what is being forgotten.
            for oblivion in oblivions { await take(oblivion) }
        }
        isDraining = false
    }

    private func take(_ oblivion: Oblivion) async {
        let known = Set(state.executions.keys).union(state.gates.values.flatMap(\.executions))
        let executions = oblivion.executions.filter { !known.contains($0) }
        do {
            if let failure { throw failure }
            try await oblivion.archive.forget(executions)
            oblivion.requester.resume(returning: executions)
        } catch {
            oblivion.requester.resume(throwing: error)
        }
    }

    private func take(_ batch: [Submission]) async {
        if let failure { return batch.forEach { $0.submitter?.resume(throwing: failure) } }
        var next = state
        var sum = Sum()
        var taken: [Submission] = []
        for submission in batch {
            do {
                let past = try await past(submission.event, next, sum)
                let fact = PipelineFact(submission.event, at: circumstance.now(), seed: circumstance.seed())
                sum.add(try next.apply(fact, recalling: past))
                taken.append(submission)
            } catch {
                submission.submitter?.resume(throwing: error)
            }
        }
        guard !taken.isEmpty else { return }
        let commit = sum.commit(next, accepted: accepted)
        do {
            try await journal.commit(commit)
        } catch {
            return fail(error, taken)
        }
        state = next
        accepted = []
        observe(commit)
        for submission in taken { submission.submitter?.resume() }
        perform(commit.effects)
        guard state.executions.isEmpty else { return }
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    /// The execution that an event is about, where that is over.
    private func past(_ event: PipelineEvent, _ next: PipelineState, _ sum: Sum) async throws -> Execution? {
        guard case .execution(let id, _) = event, next.executions[id] == nil else { return nil }
        if let change = sum.changes[id] { return change.after }
        return try await journal.recall(id)
    }

    private func fail(_ error: any Error, _ taken: [Submission]) {
        failure = error
        failed(error)
        for submission in taken { submission.submitter?.resume(throwing: error) }
        for waiter in waiters { waiter.resume(throwing: error) }
        waiters = []
    }

    private func perform(_ effects: [Effect]) {
        for effect in effects { handler.perform(effect, for: self) }
        accepted += effects
    }
}

/// A fact on its way, with whoever waits for it; nobody does for what recovery finds out.
private struct Submission {
    let event: PipelineEvent
    let submitter: CheckedContinuation<Void, any Error>?
}

/// Executions that are to be forgotten.
private struct Oblivion {
    let executions: [ExecutionID]
    let archive: any Archive
    let requester: CheckedContinuation<[ExecutionID], any Error>
}

/// What several facts change together.
private struct Sum {
    private var order: [ExecutionID] = []
    private(set) var changes: [ExecutionID: ExecutionChange] = [:]
    private var effects: [Effect] = []
    private var gatesChanged = false

    mutating func add(_ change: PipelineChange) {
        for new in change.executions {
            if let earlier = changes[new.after.id] {
                changes[new.after.id] = ExecutionChange(
                    before: earlier.before, after: new.after, facts: earlier.facts + new.facts,
                    replaced: earlier.replaced + new.replaced)
            } else {
                changes[new.after.id] = new
                order.append(new.after.id)
            }
        }
        effects += change.effects
        gatesChanged = gatesChanged || change.gatesChanged
    }

    func commit(_ pipeline: PipelineState, accepted: [Effect]) -> Commit {
        Commit(
            executions: order.map { changes[$0]! }, pipeline: gatesChanged ? pipeline : nil, effects: effects,
            accepted: accepted)
    }
}
