import Engine
import GRDB
import Pipelines
import Testing

@testable import Store

@Suite("What the store holds, and forgets")
struct StoreRetentionTests {
    private static let digest = String(repeating: "ab", count: 32)

    private func run(_ store: Store, _ number: Int) async throws -> Run {
        try await Run(store, id: "00000000-0000-4000-8000-00000000000\(number)")
    }

    @Test("an execution is forgotten with all that is known of it, and nothing else is")
    func forget() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let (first, second) = (try await run(store, 1), try await run(store, 2))
        for run in [first, second] {
            var run = run
            try await run.succeedSource()
        }
        try await store.forget([first.execution.id])
        #expect(try await store.execution(first.execution.id) == nil)
        #expect(try await store.execution(second.execution.id) != nil)
        for table in ["fact", "action", "stage", "outbox"] {
            let count = try await store.read { database in
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM \(table) WHERE execution = ?",
                    arguments: [first.execution.id.text])
            }
            #expect(count == 0, "\(table)")
        }
        #expect(try await store.facts(of: second.execution.id).count > 1)
        #expect(try await store.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").isEmpty })
    }

    @Test("what an execution holds is told, with the gates")
    func holdings() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await run(store, 1)
        let made = ActionResult(artifacts: ["Code": Self.digest])
        try await run.apply(.actionSucceeded(run.attempt("Checkout"), made))
        let (holdings, gates) = try await store.holdings()
        #expect(
            holdings == [
                Holding(
                    id: run.execution.id, pipeline: "shop", isOver: false, updatedAt: Instant(milliseconds: 2),
                    ordinal: 1, artifacts: [Self.digest], succeededIn: ["Source"])
            ])
        #expect(Set(gates.compactMap(\.latest)) == [run.execution.id])
        #expect(try await store.artifactsInUse(without: []) == [Self.digest])
        #expect(try await store.artifactsInUse(without: [run.execution.id]) == [])
    }

    @Test("what a rollback has taken over is in use, also when its target is forgotten (RBK-1)")
    func rollback() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let first = try await run(store, 1)
        let start = Start(
            execution: ExecutionID("00000000-0000-4000-8000-000000000009"), pipelineVersion: 1,
            trigger: .init(type: "ManualRollback", detail: "t"),
            rollback: Rollback(
                target: first.execution.id, stage: "Build", variables: [:], artifacts: ["Code": Self.digest],
                revisions: [:], outputVariables: [:]), sandbox: "none")
        let text = try jsonText(start)
        try await store.write { database in
            try database.execute(
                sql: """
                    INSERT INTO execution SELECT 9, ?, pipeline, pipelineVersion, status, startedAt, updatedAt, ?,
                        statusDetail, variables, attempt, NULL FROM execution LIMIT 1
                    """, arguments: [start.execution.text, text])
        }
        try await store.forget([first.execution.id])
        #expect(try await store.artifactsInUse(without: []) == [Self.digest])
        #expect(try await store.holdings().executions.map(\.succeededIn) == [[]])
    }

    @Test("of what is asked to be forgotten, an execution stays that is not over, or that a gate knows (EXE-12)")
    func registry() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var pipeline = Run.pipeline
        pipeline.executionMode = .queued
        _ = try await store.create(pipeline, at: Instant(milliseconds: 0))
        let registry = PipelineRegistry(
            store, handler: Standstill(),
            circumstance: Circumstance(
                now: { Instant(milliseconds: 5) },
                seed: { Seed(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) }),
            observe: { _ in }, failed: { Issue.record("\($0)") })
        let driver = try #require(try await registry.driver(of: "shop"))
        let ids = (1...2).map { ExecutionID("00000000-0000-4000-8000-00000000000\($0)") }
        func start(_ id: ExecutionID) async throws {
            try await driver.start(
                Start(
                    execution: id, pipelineVersion: 1, trigger: .init(type: "StartPipelineExecution", detail: "t"),
                    sandbox: "none"))
        }
        func end(_ id: ExecutionID) async throws {
            try await driver.submit(.stopRequested(StopRequest(kind: .abandon, reason: "enough", by: "ann")), of: id)
        }
        try await start(ids[0])
        #expect(try await registry.forget([ids[0]], of: "shop") == [])
        try await end(ids[0])
        #expect(try await registry.forget([ids[0]], of: "shop") == [])
        try await start(ids[1])
        try await end(ids[1])
        // The second entered the stage last.
        #expect(try await registry.forget(ids, of: "shop") == [ids[0]])
        #expect(try await store.execution(ids[0]) == nil)
        #expect(try await store.execution(ids[1]) != nil)
        #expect(try await registry.forget(ids, of: "nobody") == [])
    }
}

private struct Standstill: EffectHandler {
    func perform(_ effect: Effect, for driver: Driver) {}
}
