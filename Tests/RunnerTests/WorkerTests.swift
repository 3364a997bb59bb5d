import Engine
import Foundation
import Jansson
import Pipelines
import PluginHost
import Runner
import Testing
import Workspaces

@Suite("Runner: jobs of workers")
struct WorkerTests {
    /// Runs the `Code` of each job's configuration.
    private static let python = """
        #!/usr/bin/python3
        import json, os, sys, time
        def send(type, **more):
            print(json.dumps(dict(more, protocol="penstock/1", jobId=job["jobId"], type=type)), flush=True)
        for line in sys.stdin:
            job = json.loads(line)
            if job["type"] == "cancel": send("jobAbandonedResult"); continue
            send("acknowledge")
            exec(job["data"]["actionConfiguration"]["configuration"]["Code"])
        """

    private func bench(_ run: String = "") throws -> Bench {
        try Bench(
            "", run: #","lifecycle":"worker","maxConcurrentJobs":4\#(run)"#,
            properties: #"{"name":"Code","required":true,"key":true,"secret":false,"type":"String"}"#,
            script: Self.python)
    }

    private func action(_ code: String, outputs: [String] = []) -> Action {
        Action(
            name: "A", type: type, configuration: ["Code": code],
            outputArtifacts: outputs.map { OutputArtifact(name: $0) })
    }

    @Test("a worker's scratch that grows over the limit fails the job, and the next process has a new one")
    func scratchLimit() async throws {
        let bench = try bench(#","cancelGraceSeconds": 1"#)
        let runner = try bench.runner(limits: try LimitPolicy(settings: ["all": ["workspaceBytes": 1_000_000]]))
        let fill = "os.mkdir('tmp/d'); open('tmp/d/f', 'wb').write(b'x' * 3000000)"
        let (_, filled) = try await bench.run(action(fill), by: runner)
        #expect(filled.failure?.message.contains("the limit workspaceBytes is 1000000") == true)
        let (execution, _) = try await bench.run(
            action("send('jobSuccessResult' if os.listdir('tmp') == [] else 'acknowledge')"), by: runner)
        #expect(execution.status == .succeeded)
        await runner.shutdown()
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("an output is checked when its job has ended, although the worker lives on (HST-14)")
    func outputs() async throws {
        let bench = try bench()
        let runner = try bench.runner()
        let path = "job['data']['outputArtifacts'][0]['location']['pathLocation']['path']"
        let (_, bad) = try await bench.run(
            action("os.symlink('/etc/passwd', \(path) + '/link'); send('jobSuccessResult')", outputs: ["App"]),
            by: runner)
        #expect(bad.failure?.code == "PermissionError")
        let (_, missing) = try await bench.run(
            action("os.rmdir(\(path)); send('jobSuccessResult')", outputs: ["App"]), by: runner)
        #expect(missing.failure?.message.contains("output artifact App") == true)
        let (good, _) = try await bench.run(
            action("open(\(path) + '/f', 'w').write('x'); send('jobSuccessResult')", outputs: ["App"]), by: runner)
        #expect(good.artifact("App") != nil)
        await runner.shutdown()
        #expect(bench.leftInWorkspaces == [])
    }

    @Test("a worker's jobs have the cache of their action, one after the other")
    func cache() async throws {
        let bench = try bench(#", "cache": true"#)
        let runner = try bench.runner()
        let code = """
            cache = job["workspace"]["cache"]
            count = len(os.listdir(cache))
            open(cache + "/" + str(count), "w").close()
            send("jobSuccessResult", outputVariables={"Count": str(count)})
            """
        for number in 0..<3 {
            let (_, action) = try await bench.run(action(code), by: runner)
            #expect(action.result?.outputVariables == ["Count": "\(number)"])
        }
        await runner.shutdown()
        #expect(FileManager.default.fileExists(atPath: "\(bench.root)/caches/p/S/A/2"))
    }

    @Test("a worker that is killed with its core is ended by the next, with what it had started (HST-26)")
    func survivors() async throws {
        let bench = try bench()
        let workspaces = "\(bench.root)/workspaces"
        let worker = try Workspace(ofWorkerIn: workspaces, named: randomUUID(), owner: nil)
        _ = try Workspace(of: randomUUID(), in: worker, outputs: ["App"])
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sleep")
        process.arguments = ["1000"]
        process.environment = ["HOME": "\(worker.root)/home"]
        try process.run()
        try await endSurvivors(in: workspaces)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(bench.leftInWorkspaces == [])
    }
}

extension ActionExecution {
    fileprivate var result: ActionResult? { if case .succeeded(let result) = state { result } else { nil } }
}
