import Engine
import Foundation
import GRDB
import Pipelines
import Testing

@testable import Store

/// A directory of its own for one test.
final class Folder: Sendable {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "penstock-store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An execution whose facts are committed as they are applied.
struct Run {
    let store: Store
    private(set) var state: PipelineState
    private(set) var execution: Execution
    private(set) var effects: [Effect]
    private var count: Int64 = 1

    static let pipeline: Pipeline = {
        let source = ActionTypeID(category: "Source", owner: "Custom", provider: "X", version: "1")
        let build = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        return Pipeline(
            name: "shop",
            stages: [
                Stage(
                    name: "Source",
                    actions: [Action(name: "Checkout", type: source, outputArtifacts: [OutputArtifact(name: "Code")])]),
                Stage(
                    name: "Build",
                    actions: [
                        Action(name: "Compile", type: build, inputArtifacts: ["Code"]),
                        Action(name: "Ask", type: .manualApproval),
                    ]),
            ], variables: [PipelineVariable(name: "Level", defaultValue: "1")])
    }()

    init(
        _ store: Store, of pipeline: Pipeline = pipeline, id: String = "00000000-0000-4000-8000-000000000001"
    ) async throws {
        self.store = store
        let version = try await store.save(pipeline, at: Instant(milliseconds: 0))
        let start = Start(
            execution: ExecutionID(id), pipelineVersion: version,
            trigger: .init(type: "StartPipelineExecution", detail: "t"),
            sandbox: "none")
        state = PipelineState(pipeline, version: version)
        let seed = Seed(high: 1, low: Int64(id.hashValue))
        let change = try state.apply(PipelineFact(.started(start), at: Instant(milliseconds: 1), seed: seed))
        (execution, effects) = (change.executions[0].after, change.effects)
        try await store.commit(
            Commit(executions: change.executions, pipeline: state, effects: effects, accepted: []))
    }

    mutating func apply(_ event: Event) async throws {
        try await apply(.execution(execution.id, event))
    }

    mutating func apply(_ event: PipelineEvent) async throws {
        count += 1
        let fact = PipelineFact(event, at: Instant(milliseconds: count), seed: Seed(high: count, low: 7))
        let accepted = effects
        let change = try state.apply(fact, recalling: execution)
        effects = change.effects
        execution = change.executions.first { $0.after.id == execution.id }?.after ?? execution
        try await store.commit(
            Commit(
                executions: change.executions, pipeline: change.gatesChanged ? state : nil, effects: effects,
                accepted: accepted))
    }

    func attempt(_ action: String) -> Attempt {
        (execution.runningDispatches.map(\.attempt) + execution.pendingApprovals.map(\.attempt)).first {
            $0.action == action
        }!
    }

    mutating func succeedSource() async throws {
        try await apply(
            .actionSucceeded(
                attempt("Checkout"),
                ActionResult(
                    outputVariables: ["CommitId": "abc", "Message": "a 'quoted' \"line\"\n"], artifacts: ["Code": "d1"],
                    revision: Revision(id: "abc", changeIdentifier: "main", summary: "first", created: nil))))
    }
}

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

    @Test("FULL synchronisation and WAL are really in force")
    func durability() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        _ = try await Run(store)
        let pragmas = try await store.write { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        #expect(pragmas.0 == 2)
        #expect(pragmas.1 == "wal")
    }

