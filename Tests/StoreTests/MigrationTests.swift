import Engine
import Foundation
import GRDB
import Pipelines
import Testing

@testable import Store

/// `schema-1.sql` is a database that the last version with that schema made: executions that succeeded, failed, were
/// stopped after a stage (one was resumed then), interrupted twice, killed while they stopped and while they ran, wait for
/// an approval, and lacked a variable.
@Suite("Databases of schema 1")
struct MigrationTests {
    private func old(_ folder: Folder, _ change: String = "") throws {
        let url = try #require(Bundle.module.url(forResource: "schema-1", withExtension: "sql"))
        var configuration = GRDB.Configuration()
        // A dump has its tables in any order.
        configuration.foreignKeysEnabled = false
        let database = try DatabaseQueue(path: folder.path + "/penstock.db", configuration: configuration)
        let sql = try String(contentsOf: url, encoding: .utf8)
        // It brings its own transaction.
        try database.writeWithoutTransaction { try $0.execute(sql: sql + change) }
        try database.close()
    }

    private struct Row: Hashable {
        let id: String
        let status: String
        let actions: [String]
    }

    private func rows(_ database: Database) throws -> [Row] {
        try GRDB.Row.fetchAll(database, sql: "SELECT id, status FROM execution ORDER BY ordinal").map { row in
            let actions = try String.fetchAll(
                database, sql: "SELECT id || isCurrent || body FROM action WHERE execution = ? ORDER BY ordinal",
                arguments: [row["id"]])
            return Row(id: row["id"], status: row["status"], actions: actions)
        }
    }

    @Test("every execution is what it was, and its journal tells so with the ways into its stages")
    func migration() async throws {
        let folder = try Folder()
        try old(folder)
        let before = try await DatabaseQueue(path: folder.path + "/penstock.db").read { try rows($0) }
        let store = try Store(directory: folder.path, access: .writing)
        #expect(try await store.read { try rows($0) } == before)
        #expect(before.count == 9 && store.remarks.isEmpty)
        for row in before {
            let execution = try #require(try await store.execution(ExecutionID(row.id))?.execution)
            let facts = try await store.facts(of: execution.id)
            #expect(try Execution.folding(facts, of: execution.pipeline) == execution, "\(row.status) \(row.id)")
            let entered = facts.count { if case .stageEntered = $0.event { true } else { false } }
            #expect(entered == execution.stages.count)
            let jobs = try Execution.jobs(of: execution.pipeline, journal: facts)
            let ids = Set(jobs.map(\.dispatch.attempt.id)), pending = execution.pendingApprovals.map(\.attempt.id)
            #expect(ids.isSubset(of: Set(try await store.actions(of: execution.id).map(\.execution.id))))
            #expect(ids.isDisjoint(with: pending))
        }
    }

    @Test("what was in progress goes on to its end")
    func goingOn() async throws {
        let folder = try Folder()
        try old(folder)
        let store = try Store(directory: folder.path, access: .writing)
        let live = try await store.executions(limit: 10).filter { $0.status.name == "InProgress" }
        #expect(live.count == 2)
        for record in live {
            let (stored, outbox) = try #require(try await store.execution(record.id))
            var state = PipelineState(restoring: stored.pipeline, version: 1, gates: [:], executions: [stored])
            var accepted = outbox
            var count: Int64 = 0
            while let execution = state.executions[record.id] {
                count += 1
                let event: Event
                if let dispatch = execution.runningDispatches.first {
                    let names = dispatch.action.outputArtifacts.map(\.name)
                    let made = Dictionary(uniqueKeysWithValues: names.map { ($0, "d") })
                    event = .actionSucceeded(
                        dispatch.attempt, ActionResult(outputVariables: ["Size": "1"], artifacts: made))
                } else {
                    let request = try #require(execution.pendingApprovals.first)
                    let answer = ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "ann")
                    event = .approvalAnswered(request.attempt, answer)
                }
                let fact = PipelineFact(
                    .execution(record.id, event), at: Instant(milliseconds: count), seed: Seed(high: count, low: 1))
                let change = try state.apply(fact)
                try await store.commit(
                    Commit(executions: change.executions, pipeline: state, effects: change.effects, accepted: accepted))
                accepted = change.effects
            }
            let ended = try #require(try await store.recall(record.id))
            #expect(ended.status == .succeeded)
            #expect(try await Execution.folding(store.facts(of: record.id), of: ended.pipeline) == ended)
        }
    }

    @Test("what its journal does not tell is kept as it was, and said")
    func otherJournal() async throws {
        let folder = try Folder()
        try old(
            folder,
            "UPDATE action SET body = json_set(body, '$.startedAt.milliseconds', 7) WHERE action = 'Lint' AND status = 'Failed'"
        )
        let store = try Store(directory: folder.path, access: .writing)
        let failed = try #require(
            try await store.executions(limit: 10).first { $0.status.name == "Failed" && $0.start.pipelineVersion == 1 })
        #expect(store.remarks.count == 1 && store.remarks[0].contains(failed.id.text))
        let execution = try #require(try await store.recall(failed.id))
        #expect(execution.stages.last?.actions["Lint"]?.startedAt == Instant(milliseconds: 7))
        #expect(
            execution.stages.map(\.phase).last == .over(.failed(reason: "action Build/Lint failed", rollsBack: false)))
        store.close()
        #expect(try Store(directory: folder.path, access: .writing).remarks.isEmpty)
    }

    @Test("whoever only reads has it brought up to date, unless somebody else writes it")
    func reading() async throws {
        let folder = try Folder()
        try old(folder)
        do {
            let writer = try StateLock(directory: folder.path)
            defer { writer.release() }
            #expect(throws: StoreError.self) { _ = try Store(directory: folder.path, access: .reading) }
        }
        let store = try Store(directory: folder.path, access: .reading)
        #expect(try await store.executions(limit: 10).count == 9)
    }
}
