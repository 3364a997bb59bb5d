import Artifacts
import Engine
import Foundation
import Jansson
import Pipelines
import PluginHost
import Runner
import Settings
import Synchronization
import Testing
import Workspaces

/// A machine for one test: one bash plugin that serves Custom/Test, everything in a folder of its own.
final class Bench: Journal {
    let root: String
    let commits = Mutex<[Commit]>([])
    let lines = Mutex<[LogLine]>([])

    /// - Parameter script: nil for bash with `body`.
    init(
        _ body: String, run: String = "", properties: String = "", type: String = "", category: String = "Build",
        script: String? = nil
    ) throws {
        root = FileManager.default.temporaryDirectory.appending(path: "penstock-runner-\(UUID().uuidString)").path
        for folder in ["plugins/test", "workspaces", "seen"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        let manifest = """
            {"manifestVersion": 1, "name": "test", "version": "1", "protocol": ["penstock/1"],
             "actionTypes": [{"category": "\(category)", "owner": "Custom", "provider": "Test", "version": "1",
               "configurationProperties": [\(properties)],
               "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 5},
               "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 5}\(type)}],
             "run": {"command": ["plugin"]\(run)}}
            """
        try manifest.write(toFile: "\(root)/plugins/test/plugin.json", atomically: true, encoding: .utf8)
        let bash = """
            #!/bin/bash
            exec 3>&1 1>&2
            job=$(cat)
            id=$(jq -r .jobId <<<"$job")
            say() { jq -cn --arg id "$id" "{protocol:\\"penstock/1\\",jobId:\\$id}+$1" >&3; }
            seen=\(root)/seen
            \(body)
            """
        try (script ?? bash).write(toFile: "\(root)/plugins/test/plugin", atomically: true, encoding: .utf8)
        chmod("\(root)/plugins/test/plugin", 0o755)
    }

    private var clock: @Sendable () -> Instant {
        { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func commit(_ commit: Commit) async throws { commits.withLock { $0.append(commit) } }

    func recall(_ id: ExecutionID) async throws -> Execution? {
        commits.withLock { $0.flatMap(\.executions).last { $0.after.id == id }?.after }
    }

    /// Without a sandbox.
    func runner(settings: Settings = .none, limits: LimitPolicy = LimitPolicy()) throws -> Runner {
        let setup = RunnerSetup(
            catalogue: PluginCatalogue(searching: ["\(root)/plugins"]), shippedPlugins: nil, settings: settings,
            artifacts: try ArtifactStore(directory: "\(root)/artifacts"), logs: ActionLogs(directory: "\(root)/logs"),
            workspaces: "\(root)/workspaces", caches: "\(root)/caches", sandbox: .none, limits: limits, version: "test",
            now: clock)
        return try Runner(setup) { [self] news in
            if case .log(_, let line) = news { lines.withLock { $0.append(line) } }
        }
    }

    /// Runs one action to its end, with a runner of its own.
    func run(
        _ action: Action, settings: Settings = .none, limits: LimitPolicy = LimitPolicy()
    ) async throws -> (execution: Execution, action: ActionExecution) {
        let runner = try runner(settings: settings, limits: limits)
        let ended = try await run(action, by: runner)
        await runner.shutdown()
        return ended
    }

    func run(_ action: Action, by runner: Runner) async throws -> (execution: Execution, action: ActionExecution) {
        let now = clock
        let start = Start(
            execution: ExecutionID(randomUUID()), pipelineVersion: 1, trigger: .init(type: "t", detail: ""),
            sandbox: "none")
        let pipeline = Pipeline(name: "p", stages: [Stage(name: "S", actions: [action])])
        let driver = Driver(
            PipelineState(pipeline, version: 1), journal: self, handler: runner,
            circumstance: Circumstance(now: now, seed: { Seed(high: .random(in: 0 ... .max), low: 1) }),
            observe: { _ in })
        try await driver.start(start)
        try await driver.ended()
        let execution = try await driver.execution(start.execution)!
        return (execution, execution.stages[0].actions[action.name]!)
    }

    func seen(_ name: String) -> [String] {
        let text = (try? String(contentsOfFile: "\(root)/seen/\(name)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    var leftInWorkspaces: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/workspaces")) ?? ["?"]
    }
    var log: [String] { lines.withLock { $0.map(\.text) } }
}

let type = ActionTypeID(category: "Build", owner: "Custom", provider: "Test", version: "1")

extension ActionExecution {
    var failure: ActionFailure? { if case .failed(let failure) = state { failure } else { nil } }
}