    @Test("a second writer is refused by name, a reader is not, and the lock goes with its holder")
    func locking() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let run = try await Run(store)
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("two writers")
        } catch {
            #expect(error.code == .locked)
            #expect(error.message.contains(folder.path) && error.message.contains("process \(getpid())"))
        }
        let reader = try Store(directory: folder.path, access: .reading)
        #expect(try await reader.execution(run.execution.id)?.execution == run.execution)
        store.close()
        #expect(throws: Never.self) { _ = try Store(directory: folder.path, access: .writing) }
    }

    @Test("configuration values are stored, so only we can read the files; an older one is narrowed (HST-13)")
    func modes() async throws {
        let folder = try Folder()
        let path = folder.path + "/penstock.db"
        for _ in 1...2 {
            let store = try Store(directory: folder.path, access: .writing)
            _ = try await store.save(Run.pipeline, at: Instant(milliseconds: 0))
            for suffix in ["", "-wal", "-shm"] {
                var status = stat()
                #expect(stat(path + suffix, &status) == 0 && status.st_mode & 0o777 == 0o600, "penstock.db\(suffix)")
            }
            store.close()
            #expect(chmod(path, 0o644) == 0)
        }
    }

    @Test("what is committed survives the writer, and reading needs no lock")
    func reopening() async throws {
        let folder = try Folder()
        let first = try Store(directory: folder.path, access: .writing)
        var run = try await Run(first)
        try await run.succeedSource()
        first.close()
        let second = try Store(directory: folder.path, access: .writing)
        #expect(try await second.execution(run.execution.id)?.execution == run.execution)
    }

    @Test("commits of many executions at once all land, joined or not")
    func groupCommit() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    var run = try await Run(store, id: "00000000-0000-4000-8000-\(100_000_000_000 + index)")
                    try await run.succeedSource()
                }
            }
            try await group.waitForAll()
        }
        let counts = try await store.read { database in
            try Int.fetchAll(database, sql: "SELECT count(*) FROM fact GROUP BY execution")
        }
        #expect(counts == [Int](repeating: 4, count: 100), "the start, the way into both stages, and the result")
    }

    @Test("nothing of a commit that fails is stored")
    func atomicity() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        try await store.write { try $0.execute(sql: "DROP TABLE revision") }
        let before = run.execution
        await #expect(throws: StoreError.self) { try await run.succeedSource() }
        #expect(try await store.execution(before.id)?.execution == before)
        #expect(try await store.facts(of: before.id).count == 2)
    }

    @Test("reading where nothing was recorded says so")
    func missing() throws {
        let folder = try Folder()
        #expect(throws: StoreError(.missing, "\(folder.path): no execution has been recorded here; is --state right?"))
        {
            _ = try Store(directory: folder.path, access: .reading)
        }
    }

    @Test("a file that is no database is named")
    func damaged() throws {
        let folder = try Folder()
        try Data(repeating: 65, count: 5_000).write(to: URL(filePath: folder.path + "/penstock.db"))
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.message.contains("penstock.db: is not a Penstock database"))
        }
    }

    @Test("a state directory of a newer Penstock is refused")
    func newerSchema() async throws {
        let folder = try Folder()
        do {
            let store = try Store(directory: folder.path, access: .writing)
            try await store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
            store.close()
        }
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.code == .newerSchema)
        }
    }

    @Test("a state directory that cannot be made is named")
    func unwritable() throws {
        let folder = try Folder()
        try Data().write(to: URL(filePath: folder.path + "/file"))
        do {
            _ = try Store(directory: folder.path + "/file/state", access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.code == .notWritable)
            #expect(error.message.contains("/file/state"))
        }
    }

    @Test(
        "a full disk refuses the commit in words, and what was there stays",
        .enabled(if: getuid() == 0, "needs root to mount a small disk"))
    func diskFull() async throws {
        let folder = try Folder()
        #expect(shell("mount -t tmpfs -o size=1m penstock-test \(folder.path)") == 0)
        defer { _ = shell("umount -l \(folder.path)") }
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        #expect(shell("head -c 2m /dev/zero > \(folder.path)/ballast 2>/dev/null") != 0)
        let before = run.execution
        let long = String(repeating: "x", count: 2_000_000)
        do {
            try await run.apply(.actionFailed(run.attempt("Checkout"), ActionFailure(code: "JobFailed", message: long)))
            Issue.record("stored on a full disk")
        } catch {
            #expect((error as? StoreError)?.code == .diskFull)
        }
        #expect(shell("rm \(folder.path)/ballast") == 0)
        #expect(try await store.execution(before.id)?.execution == before)
    }

    private func shell(_ command: String) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("a commit that cannot be written does not take those with it that stand beside it")
    func neighbours() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let ids = (2...9).map { "00000000-0000-4000-8000-00000000000\($0)" }
        _ = try await Run(store, id: ids[0])
        // All at once, so that some share a transaction; the first one's id is taken.
        let outcomes = await withTaskGroup(of: (String, Bool).self) { group in
            for id in ids { group.addTask { (id, (try? await Run(store, id: id)) != nil) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes[ids[0]] == false)
        for id in ids.dropFirst() {
            #expect(outcomes[id] == true)
            #expect(try await store.execution(ExecutionID(id)) != nil)
        }
    }
}
