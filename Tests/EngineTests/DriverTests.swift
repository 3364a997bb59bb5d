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

    private func begin(width: Int) async throws -> Driver {
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
        return try await Driver.starting(
            start, of: pipeline(width: width), journal: ledger, handler: hands, circumstance: circumstance,
            observe: { _ in })
    }

    @Test("nothing is done before it is written down (law 6)")
    func commitBeforeDoing() async throws {
        let driver = try await begin(width: 3)
        for attempt in hands.attempts { try await driver.submit(.actionSucceeded(attempt, ActionResult())) }
        #expect(try await driver.ended().status == .succeeded)
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
                    do { try await driver.submit(.actionSucceeded(attempt, ActionResult())) } catch is Rejection {
                        return true
                    } catch {}
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 64)
        #expect(try await driver.ended().status == .succeeded)
        #expect(ledger.state.withLock { $0.commits.count } < 65)
    }

    @Test("after a commit failed nothing is taken and nothing is done")
    func journalFailure() async throws {
        let driver = try await begin(width: 2)
        let attempts = hands.attempts
        ledger.state.withLock { $0.fails = true }
        await #expect(throws: Ledger.Full.self) {
            try await driver.submit(.actionSucceeded(attempts[0], ActionResult()))
        }
        ledger.state.withLock { $0.fails = false }
        await #expect(throws: Ledger.Full.self) {
            try await driver.submit(.actionSucceeded(attempts[1], ActionResult()))
        }
        await #expect(throws: Ledger.Full.self) { _ = try await driver.ended() }
        #expect(await driver.execution.runningDispatches.count == 2)
    }

    @Test("recovery loses what ran, and what the outbox still names may have run (law 7)")
    func recovery() async throws {
        let first = try await begin(width: 2)
        let stored = await first.execution
        let later = Hands(ledger)
        let driver = try await Driver.recovering(
            stored, outbox: [.run(stored.runningDispatches[0])], journal: ledger, handler: later,
            circumstance: circumstance, observe: { _ in })
        #expect(Set(later.attempts.map(\.description)) == ["S/A0#2", "S/A1#2"])
        let before = stored.runningDispatches.map(\.attempt.id)
        #expect(Set(later.attempts.map(\.id)) == Set(before), "the idempotency key stays")
        for attempt in later.attempts { try await driver.submit(.actionSucceeded(attempt, ActionResult())) }
        #expect(try await driver.ended().status == .succeeded)
    }
}
