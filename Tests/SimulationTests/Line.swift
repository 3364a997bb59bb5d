import Dice
import Engine
import Pipelines
import Store

/// One pipeline with its driver and all that is around it.
struct Line {
    let name: String
    let outside: Outside
    var laws: Laws
    private(set) var driver: Driver
    private(set) var state: PipelineState
    let journal: FaultyJournal
    private let circumstance: Circumstance
    private let limits = PipelineLimits(concurrentExecutions: 4, concurrentActions: 2, waitingDays: 30)
    /// What came of the last step.
    private(set) var told: [String] = []
    private(set) var seen: Set<String> = []
    /// Results on their way, of this process and of earlier ones.
    var mail: [PipelineEvent] = []

    init(_ name: String, _ store: Store, _ clock: SimulatedClock, _ dice: inout Dice) async throws {
        self.name = name
        let pipeline = Pipeline.random(name, &dice)
        _ = try await store.save(pipeline, at: Instant(milliseconds: 0))
        laws = Laws(pipeline)
        journal = FaultyJournal(store)
        outside = Outside(journal)
        circumstance = clock.circumstance(seed: Dice(state: dice.next()))
        state = PipelineState(pipeline, version: 1, limits: limits)
        driver = Driver(state, journal: journal, handler: outside, circumstance: circumstance, observe: { _ in })
    }

    // MARK: What happens to it

    /// - Returns: the refusal of each event that was refused; nil when the driver is dead.
    mutating func take(_ events: [PipelineEvent], _ fault: Fault?) async throws -> [Rejection?]? {
        let groups = await submit(events, fault)
        journal.prepare(nil)
        let former = state
        // The driver does nothing more when it has answered this.
        state = await driver.state
        let landed = journal.takeLanded()
        let submitted = groups.flatMap { $0 }
        told = submitted.map { $0.rejection?.description ?? "taken" } + landed.flatMap(\.titles)
        seen = Set(submitted.compactMap(\.rejection?.kind) + landed.flatMap(\.kinds))
        let parts = groups.map { $0.filter { $0.rejection == nil } }.filter { !$0.isEmpty }
        let isDead = submitted.contains { $0.outcome == .died }
        try require(isDead || landed.count == parts.count, "what is accepted is written")
        for (commit, part) in zip(landed, parts) { try laws.take(commit, part.map(\.event)) }
        if let broken = outside.broken { throw Violation(broken) }
        if isDead { return nil }
        if landed.isEmpty { try require(state == former, "a refusal changes nothing (law 2)") }
        try check()
        return submitted.map(\.rejection)
    }

    private func check() throws(Violation) {
        try laws.check(state)
        guard !outside.isKilled else { return }
        for execution in laws.live {
            for attempt in laws.open[execution.id]! {
                try require(outside.isAsked(attempt), "\(execution.id): nobody was asked for \(attempt) (law 6)")
            }
        }
    }

    /// - Returns: by commit, as far as there is one: its events and what became of each.
    private func submit(_ events: [PipelineEvent], _ fault: Fault?) async -> [[Submitted]] {
        guard events.count > 1 else {
            journal.prepare(fault)
            return [[await Submitted(events[0], driver)]]
        }
        // The first is being written while the others come, which are written together then.
        let holder = Holder()
        journal.prepare(nil, holder)
        let driver = driver
        let first = Task.immediate {
            let submitted = await Submitted(events[0], driver)
            holder.reach()
            return submitted
        }
        guard await holder.untilReached() else {
            journal.prepare(nil)
            var groups = [[await first.value]]
            for event in events.dropFirst() { groups.append([await Submitted(event, driver)]) }
            return groups
        }
        let others = events.dropFirst().map { event in Task.immediate { await Submitted(event, driver) } }
        _ = await driver.state
        holder.release()
        var groups = [[await first.value], []]
        for other in others { groups[1].append(await other.value) }
        return groups
    }

    // MARK: A new process

