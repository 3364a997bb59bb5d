import Pipelines

/// Owns one execution while it runs: facts are applied in turn, committed together, and only then acted upon.
public actor Driver {
    public private(set) var execution: Execution
    private let journal: any Journal
    private let handler: any EffectHandler
    private let circumstance: Circumstance
    private let observe: @Sendable (Commit) -> Void

    private var pending: [(event: Event, submitter: CheckedContinuation<Void, any Error>)] = []
    private var isDraining = false
    private var accepted: [Effect] = []
    private var failure: (any Error)?
    private var waiters: [CheckedContinuation<Execution, any Error>] = []

    private init(
        _ execution: Execution, journal: any Journal, handler: any EffectHandler, circumstance: Circumstance,
        observe: @escaping @Sendable (Commit) -> Void
    ) {
        self.execution = execution
        self.journal = journal
        self.handler = handler
        self.circumstance = circumstance
        self.observe = observe
    }

    /// Begins an execution; returns when its start is on disk and its first actions are under way.
    /// - Parameter observe: told of every commit after it is on disk, in order.
    public static func starting(
        _ start: Start, of pipeline: Pipeline, journal: any Journal, handler: any EffectHandler,
        circumstance: Circumstance, observe: @escaping @Sendable (Commit) -> Void
    ) async throws -> Driver {
        let fact = Fact(.started(start), at: circumstance.now(), seed: circumstance.seed())
        let (execution, effects) = Execution.starting(start, of: pipeline, at: fact.at, seed: fact.seed)
        let commit = Commit(before: nil, after: execution, facts: [fact], effects: effects, accepted: [])
        try await journal.commit(commit)
        let driver = Driver(
            execution, journal: journal, handler: handler, circumstance: circumstance, observe: observe)
        observe(commit)
        await driver.perform(effects)
        return driver
    }

    /// Takes up a stored execution. Whatever ran under an earlier core must be dead by now.
    ///
    /// All that ran is lost, which is a fact. So is what still stands in the outbox: a row goes with a later commit, so
    /// it does not tell whether its effect was begun.
    public static func recovering(
        _ execution: Execution, outbox: [Effect], journal: any Journal, handler: any EffectHandler,
        circumstance: Circumstance, observe: @escaping @Sendable (Commit) -> Void
    ) async throws -> Driver {
        let driver = Driver(
            execution, journal: journal, handler: handler, circumstance: circumstance, observe: observe)
        await driver.accept(outbox)
        await driver.perform(execution.pendingApprovals.map { .awaitApproval($0) })
        for dispatch in execution.runningDispatches {
            try await driver.submit(.attemptLost(dispatch.attempt, .coreEnded))
        }
        return driver
    }

    /// Returns when the fact is on disk.
    /// - Throws: `Rejection` when it is refused, and what the journal throws when it cannot be stored; after that the
    ///   driver takes no fact any more, so nothing is done that is not written down.
    public func submit(_ event: Event) async throws {
        try await withCheckedThrowingContinuation { submitter in
            pending.append((event, submitter))
            guard !isDraining else { return }
            isDraining = true
            Task { await drain() }
        }
    }

    /// The execution as it stands when it is over.
    /// - Throws: what the journal threw.
    public func ended() async throws -> Execution {
        if let failure { throw failure }
        if execution.status.isOver { return execution }
        return try await withCheckedThrowingContinuation { waiters.append($0) }
    }

    /// Only one drain runs at a time, and nothing else writes `execution`, so it cannot change while a commit waits.
    private func drain() async {
        while !pending.isEmpty {
            let batch = pending
            pending = []
            await take(batch)
        }
        isDraining = false
    }

    private func take(_ batch: [(event: Event, submitter: CheckedContinuation<Void, any Error>)]) async {
        if let failure { return batch.forEach { $0.submitter.resume(throwing: failure) } }
        var next = execution
        var facts: [Fact] = []
        var effects: [Effect] = []
        var submitters: [CheckedContinuation<Void, any Error>] = []
        for (event, submitter) in batch {
            let fact = Fact(event, at: circumstance.now(), seed: circumstance.seed())
            do {
                effects += try next.apply(fact)
                facts.append(fact)
                submitters.append(submitter)
            } catch {
                submitter.resume(throwing: error)
            }
        }
        guard !facts.isEmpty else { return }
        let commit = Commit(before: execution, after: next, facts: facts, effects: effects, accepted: accepted)
        do {
            try await journal.commit(commit)
        } catch {
            failure = error
            for submitter in submitters { submitter.resume(throwing: error) }
            for waiter in waiters { waiter.resume(throwing: error) }
            return waiters = []
        }
        execution = next
        accepted = []
        observe(commit)
        for submitter in submitters { submitter.resume() }
        perform(effects)
        if execution.status.isOver {
            for waiter in waiters { waiter.resume(returning: execution) }
            waiters = []
        }
    }

    private func perform(_ effects: [Effect]) {
        for effect in effects { handler.perform(effect, for: self) }
        accept(effects)
    }

    private func accept(_ effects: [Effect]) { accepted += effects }
}
