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
