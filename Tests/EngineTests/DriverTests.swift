import Engine
import Pipelines
import Synchronization
import Testing

/// A journal in memory that can be told to fail.
private final class Ledger: Journal {
    struct Full: Error {}
    let state = Mutex<(commits: [Commit], fails: Bool)>(([], false))

    func commit(_ commit: Commit) async throws {
        await Task.yield()
        try state.withLock { state in
            if state.fails { throw Full() }
            state.commits.append(commit)
        }
    }

    func recall(_ id: ExecutionID) async throws -> Execution? {
        await Task.yield()
        return state.withLock { $0.commits.flatMap(\.executions).last { $0.after.id == id }?.after }
    }
}

/// Writes down what it is asked for, and that it was on the ledger before.
private final class Hands: EffectHandler {
    let ledger: Ledger
    let asked = Mutex<[Effect]>([])
    let early = Mutex(0)
    init(_ ledger: Ledger) { self.ledger = ledger }

    func perform(_ effect: Effect, for driver: Driver) {
        let committed = ledger.state.withLock { $0.commits.contains { $0.effects.contains(effect) } }
        if !committed { early.withLock { $0 += 1 } }
        asked.withLock { $0.append(effect) }
    }

    var attempts: [Attempt] {
        asked.withLock { $0.compactMap { if case .run(let dispatch) = $0 { dispatch.attempt } else { nil } } }
    }
}

@Suite("Driver")
struct DriverTests {
    private let ledger = Ledger()
    private let hands: Hands
    private let circumstance = Circumstance(
        now: { Instant(milliseconds: 5) },
        seed: { Seed(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) })

    init() { hands = Hands(ledger) }

    private func pipeline(width: Int) -> Pipeline {
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        return Pipeline(
            name: "p", stages: [Stage(name: "S", actions: (0..<width).map { Action(name: "A\($0)", type: type) })])
    }

    private let id = ExecutionID("e")

    private func driver(_ state: PipelineState, _ hands: Hands) -> Driver {
        Driver(state, journal: ledger, handler: hands, circumstance: circumstance, observe: { _ in })
    }

    private func start(_ id: ExecutionID) -> Start {
        Start(execution: id, pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
    }

    private func begin(width: Int) async throws -> Driver {
        let driver = driver(PipelineState(pipeline(width: width), version: 1), hands)
        try await driver.start(start(id))
        return driver
    }

    private func end(_ driver: Driver) async throws -> ExecutionStatus? {
        try await driver.ended()
        return try await driver.execution(id)?.status
    }

    @Test("nothing is done before it is written down (law 6)")
    func commitBeforeDoing() async throws {
        let driver = try await begin(width: 3)
        for attempt in hands.attempts { try await driver.submit(.actionSucceeded(attempt, ActionResult()), of: id) }
        #expect(try await end(driver) == .succeeded)
        #expect(hands.early.withLock { $0 } == 0)
        #expect(hands.attempts.count == 3)
    }

    @Test("results that arrive at once share a commit, each is applied once, a doubled one is refused")
    func batching() async throws {
        let driver = try await begin(width: 64)
        let attempts = hands.attempts
        let refused = await withTaskGroup(of: Bool.self) { group in
            for attempt in attempts + attempts {
                group.addTask {
                    do { try await driver.submit(.actionSucceeded(attempt, ActionResult()), of: id) } catch is Rejection
                    {
                        return true
                    } catch {}
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 64)
        #expect(try await end(driver) == .succeeded)
        #expect(ledger.state.withLock { $0.commits.count } < 65)
    }

    @Test("after a commit failed nothing is taken and nothing is done")
    func journalFailure() async throws {
        let driver = try await begin(width: 2)
        let attempts = hands.attempts
        ledger.state.withLock { $0.fails = true }
        await #expect(throws: Ledger.Full.self) {
            try await driver.submit(.actionSucceeded(attempts[0], ActionResult()), of: id)
        }
        ledger.state.withLock { $0.fails = false }
        await #expect(throws: Ledger.Full.self) {
            try await driver.submit(.actionSucceeded(attempts[1], ActionResult()), of: id)
        }
        await #expect(throws: Ledger.Full.self) { try await driver.ended() }
        #expect(try await driver.execution(id)?.runningDispatches.count == 2)
    }

    @Test("recovery loses what ran, and what the outbox still names may have run (law 7)")
    func recovery() async throws {
        let first = try await begin(width: 2)
        let stored = try #require(try await first.execution(id))
        let later = Hands(ledger)
        let driver = driver(await first.state, later)
        try await driver.recover(outbox: [.run(stored.runningDispatches[0])])
        #expect(Set(later.attempts.map(\.description)) == ["S/A0#2", "S/A1#2"])
        let before = stored.runningDispatches.map(\.attempt.id)
        #expect(Set(later.attempts.map(\.id)) == Set(before), "the idempotency key stays")
        for attempt in later.attempts { try await driver.submit(.actionSucceeded(attempt, ActionResult()), of: id) }
        #expect(try await end(driver) == .succeeded)
    }

    @Test("what is over is recalled from the journal: it may be run again, and a late word about it is refused (RTY-1)")
    func recalling() async throws {
        let driver = try await begin(width: 1)
        let failure = ActionFailure(code: "JobFailed", message: "x")
        try await driver.submit(.actionFailed(hands.attempts[0], failure), of: id)
        try await driver.ended()
        #expect(await driver.state.executions.isEmpty)
        let abandon = StopRequest(kind: .abandon, reason: "", by: "")
        await #expect(throws: Rejection.notStoppable(.failed(reason: "action S/A0 failed"))) {
            try await driver.submit(.stopRequested(abandon), of: id)
        }
        let retry = StageRetry(stage: "S", mode: .failedActions, by: "ann")
        try await driver.submit(.stageRetried(retry), of: id)
        try await driver.submit(.actionSucceeded(try #require(hands.attempts.last), ActionResult()), of: id)
        #expect(try await end(driver) == .succeeded)
        await #expect(throws: Rejection.unknownExecution(ExecutionID("?"))) {
            try await driver.submit(.resumed(by: ""), of: ExecutionID("?"))
        }
        let changes = ledger.state.withLock { $0.commits.flatMap(\.executions) }
        #expect(changes.count { $0.before == nil } == 1, "a recalled execution is not a new one")
    }

    @Test("one waits for another, and both end; what changes together is committed together (EXE-5)")
    func together() async throws {
        let driver = try await begin(width: 1)
        let second = ExecutionID("f")
        try await driver.start(start(second))
        #expect(hands.attempts.count == 1)
        try await driver.submit(.actionSucceeded(hands.attempts[0], ActionResult()), of: id)
        let commit = try #require(ledger.state.withLock { $0.commits.last })
        #expect(commit.executions.map(\.after.id) == [id, second] && commit.pipeline?.gates["S"]?.inside == second)
        try await driver.submit(.actionSucceeded(hands.attempts[1], ActionResult()), of: second)
        #expect(try await end(driver) == .succeeded)
        #expect(try await driver.execution(second)?.status == .succeeded)
    }
}
