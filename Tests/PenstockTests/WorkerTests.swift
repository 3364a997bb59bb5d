import Glibc
import Jansson
import Testing

@Suite("Workers")
struct WorkerTests {
    /// A worker that has bash run the `Script` of each job, in a thread of its own.
    private static let python = #"""
        #!/usr/bin/python3
        import json, os, signal, subprocess, sys, threading
        lock, running = threading.Lock(), {}
        def send(job, type, **more):
            with lock: os.write(1, json.dumps(dict(more, protocol="penstock/1", jobId=job["jobId"], type=type)).encode() + b"\n")
        def path(artifacts): return artifacts[0]["location"]["pathLocation"]["path"] if artifacts else ""
        def work(job, child):
            code = child.wait()
            if job["jobId"] in cancelled: return send(job, "jobAbandonedResult")
            if code == 0: return send(job, "jobSuccessResult", outputVariables={"Worker": str(os.getpid()), "Tmp": job["workspace"]["tmp"]})
            send(job, "jobFailureResult", failureDetails={"type": "JobFailed", "message": "status %d" % code})
        cancelled = set()
        for line in sys.stdin:
            job = json.loads(line)
            if job["type"] == "cancel":
                cancelled.add(job["jobId"])
                os.killpg(running[job["jobId"]].pid, signal.SIGTERM)
                continue
            send(job, "acknowledge")
            data = job["data"]
            variables = dict(os.environ, IN=path(data["inputArtifacts"]), OUT=path(data["outputArtifacts"]), SIGNS="SITE/signs", SHARED="SITE/shared",
                ACTION=data["pipelineContext"]["action"]["actionExecutionId"], ID=job["jobId"])
            script = 'await() { until [ -e "$SIGNS/$1" ]; do sleep 0.02; done; }\n' + data["actionConfiguration"]["configuration"]["Script"]
            child = subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=2, env=variables, start_new_session=True)
            running[job["jobId"]] = child
            threading.Thread(target=work, args=(job, child)).start()
        """#

    func site() throws -> Site {
        let site = try Site()
        let type: JSON = [
            "category": "Build", "provider": "Team", "version": "1",
            "configurationProperties": [
                ["name": "Script", "required": true, "key": true, "secret": false, "type": "String"]
            ],
            "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 5],
            "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 5],
        ]
        try site.install(
            "team", types: [type], script: Self.python.replacing("SITE", with: site.path),
            permissions: ["hostPaths": [["name": "signs", "mode": "ro"], ["name": "shared", "mode": "rw"]]],
            requires: ["python3"], run: ["lifecycle": "worker", "maxConcurrentJobs": 4])
        try site.write(
            "grants: {team: {hostPaths: {signs: \(site.signs), shared: \(site.shared)}},"
                + " peek: {hostPaths: {signs: \(site.signs)}}}\n", to: "settings.yaml")
        return site
    }

    func team(_ name: String, _ script: String, in inputs: [String] = [], out: [String] = []) -> JSON {
        action(name, script, type: "Build/Custom/Team", in: inputs, out: out, more: ["namespace": .string(name)])
    }

    @Test(
        "actions at once share one process, each with its own folders, and artifacts go in and out",
        arguments: sandboxes)
    func together(sandbox: String) async throws {
        let site = try site()
        // Each waits for the others, so that all of them run at once.
        let work =
            "echo $ID > $OUT/id; cat $IN/file > $OUT/file; echo x >> $SHARED/here;"
            + " until [ $(wc -l < $SHARED/here) = 3 ]; do sleep 0.02; done; ! touch $IN/new 2>/dev/null || [ SANDBOX = none ]"
        let three = ["A", "B", "C"].map { name in
            team(name, work.replacing("SANDBOX", with: sandbox), in: ["Code"], out: ["Of\(name)"])
        }
        let outcome = try await site.run(
            pipeline(
                source, Stage("Build", actions: three),
                Stage(
                    "End",
                    team(
                        "D",
                        "cat $IN/file; [ $OUT = jobs/$ID/out/Last ] && [ -d jobs/$ID/tmp ] && [ -d in/$ID ] && [ -d home ]",
                        in: ["OfB"], out: ["Last"]))),
            "--sandbox", sandbox)
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.text.contains("End/D | hello"), "\(outcome)")
        let shown = try await site.shown()
        let variables = shown["actions"]?.elements.compactMap { $0["outputVariables"] } ?? []
        // In a sandbox that has them, by its own numbers.
        let workers = try Set(["A", "B", "C"].map { try shown.action($0)["outputVariables"]?["Worker"]?.stringValue })
        #expect(workers.count == 1, "\(variables)")
        #expect(Set(variables.compactMap { $0["Tmp"]?.stringValue }).count == 4, "each job has its own")
        try await site.expectNothingLeft()
    }

    @Test("a crash of the worker has its jobs tried again, and one that crashes it again is poison (HST-18)")
    func crash() async throws {
        let site = try site()
        let once = "echo $ACTION >> $SHARED/a; [ $(wc -l < $SHARED/a) = 2 ] || kill -9 $PPID"
        #expect(try await site.run(pipeline(source, Stage("Build", team("A", once)))).code == 0)
        #expect(site.lines("shared/a").count == 2 && Set(site.lines("shared/a")).count == 1)
        let poisoned = try await site.run(
            pipeline(source, Stage("Build", team("A", "echo x >> $SHARED/b; kill -9 $PPID"))))
        #expect(poisoned.code == 1 && poisoned.text.contains("crashed twice in a row"), "\(poisoned)")
        #expect(site.lines("shared/b").count == 2)
        try await site.expectNothingLeft()
    }

    private var long: JSON {
        pipeline(
            source, Stage("Build", team("A", "echo $ACTION >> $SHARED/a; echo working; await go")),
            Stage("End", team("B", "true")))
    }

    @Test(
        "a core that is killed leaves no worker; the job is done again (HST-08, HST-26)",
        arguments: sandboxes)
    func killed(sandbox: String) async throws {
        let site = try site()
        let run = try await site.startRun(long, "--sandbox", sandbox, input: nil)
        try await run.until(says: "working")
        _ = try await run.outcome(after: SIGKILL)
        if sandbox != "none" {
            try await until("nothing outlives the core: \(site.processes())") { site.processes().isEmpty }
        }
        try site.give("go")
        #expect(try await site.resume().code == 0)
        #expect(site.lines("shared/a").count == 2 && Set(site.lines("shared/a")).count == 1)
        try await site.expectHistoryOfOneRun()
        try await site.expectNothingLeft()
    }

    @Test(
        "SIGTERM cancels a worker's job and ends the worker; resume runs the same action",
        arguments: sandboxes)
    func terminated(sandbox: String) async throws {
        let site = try site()
        let run = try await site.startRun(long, "--sandbox", sandbox)
        try await run.until(says: "working")
        #expect(try await run.outcome(after: SIGTERM).code == 4)
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded", "A": "InProgress"])
        try await site.expectNothingLeft()
        try site.give("go")
        #expect(try await site.resume().code == 0)
        #expect(site.lines("shared/a").count == 2 && Set(site.lines("shared/a")).count == 1)
    }

    @Test("a stub stands in for a worker's job, and no worker is started")
    func stub() async throws {
        let site = try site()
        let outcome = try await site.run(
            pipeline(source, Stage("Build", team("A", "exit 1", in: ["Code"]))), "--stub", "Build/*")
        #expect(outcome.code == 0, "\(outcome)")
        try await site.expectNothingLeft()
    }
}
