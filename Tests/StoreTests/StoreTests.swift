import Engine
import Foundation
import GRDB
import Pipelines
import Testing

@testable import Store

@Suite("Store")
struct StoreTests {
    @Test("a snapshot is given back as it was, and equals the folded journal (law 4)")
    func snapshot() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        try await run.succeedSource()
        try await run.apply(
            .actionProgressed(run.attempt("Compile"), ExternalExecution(summary: "half", percentComplete: 50)))
        try await run.apply(.actionFailed(run.attempt("Compile"), ActionFailure(code: "JobFailed", message: "no")))
        try await run.apply(.stopRequested(StopRequest(kind: .abandon, reason: "enough", by: "ann")))
        try await run.apply(.resumed(by: "ann"))

        let stored = try #require(try await store.execution(run.execution.id))
        #expect(stored.execution == run.execution)
        #expect(Set(stored.outbox) == Set(run.effects))

        let facts = try await store.facts(of: run.execution.id)
        #expect(try Execution.folding(facts, of: Run.pipeline) == stored.execution)
    }

    @Test("rules, conditions, retries and the gates are given back as they were (CND-4, RTY-6)")
    func conditions() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let rule = Rule(
            name: "Compile", type: ActionTypeID(category: "Rule", owner: "AWS", provider: "X", version: "1"))
        var pipeline = Run.pipeline
        let condition = StageConditions(conditions: [Condition(result: "FAIL", rules: [rule])])
        (pipeline.stages[1].beforeEntry, pipeline.stages[1].onSuccess) = (condition, condition)
        var run = try await Run(store, of: pipeline)
        try await run.succeedSource()
        try await run.apply(.actionFailed(run.attempt("Compile"), ActionFailure(code: "JobFailed", message: "no")))
        try await run.apply(.stageRetried(StageRetry(stage: "Build", mode: .failedActions, by: "ann")))
        try await run.apply(.actionSucceeded(run.attempt("Compile"), ActionResult()))
        try await run.apply(
            .transitionChanged(TransitionChange(stage: "Build", side: .inbound, disabledReason: "freeze", by: "ann")))
        let stored = try #require(try await store.execution(run.execution.id)?.execution)
        #expect(stored == run.execution && stored.attempt == 2)
        #expect(try await Execution.folding(store.facts(of: stored.id), of: pipeline) == stored)
        let records = try await store.actions(of: stored.id)
        #expect(
            records.map { "\($0.place) \($0.isCurrent)" } == [
                "Source/Checkout true", "Build/beforeEntry/Compile false", "Build/beforeEntry/Compile true",
                "Build/Compile true", "Build/Ask true",
            ])
        let gates = try await store.gates(of: "shop", version: 1)
        #expect(gates == run.state.gates && gates["Build"]?.inside == stored.id)
        #expect(try await store.gates(of: "shop", version: 2).isEmpty)
        let restored = PipelineState(restoring: pipeline, version: 1, gates: gates, executions: [stored])
        #expect(restored == run.state)
    }

    @Test("what a stage that is begun again by itself forgets is kept as it was (RTY-1, RTY-7)")
    func replaced() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var pipeline = Run.pipeline
        pipeline.stages[0].onFailure = StageConditions(result: "RETRY", retryMode: "ALL_ACTIONS")
        pipeline.stages[1].onFailure = StageConditions(result: "RETRY", retryMode: "ALL_ACTIONS")
        var run = try await Run(store, of: pipeline)
        try await run.apply(.actionFailed(run.attempt("Checkout"), ActionFailure(code: "JobFailed", message: "no")))
        try await run.succeedSource()
        let request = try #require(run.execution.pendingApprovals.first)
        let answer = ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "ann")
        try await run.apply(.approvalAnswered(request.attempt, answer))
        try await run.apply(.actionFailed(run.attempt("Compile"), ActionFailure(code: "JobFailed", message: "no")))
        let records = try await store.actions(of: run.execution.id)
        #expect(
            records.map { "\($0.place) \($0.execution.state.name) \($0.isCurrent)" } == [
                "Source/Checkout Failed false", "Source/Checkout Succeeded true", "Build/Compile Failed false",
                "Build/Ask Succeeded false", "Build/Compile InProgress true", "Build/Ask InProgress true",
            ])
        #expect(try await store.recall(run.execution.id) == run.execution)
    }

    @Test("the journal keeps how long a transition held it, and what the host measured")
    func timing() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        try await run.apply(
            .transitionChanged(TransitionChange(stage: "Build", side: .inbound, disabledReason: "freeze", by: "ann")))
        let times = JobTimes(slot: 1, setUp: 2, run: 3, handOver: 4)
        let success = Event.actionSucceeded(run.attempt("Checkout"), ActionResult(artifacts: ["Code": "d1"]))
        try await run.apply(success.taking(times))
        try await run.apply(
            .transitionChanged(TransitionChange(stage: "Build", side: .inbound, disabledReason: nil, by: "ann")))
        let facts = try await store.facts(of: run.execution.id)
        #expect(facts.compactMap(\.heldMilliseconds) == [1])
        guard case .actionSucceeded(_, let result) = facts[2].event else { throw StoreError(.failed, "\(facts[2])") }
        #expect(result.times == times)
        #expect(try #require(await store.execution(run.execution.id)?.execution) == run.execution)
    }

    @Test("what succeeded in a stage last is found, whoever was started last")
    func lastSuccess() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        #expect(try await store.lastSuccess(in: "Source", of: "shop") == nil)
        var first = try await Run(store)
        let second = try await Run(store, id: "00000000-0000-4000-8000-000000000002")
        try await first.succeedSource()
        #expect(try await store.lastSuccess(in: "Source", of: "shop")?.id == first.execution.id)
        #expect(try await store.lastSuccess(in: "Build", of: "shop") == nil)
        #expect(try await store.lastSuccess(in: "Source", of: "other") == nil)
        #expect(second.execution.id != first.execution.id)
    }

    @Test("what an older version says of the gates does not undo what a newer one says")
    func gatesOfVersions() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var old = try await Run(store)
        var pipeline = Run.pipeline
        pipeline.stages[1].name = "Make"
        let new = try await Run(store, of: pipeline, id: "00000000-0000-4000-8000-000000000002")
        try await old.succeedSource()
        #expect(try await store.gates(of: "shop", version: 2) == new.state.gates)
        #expect(try await store.gates(of: "shop", version: 1).isEmpty)
    }

    @Test("history keeps every admission, with revisions, variables and artifacts to ask for")
    func history() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        try await run.succeedSource()
        try await run.apply(.stopRequested(StopRequest(kind: .abandon, reason: "", by: "")))
        try await run.apply(.resumed(by: "ann"))
        let actions = try await store.actions(of: run.execution.id)
        #expect(actions.map(\.place.name) == ["Checkout", "Compile", "Ask", "Compile", "Ask"])
        #expect(actions.map(\.isCurrent) == [true, false, false, true, true])
        #expect(
            actions.map(\.execution.state.name) == ["Succeeded", "Abandoned", "Abandoned", "InProgress", "InProgress"])
        let rows = try await store.read { database in
            try String.fetchAll(database, sql: "SELECT value FROM outputVariable ORDER BY name")
                + String.fetchAll(database, sql: "SELECT digest FROM artifact")
                + String.fetchAll(database, sql: "SELECT revision FROM revision")
        }
        #expect(rows == ["abc", "a 'quoted' \"line\"\n", "d1", "abc"])
        let records = try await store.executions(limit: 10)
        #expect(records.map(\.status.name) == ["InProgress"])
        #expect(records.map(\.start.pipelineVersion) == [1])
        #expect(try await store.executions(idPrefix: "00000000-0000").count == 1)
        #expect(try await store.executions(idPrefix: "1").isEmpty)
        #expect(try await store.executions(pipeline: "other", limit: 10).isEmpty)
    }

    @Test("a definition gets a new version only when it changes (STR-6)")
    func versions() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var pipeline = Run.pipeline
        #expect(try await store.save(pipeline, at: Instant(milliseconds: 0)) == 1)
        #expect(try await store.save(pipeline, at: Instant(milliseconds: 0)) == 1)
        pipeline.stages[1].name = "Compile"
        #expect(try await store.save(pipeline, at: Instant(milliseconds: 0)) == 2)
        #expect(try await store.save(Run.pipeline, at: Instant(milliseconds: 0)) == 3)
    }
}
