import Engine
import Foundation
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Settings
import Synchronization
import Testing

private let place = ActionLocation(pipeline: "p", stage: "Source")
private let source = ActionTypeID(category: "Source", owner: "Custom", provider: "Test", version: "1")
private let both = #", "operations": ["run", "check", "notify"]"#

@Suite("Operations: check and notify")
struct OperationTests {
    private func bench(_ body: String, type: String = both, properties: String = "") throws -> Bench {
        try Bench(body, properties: properties, type: type, category: "Source")
    }

    private func action(_ configuration: [String: String] = [:]) -> Action {
        Action(
            name: "Fetch", type: source, configuration: configuration, outputArtifacts: [OutputArtifact(name: "Code")])
    }

    private func failure(_ work: () async throws -> Void) async -> Failure? {
        do {
            try await work()
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test("a check is asked with the last cursor, without artifacts, and answers with the next and what is new")
    func check() async throws {
        let bench = try bench(
            """
            jq -r '[.operation, (.data.outputArtifacts | length), .data.cursor // "none",
                .data.pipelineContext.pipelineExecutionId // "outside"] | join(" ")' <<<"$job" >>$seen/asked
            ls out >>$seen/outputs
            echo looking
            say '{type:"jobSuccessResult",cursor:"c-2",changes:[{revision:"r1",author:"Kim"},{revision:"r2",files:["a"]}]}'
            """)
        let runner = try bench.runner()
        let log = Mutex<[String]>([])
        let first = try await runner.check(action(), at: place, cursor: nil) { line in
            log.withLock { $0.append(line.text) }
        }
        #expect(first.cursor == "c-2")
        #expect(
            first.changes == [
                Change(revision: .init(revision: "r1"), author: "Kim"),
                Change(revision: .init(revision: "r2"), files: ["a"]),
            ])
        #expect(log.withLock { $0 }.first == "looking")
        _ = try await runner.check(action(), at: place, cursor: first.cursor)
        #expect(bench.seen("asked") == ["check 0 none outside", "check 0 c-2 outside"])
        #expect(bench.seen("outputs") == [] && bench.leftInWorkspaces == [])
        await runner.shutdown()
    }

    @Test("a type that does not list the operation is not asked: ConfigurationError names it (HST-23)")
    func notListed() async throws {
        let bench = try bench("touch $seen/started", type: "")
        let runner = try bench.runner()
        for (operation, failure) in [
            ("check", await failure { _ = try await runner.check(action(), at: place, cursor: nil) }),
            ("notify", await failure { try await runner.notify(action(), at: place, event: [:], id: "n") }),
        ] {
            #expect(failure?.type == .configurationError)
            #expect(
                failure?.message.contains("does not serve \(operation) of Source/Custom/Test/1") == true,
                "\(String(describing: failure))")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(bench.root)/seen/started"))
    }

    @Test(
        "an answer that is none of a check is a protocol error",
        arguments: [
            (#"{type:"jobSuccessResult",changes:[{revision:"r"}]}"#, "without a cursor"),
            (#"{type:"jobSuccessResult",continuationToken:"t"}"#, "continuation token"),
            (#"{type:"jobSuccessResult",cursor:"c",changes:[{}]}"#, "revision"),
        ])
    func badAnswers(answer: String, reason: String) async throws {
        let bench = try bench("say '\(answer)'")
        let runner = try bench.runner()
        let failure = await failure { _ = try await runner.check(action(), at: place, cursor: nil) }
        #expect(
            failure?.hostCode == .protocolError && failure?.message.contains(reason) == true,
            "\(String(describing: failure))")
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("what a plugin fails with is told as it is; a crash as a crash")
    func failures() async throws {
        let bench = try bench(
            #"[ "$(jq -r .data.cursor <<<"$job")" = bad ] || exit 3; say '{type:"jobFailureResult",failureDetails:{type:"RevisionUnavailable",message:"the cursor is gone"}}'"#
        )
        let runner = try bench.runner()
        let told = await failure { _ = try await runner.check(action(), at: place, cursor: "bad") }
        #expect(told?.type == .revisionUnavailable && told?.message == "the cursor is gone")
        let crashed = await failure { _ = try await runner.check(action(), at: place, cursor: nil) }
        #expect(crashed?.hostCode == .noResult)
    }

    @Test("a secret in the cursor fails the check, because a cursor is kept (SecretInOutput)")
    func secretInCursor() async throws {
        let bench = try bench(
            #"say '{type:"jobSuccessResult",cursor:"at hunter2-canary"}'"#,
            properties: #"{"name":"Token","required":true,"key":false,"secret":true,"type":"String"}"#)
        let runner = try bench.runner()
        let failure = await failure {
            _ = try await runner.check(action(["Token": "hunter2-canary"]), at: place, cursor: nil)
        }
        #expect(failure?.hostCode == .secretInOutput && failure?.message.contains("canary") == false)
    }

    @Test("an event is delivered; the same id when it is tried again after a failure")
    func notify() async throws {
        let bench = try bench(
            """
            jq -c '[.operation, .data.event.detail.state, .data.pipelineContext.action.actionExecutionId]' <<<"$job" >>$seen/told
            [ $(wc -l <$seen/told) = 2 ] && say '{type:"jobSuccessResult"}'
            say '{type:"jobFailureResult",failureDetails:{type:"SystemUnavailable",message:"the server is down"}}'
            """)
        let runner = try bench.runner()
        let event: JSON = ["source": "aws.codepipeline", "detail": ["state": "FAILED"]]
        let first = await failure { try await runner.notify(action(), at: place, event: event, id: "n-1") }
        #expect(first?.type == .systemUnavailable && first?.hostCode == nil)
        try await runner.notify(action(), at: place, event: event, id: "n-1")
        #expect(bench.seen("told") == Array(repeating: #"["notify","FAILED","n-1"]"#, count: 2))
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("a check that takes too long is ended, and one whose task is cancelled, too")
    func ends() async throws {
        let bench = try bench("echo up; sleep 1000")
        let runner = try bench.runner()
        let late = await failure { _ = try await runner.check(action(), at: place, cursor: nil, timeoutSeconds: 1) }
        #expect(late?.hostCode == .timedOut && late?.message.contains("timeoutSeconds 1") == true)
        let (ready, started) = AsyncStream<Void>.makeStream()
        let task = Task { [self] in
            try await runner.check(action(), at: place, cursor: nil) { _ in started.yield() }
        }
        for await _ in ready { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("checks of a worker plugin share its process, and shutdown ends it")
    func worker() async throws {
        let script = """
            #!/usr/bin/python3
            import json, os, sys
            for line in sys.stdin:
                job = json.loads(line)
                print(json.dumps({"protocol": "penstock/1", "jobId": job["jobId"], "type": "jobSuccessResult",
                    "cursor": str(os.getpid())}), flush=True)
            """
        let bench = try Bench(
            "", run: #","lifecycle":"worker","maxConcurrentJobs":2"#, type: both, category: "Source", script: script)
        let runner = try bench.runner()
        var pids: Set<String> = []
        for _ in 1...3 { pids.insert(try await runner.check(action(), at: place, cursor: nil).cursor) }
        #expect(pids.count == 1)
        let other = ActionLocation(pipeline: "another", stage: "Source")
        pids.insert(try await runner.check(action(), at: other, cursor: nil).cursor)
        #expect(pids.count == 2, "a pipeline has a worker of its own")
        await runner.shutdown()
        #expect(bench.leftInWorkspaces == [])
        for pid in pids { #expect(kill(try #require(Int32(pid)), 0) != 0) }
    }
}