    /// - Returns: whether it got up; else it died again.
    mutating func recover(_ store: Store, _ fault: Fault?) async throws -> Bool {
        journal.reopened(store)
        outside.restart()
        guard let stored = try await store.load(name, limits: limits) else { throw Violation("\(name) is lost") }
        // Nothing has happened under any version: the one that was saved last is the first.
        if laws.written == nil { laws.declare(stored.state.pipeline, stored.state.version) }
        try check(stored.state, stored.outbox)
        state = stored.state
        driver = Driver(state, journal: journal, handler: outside, circumstance: circumstance, observe: { _ in })
        journal.prepare(fault)
        var isUp = true
        do { try await driver.recover(outbox: stored.outbox) } catch is FaultyJournal.Broken { isUp = false }
        journal.prepare(nil)
        state = await driver.state
        for commit in journal.takeLanded() { try laws.take(commit, []) }
        if let broken = outside.broken { throw Violation(broken) }
        guard isUp else { return false }
        if stored.newest.version != stored.state.version {
            _ = try await take([.declared(stored.newest.pipeline, version: stored.newest.version)], nil)
        }
        try check()
        return true
    }

    private func check(_ stored: PipelineState, _ outbox: [Effect]) throws(Violation) {
        try require(Set(stored.executions.values) == Set(laws.live), "what is in progress is as it was written (law 4)")
        try require(stored.version == laws.version, "the version in force is as it was written")
        try require(Set(outbox.map(EffectName.init)) == laws.outbox, "the outbox is as it was written (law 6)")
        if let written = laws.written {
            try require(stored.gates == written.gates, "the gates are as they were written")
        }
    }

    /// What the store holds of one execution, and what its journal tells.
    func check(_ id: ExecutionID, _ store: Store) async throws {
        let known = laws.latest[id]!
        let stored = try await store.execution(id)
        try require(stored?.execution == known, "\(id) is stored as it is")
        let facts = try await store.facts(of: id)
        let folded = try Execution.folding(facts, of: laws.versions[known.start.pipelineVersion]!)
        try require(folded == known, "\(id): its journal tells the same (law 4)")
    }
}

/// A fact and what became of it.
private struct Submitted {
    enum Outcome: Hashable {
        case accepted
        case refused(Rejection)
        /// The driver takes nothing any more.
        case died
    }
    let event: PipelineEvent
    let outcome: Outcome

    init(_ event: PipelineEvent, _ driver: Driver) async {
        self.event = event
        do {
            try await driver.submit(event)
            outcome = .accepted
        } catch let rejection as Rejection {
            outcome = .refused(rejection)
        } catch {
            outcome = .died
        }
    }

    var rejection: Rejection? { if case .refused(let rejection) = outcome { rejection } else { nil } }
}

extension Commit {
    fileprivate var titles: [String] {
        executions.map { "\($0.after.id) \($0.after.status.name)" }
            + effects.map { "\(EffectName($0).kind) \(EffectName($0).attempt.sortKey)" }
    }
}

extension Commit {
    /// Kinds of what it holds.
    fileprivate var kinds: [String] {
        var kinds = executions.flatMap { $0.facts.map { "fact \(name(of: $0.event))" } }
        for change in executions {
            kinds.append("execution \(change.after.status.name)")
            kinds.append("trigger \(change.after.start.trigger.type)")
            if let last = change.after.stages.last {
                if case .over(let outcome) = last.phase { kinds.append("stage \(name(of: outcome))") }
                kinds += last.conditions.map { "\($0.key) \($0.value.state.name)" }
                if let retry = last.retries.latest { kinds.append(retry.rawValue) }
            }
        }
        return kinds
    }
}

extension Rejection {
    fileprivate var kind: String { "refused \(name(of: self))" }
}

/// The name of an enumeration's case.
private func name(of value: some Any) -> String {
    Mirror(reflecting: value).children.first?.label ?? "\(value)"
}

extension PipelineEvent {
    /// Without what has no order.
    var title: String {
        switch self {
        case .started(let start): "\(start.execution) started"
        case .execution(let id, let event): "\(id) \(name(of: event))"
        case .transitionChanged(let change): "\(change)"
        case .declared(_, let version): "declared \(version)"
        case .deleted: "deleted"
        case .takenUp: "takenUp"
        }
    }
}
