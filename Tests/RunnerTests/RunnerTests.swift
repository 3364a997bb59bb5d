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

@Suite("Runner")
struct RunnerTests {
    @Test("a continuation is a new job, in a new process and workspace, under the same action execution id (JOB-6)")
    func continuation() async throws {
        let bench = try Bench(
            """
            echo "$id" >>$seen/jobs; pwd >>$seen/places; echo $$ >>$seen/processes
            jq -r .data.pipelineContext.action.actionExecutionId <<<"$job" >>$seen/actions
            jq -r .attempt <<<"$job" >>$seen/attempts
            token=$(jq -r '.data.continuationToken // ""' <<<"$job"); echo "token:$token" >>$seen/tokens
            if [ -z "$token" ]; then
                say '{type:"jobSuccessResult",continuationToken:"d-42",continueAfterSeconds:1,executionDetails:{externalExecutionId:"x-1"}}'
            else say '{type:"jobSuccessResult",outputVariables:{A:"b"}}'; fi
            """)
        let (execution, action) = try await bench.run(Action(name: "A", type: type))
        #expect(execution.status == .succeeded)
        #expect(bench.seen("tokens") == ["token:", "token:d-42"])
        #expect(bench.seen("attempts") == ["1", "2"])
        #expect(Set(bench.seen("jobs")).count == 2 && Set(bench.seen("places")).count == 2)
        #expect(Set(bench.seen("actions")) == [action.id.text])
        #expect(action.external.id == "x-1")
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("the host measures the parts of a job, and all of its time went into something")
    func times() async throws {
        let bench = try Bench(#"say '{type:"jobSuccessResult"}'"#)
        let (execution, action) = try await bench.run(Action(name: "A", type: type))
        guard case .succeeded(let result) = action.state else { return #expect(Bool(false), "\(action.state)") }
        let times = try #require(result.times)
        #expect(times.runMilliseconds > 0, "a shell and jq are not started in no time")
        let parts = JobTimes.Part.allCases.reduce(0) { $0 + times[$1] }
        let span = action.updatedAt.milliseconds - action.startedAt.milliseconds
        #expect(parts <= span)
        let journal = bench.commits.withLock { $0.flatMap(\.executions).flatMap(\.facts) }
        let timing = try #require(
            try Timing(of: execution.declaration, journal: journal, until: journal.last!.at))
        #expect(timing.stages.flatMap(\.actions).map(\.totalMilliseconds) == [span])
        #expect(timing.stages[0].actions[0].uses[.run] == times.runMilliseconds)
    }

    @Test("a job that fails has its times, too")
    func timesOfFailure() async throws {
        let bench = try Bench("exit 3")
        let (_, action) = try await bench.run(Action(name: "A", type: type))
        #expect(action.failure?.times != nil)
    }

    @Test("progress is written down before the result, and shows the provider's id")
    func progress() async throws {
        let bench = try Bench(
            """
            say '{type:"progress",executionDetails:{summary:"half way",percentComplete:50,externalExecutionId:"x-9"}}'
            say '{type:"jobSuccessResult"}'
            """)
        let (_, action) = try await bench.run(Action(name: "A", type: type))
        #expect(action.external == ExternalExecution(id: "x-9", summary: "half way", percentComplete: 50))
        let kinds = bench.commits.withLock { $0.flatMap(\.executions).flatMap(\.facts) }.map { fact in
            switch fact.event {
            case .actionProgressed: "progressed"
            case .actionSucceeded: "succeeded"
            default: "other"
            }
        }
        #expect(kinds == ["other", "other", "progressed", "succeeded"])
    }

    @Test("past its time the job is killed and the action fails with both figures (HST-19)")
    func timeout() async throws {
        let bench = try Bench("sleep 1000", run: #","timeoutSeconds": 1, "cancelGraceSeconds": 1"#)
        let (_, action) = try await bench.run(Action(name: "A", type: type))
        #expect(action.failure?.code == "JobFailed")
        let message = try #require(action.failure?.message)
        #expect(message.contains("timeoutSeconds 1") && message.contains("measured"), "\(message)")
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("a workspace that grows over its limit ends the action, which names limit and value")
    func workspaceLimit() async throws {
        let bench = try Bench("head -c 3000000 /dev/zero >tmp/big; sleep 1000", run: #","cancelGraceSeconds": 1"#)
        let (_, action) = try await bench.run(
            Action(name: "A", type: type), limits: try LimitPolicy(settings: ["all": ["workspaceBytes": 1_000_000]]))
        #expect(action.failure?.code == "JobFailed")
        #expect(action.failure?.message.contains("the limit workspaceBytes is 1000000") == true)
    }

    @Test("an output that was not made fails the action, and names it (HST-14, ART-01)")
    func missingOutput() async throws {
        let bench = try Bench(#"rmdir out/App; say '{type:"jobSuccessResult"}'"#)
        let (_, action) = try await bench.run(
            Action(name: "A", type: type, outputArtifacts: [OutputArtifact(name: "App")]))
        #expect(action.failure?.code == "JobFailed")
        #expect(action.failure?.message.contains("output artifact App") == true)
    }

    @Test(
        "an output that leads out, or is no file, is refused by name (HST-14)",
        arguments: [
            ("ln -s /etc/passwd out/App/link", "link"), ("mkfifo out/App/pipe", "pipe"),
            ("ln -s ../../in out/App/up", "up"),
        ])
    func escapingOutput(command: String, name: String) async throws {
        let bench = try Bench(#"\#(command); say '{type:"jobSuccessResult"}'"#)
        let (_, action) = try await bench.run(
            Action(name: "A", type: type, outputArtifacts: [OutputArtifact(name: "App")]))
        #expect(action.failure?.code == "PermissionError")
        #expect(
            action.failure?.message.contains("output artifact App: \(name)") == true, "\(action.failure?.message ?? "")"
        )
    }

    @Test("an output that is closed to us, which it is not to root, is the plugin's fault and not asked again (HST-14)")
    func closedOutput() async throws {
        let bench = try Bench(#"echo x >out/App/f; chmod 0 out/App/f; say '{type:"jobSuccessResult"}'"#)
        let (_, action) = try await bench.run(
            Action(name: "A", type: type, outputArtifacts: [OutputArtifact(name: "App")]))
        #expect(action.failure?.code == (geteuid() == 0 ? nil : "PermissionError"))
    }

    @Test("a plugin that asks for a cache finds there what its last job left, and what failed jobs left, too")
    func cache() async throws {
        let bench = try Bench(
            """
            cat cache/runs; ls cache; echo run >>cache/runs; jq -r .workspace.cache <<<"$job" >>$seen/names
            if [ $(wc -l <cache/runs) = 1 ]; then exit 1; fi
            say '{type:"jobSuccessResult"}'
            """, run: #", "cache": true"#)
        for _ in 1...3 { _ = try await bench.run(Action(name: "A", type: type)) }
        #expect(bench.seen("names") == ["cache", "cache", "cache"])
        let kept = try String(contentsOfFile: "\(bench.root)/caches/p/S/A/runs", encoding: .utf8)
        #expect(kept == "run\nrun\nrun\n")
        _ = try await bench.run(Action(name: "B", type: type))
        #expect(FileManager.default.fileExists(atPath: "\(bench.root)/caches/p/S/B/runs"), "each action has its own")
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("a cache that cannot be had or kept is said, and nothing depends on it")
    func brokenCache() async throws {
        let bench = try Bench(
            #"[ -d cache ] && rmdir cache && ln -s / cache; say '{type:"jobSuccessResult"}'"#, run: #", "cache": true"#)
        for _ in 1...2 {
            let (execution, _) = try await bench.run(Action(name: "A", type: type))
            #expect(execution.status == .succeeded)
        }
        #expect(!FileManager.default.fileExists(atPath: "\(bench.root)/caches"), "a link is no cache")
        let other = try Bench(
            #"[ -d cache ] && echo x >cache/x; say '{type:"jobSuccessResult"}'"#, run: #", "cache": true"#)
        #expect(FileManager.default.createFile(atPath: "\(other.root)/caches", contents: nil))
        let (execution, _) = try await other.run(Action(name: "A", type: type))
        #expect(execution.status == .succeeded)
        #expect(other.log.contains { $0.contains("cache") && $0.contains("\(other.root)/caches") }, "\(other.log)")
    }

    @Test("a plugin that asks for no cache has none, and neither has an action named like a folder's parent")
    func noCache() async throws {
        let body = #"jq -r .workspace.cache <<<"$job" >>$seen/names; ls >>$seen/names; say '{type:"jobSuccessResult"}'"#
        let plain = try Bench(body)
        _ = try await plain.run(Action(name: "A", type: type))
        #expect(plain.seen("names").first == "null" && !plain.seen("names").contains("cache"))
        let wanting = try Bench(body, run: #", "cache": true"#)
        _ = try await wanting.run(Action(name: "..", type: type))
        #expect(wanting.seen("names").first == "null" && !wanting.seen("names").contains("cache"))
    }

    @Test("a secret that the settings' entry refers to reaches the plugin, and is masked (HST-13)")
    func secretInEntry() async throws {
        let bench = try Bench(
            """
            jq -r .data.providerSettings.key <<<"$job" | tee $seen/key
            say '{type:"jobSuccessResult"}'
            """, properties: #"{"name":"Name","required":true,"key":true,"secret":false,"type":"String"}"#,
            type: #", "providerSettings": {"collection": "things", "key": "{Name}"}"#)
        let file = "\(bench.root)/secret"
        try "hunter2-canary\n".write(toFile: file, atomically: true, encoding: .utf8)
        let settings = try Settings(
            [
                "secrets": ["s": ["file": .string(file)]],
                "Test": ["things": ["one": ["key": ["secret": "s"]]]],
            ], path: "s", providers: ["Test"])
        let (execution, _) = try await bench.run(
            Action(name: "A", type: type, configuration: ["Name": "one"]), settings: settings)
        #expect(execution.status == .succeeded)
        #expect(bench.seen("key") == ["hunter2-canary"])
        #expect(bench.log.contains("***") && !bench.log.contains { $0.contains("canary") })
    }

    @Test("outputs are taken on success only (HST-14)")
    func outputsOfFailure() async throws {
        let bench = try Bench(
            #"echo x >out/App/f; say '{type:"jobFailureResult",failureDetails:{type:"JobFailed",message:"no"}}'"#)
        let (execution, action) = try await bench.run(
            Action(name: "A", type: type, outputArtifacts: [OutputArtifact(name: "App")]))
        #expect(action.failure?.message == "no")
        #expect(execution.artifact("App") == nil)
        let trees = FileManager.default.subpaths(atPath: "\(bench.root)/artifacts")?.filter { $0.contains("/") } ?? []
        #expect(!trees.contains { $0.hasPrefix("blobs/") && $0.split(separator: "/").count > 2 })
    }

    @Test("a secret reaches the plugin and nothing that the host writes, in no encoding (HST-13)")
    func secrets() async throws {
        let secret = "hunter2-canary&<x>"
        let bench = try Bench(
            """
            token=$(jq -r .data.actionConfiguration.configuration.Token <<<"$job")
            variable=$(jq -r '.data.action.environmentVariables[0].value' <<<"$job")
            [ "$token" = "$variable" ] && echo same
            echo "plain $token"; printf %s "$token" | base64; jq -rn --arg t "$token" '$t|@uri'; echo "stray $token" >&3
            say '{type:"progress",executionDetails:{summary:"with \(secret)"}}'
            say '{type:"jobFailureResult",failureDetails:{type:"JobFailed",message:"refused \(secret)"}}'
            """,
            properties: #"{"name":"Token","required":true,"key":false,"secret":true,"type":"String"}"#)
        let file = "\(bench.root)/secret"
        try secret.write(toFile: file, atomically: true, encoding: .utf8)
        let settings = try Settings(["secrets": ["s": ["file": .string(file)]]], path: "s", providers: [])
        let (_, action) = try await bench.run(
            Action(
                name: "A", type: type, configuration: ["Token": secret], commands: ["x"],
                environmentVariables: [EnvironmentVariable(name: "S", value: "s", kind: .secretsManager)]),
            settings: settings)
        #expect(bench.log.contains("same"))
        var written = action.failure!.message + (action.external.summary ?? "") + bench.log.joined()
        for path in FileManager.default.subpaths(atPath: "\(bench.root)/logs") ?? [] {
            written += (try? String(contentsOfFile: "\(bench.root)/logs/\(path)", encoding: .utf8)) ?? ""
        }
        #expect(written.contains("refused ***"))
        let base64 = Data(secret.utf8).base64EncodedString()
        for form in [secret, String(base64.dropLast(4)), "hunter2-canary%26%3Cx%3E"] {
            #expect(!written.contains(form))
        }
    }

    @Test("what plugins of a dead core left behind is ended before anything starts (HST-26)")
    func survivors() async throws {
        let bench = try Bench("")
        let workspace = try Workspace(in: "\(bench.root)/workspaces", named: randomUUID(), owner: nil)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sleep")
        process.arguments = ["1000"]
        try process.run()
        workspace.record(process.processIdentifier)
        try await endSurvivors(in: "\(bench.root)/workspaces")
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("a type that no plugin serves is answered with where it was looked for (ACT-2)")
    func unknownType() async throws {
        let bench = try Bench("")
        let other = ActionTypeID(category: "Build", owner: "Custom", provider: "Tets", version: "1")
        let (_, action) = try await bench.run(Action(name: "A", type: other))
        #expect(action.failure?.code == "ConfigurationError")
        #expect(
            action.failure?.message.contains("looked in \(bench.root)/plugins; installed are Build/Custom/Test/1")
                == true)
    }
}
