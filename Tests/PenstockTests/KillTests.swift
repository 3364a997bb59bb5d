import Client
import Failpoints
import Glibc
import Jansson
import Testing

/// How an execution is driven: by a process that dies, and by one that comes after it.
struct Course: Sendable {
    /// Starts the execution.
    var begin: @Sendable (Site, _ environment: [String: String]) async throws -> Run
    /// Takes it up again.
    var goOn: @Sendable (Site, _ execution: String, _ environment: [String: String]) async throws -> Run

    /// `penstock run`, then `penstock resume`.
    static func foreground(sandbox: String = "namespaces") -> Course {
        let options = ["--approve", "always", "--keep-failed"]
        return Course(
            begin: { site, environment in
                try await site.start(
                    ["run", "pipeline.json", "--sandbox", sandbox] + options, environment: environment)
            },
            goOn: { site, execution, environment in
                try await site.start(["resume", execution] + options, environment: environment)
            })
    }
}

extension Course {
    /// `penstock serve`, and somebody who calls it.
    static let daemon = Course(
        begin: { site, environment in try await site.serve(environment) },
        goOn: { site, _, environment in try await site.serve(environment) })
}

extension Site {
    fileprivate func serve(_ environment: [String: String]) async throws -> Run {
        let run = try await start(["serve"], environment: environment)
        try attend(to: run, at: "\(state)/penstock.sock")
        return run
    }

    /// A daemon is attended to: the pipeline is made, or started where it is already, its approval is answered, and the
    /// daemon is asked to end when the execution is over.
    func attend(to run: Run, at socket: String) throws {
        let definition = try JSON(parsing: #require(contents(place("pipeline.json"))))
        Task {
            while !run.isOver {
                await attend(run, Client(socket: socket), definition)
                // The API tells nobody that something waits for an answer: it has to be asked now and then.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// What is not answered, because nobody listens yet or any more, is asked again.
    private func attend(_ run: Run, _ client: Client, _ definition: JSON) async {
        guard let listed = try? await client.call("ListPipelineExecutions", ["pipelineName": "shop"]) else {
            return _ = try? await client.call("CreatePipeline", ["pipeline": definition])
        }
        switch listed["pipelineExecutionSummaries"]?.elements.first?["status"]?.stringValue {
        case nil: _ = try? await client.call("StartPipelineExecution", ["name": "shop"])
        case "InProgress"?:
            let stages = try? await client.call("GetPipelineState", ["name": "shop"])["stageStates"]?.elements
            let gate = stages?.first { $0["stageName"] == "Gate" }?["actionStates"]?[0]?["latestExecution"]
            guard let token = gate?["token"] else { return }
            _ = try? await client.call(
                "PutApprovalResult",
                [
                    "pipelineName": "shop", "stageName": "Gate", "actionName": "Ok", "token": token,
                    "result": ["status": "Approved", "summary": "yes"],
                ])
        case _?: run.signal(SIGTERM)
        }
    }
}

@Suite("Killed at every step")
struct KillTests {
    /// What has to happen so that a step is reached.
    enum Story {
        /// A source, an action and a worker side by side, an approval and what is to happen outside once.
        case delivery
        /// An action that fails.
        case failure
        /// An action that is to be stopped, and is given up at the second request.
        case stop, abandonment
        /// A core that takes up a delivery that another left in the middle.
        case recovery
        /// A delivery that a daemon is asked for.
        case order
    }

    /// The steps of a pruning, which `PruneTests` kills.
    static let pruning = Failpoint.allCases.filter { story(of: $0) == nil }

    static func story(of failpoint: Failpoint) -> Story? {
        switch failpoint {
        case .beforeCommit, .insideCommit, .afterCommit, .effectTaken, .approvalTaken, .jobPlanned, .workspaceMade,
            .inputLaidOut, .inputsHandedOver, .cacheBorrowed, .sandboxReady, .spawned, .launchRecorded, .jobSent,
            .sandboxed, .progressRead, .resultRead, .processEnded, .processesGone, .cacheReturned, .blobsWritten,
            .blobsPlaced, .outputIngested, .resultKnown, .resultStored, .workspaceEmptied, .workspaceRemoved,
            .workerMade, .workerSpawned, .workerRecorded, .workerTold, .workerJobEnded, .workerGone, .approvalAnswered,
            .approvalStored, .executionEnded:
            .delivery
        case .declarationStored: .order
        case .workspaceKept: .failure
        case .stopAsked, .stopStored: .stop
        case .cancelTaken: .abandonment
        case .survivorsEnded, .recovered: .recovery
        case .executionsForgotten, .logsRemoved, .treesCollected: nil
        }
    }

    /// Each step the first time, and those of the journal at every commit of a delivery.
    static let moments =
        Failpoint.allCases.filter { story(of: $0) != nil }.map { ($0, 1) } + [
            (.beforeCommit, 2), (.insideCommit, 2), (.insideCommit, 3), (.insideCommit, 5), (.insideCommit, 6),
            (.afterCommit, 2), (.afterCommit, 3), (.afterCommit, 4), (.afterCommit, 5), (.afterCommit, 6),
            (.effectTaken, 2), (.effectTaken, 4), (.outputIngested, 2), (.resultStored, 3),
        ]

    @Test(
        "the execution ends as it should, no result is taken twice, and nothing is left over (HST-08, HST-26)",
        arguments: moments)
    func killed(at failpoint: Failpoint, time: Int) async throws {
        let story = try #require(Self.story(of: failpoint))
        let scene = try Scene(story == .order ? .daemon : .foreground(), story)
        try await scene.die(at: failpoint, time)
        try await scene.finish(deaths: 1)
    }

    @Test(
        "also when the process that takes it up is killed at the same step",
        arguments: [Failpoint.afterCommit, .effectTaken, .spawned, .jobSent, .resultKnown, .resultStored])
    func killedTwice(at failpoint: Failpoint) async throws {
        let scene = try Scene(.foreground(), .delivery)
        try await scene.die(at: failpoint, 1)
        try await scene.die(at: failpoint, 1)
        try await scene.finish(deaths: 2)
    }

    @Test(
        "a daemon goes on by itself with what another left",
        arguments: [
            (Failpoint.afterCommit, 1), (.afterCommit, 2), (.afterCommit, 5), (.beforeCommit, 1), (.insideCommit, 3),
            (.effectTaken, 2), (.approvalTaken, 1), (.jobSent, 2), (.resultKnown, 1), (.resultStored, 3),
        ])
    func daemonKilled(at failpoint: Failpoint, time: Int) async throws {
        let scene = try Scene(.daemon, .order)
        try await scene.die(at: failpoint, time)
        try await scene.finish(deaths: 1)
    }

    @Test("a daemon that is killed when it has taken up what another left goes on at the next start")
    func daemonKilledAgain() async throws {
        let scene = try Scene(.daemon, .order)
        try await scene.die(at: .jobSent, 2)
        try await scene.die(at: .recovered, 1)
        try await scene.finish(deaths: 2)
    }

    @Test(
        "without a sandbox what outlives the core is ended by the next one (HST-26)",
        arguments: [Failpoint.spawned, .launchRecorded, .jobSent, .resultRead, .workerSpawned, .workerTold])
    func killedWithoutSandbox(at failpoint: Failpoint) async throws {
        let scene = try Scene(.foreground(sandbox: "none"), .delivery)
        try await scene.die(at: failpoint, 1)
        try await scene.finish(deaths: 1)
    }

    @Test("a step that is none is refused by name", arguments: ["spawn", "spawned:0", "spawned:x", ""])
    func unknown(name: String) async throws {
        let outcome = try await Site().start(["history"], environment: ["PENSTOCK_FAILPOINT": name]).outcome()
        #expect(outcome.code == 3, "\(outcome)")
        #expect(outcome.errorText.hasPrefix("PENSTOCK_FAILPOINT=\(name): is not NAME or NAME:COUNT"), "\(outcome)")
        #expect(outcome.errorText.contains("jobSent, sandboxed"))
    }
}

/// One execution, and those who drive it.
private struct Scene {
    let site: Site
    let course: Course
    let story: KillTests.Story

    init(_ course: Course, _ story: KillTests.Story) throws {
        (self.course, self.story) = (course, story)
        site = try WorkerTests().site()
        try site.installPlugin(
            "keep", provider: "Keep", slots: ["signs": "ro", "shared": "rw"], run: ["cache": true])
        let paths = "{hostPaths: {signs: \(site.signs), shared: \(site.shared)}}"
        try site.write(
            "grants: {do: \(paths), keep: \(paths), team: \(paths), peek: {hostPaths: {signs: \(site.signs)}}}\n",
            to: "settings.yaml")
        try site.write(definition.text, to: "pipeline.json")
    }

    /// Each action notes its action execution id: what it did outside.
    private var definition: JSON {
        switch story {
        case .delivery, .order, .recovery:
            let make = """
                count made; cp in/Code/f out/App/f; echo x > out/Side/f; echo x > cache/f
                send '"type":"progress","executionDetails":{"percentComplete":50}'
                """
            return pipeline(
                Stage("Source", noting("Fetch", "count fetched; echo x > out/Code/f", "Source", out: ["Code"])),
                Stage(
                    "Build", action("Make", make, type: "Build/Custom/Keep", in: ["Code"], out: ["App", "Side"]),
                    WorkerTests().team("Team", "echo $ACTION >> $SHARED/teamed", in: ["Code"])),
                Stage("Gate", approval("Ok")), Stage("Ship", noting("Ship", "count shipped; cat in/App/f", in: ["App"]))
            )
        case .failure:
            return pipeline(
                Stage("Source", noting("Fetch", "count fetched; echo x > out/Code/f", "Source", out: ["Code"])),
                Stage("Build", noting("Make", "count made; fail no", in: ["Code"])))
        case .stop, .abandonment:
            return pipeline(
                Stage("Source", noting("Fetch", "count fetched; echo x > out/Code/f", "Source", out: ["Code"])),
                Stage("Build", noting("Make", "count made; echo working; await go", in: ["Code"])),
                Stage("Ship", noting("Ship", "count shipped; cat in/Code/f", in: ["Code"])))
        }
    }

    private func noting(
        _ name: String, _ script: String, _ category: String = "Build", in inputs: [String] = [], out: [String] = []
    ) -> JSON {
        action(name, script, type: "\(category)/Custom/Do", in: inputs, out: out)
    }

    private var ledgers: [String] {
        switch story {
        case .delivery, .order, .recovery: ["fetched", "made", "teamed", "shipped"]
        case .failure: ["fetched", "made"]
        case .stop, .abandonment: ["fetched", "made", "shipped"]
        }
    }

    /// Has the core die at a step; it is a failure when it does not.
    func die(at failpoint: Failpoint, _ time: Int) async throws {
        let fatal = ["PENSTOCK_FAILPOINT": "\(failpoint.rawValue):\(time)"]
        if story == .recovery { try await expectDeath(of: start(["PENSTOCK_FAILPOINT": "jobSent:2"]), "jobSent:2") }
        let run = try await start(fatal)
        switch story {
        case .delivery, .failure, .order, .recovery: break
        case .stop, .abandonment:
            try await run.until(says: "working")
            run.signal(SIGINT)
            if story == .abandonment {
                try await run.until(says: "stopping, waits for Make")
                run.signal(SIGINT)
            }
        }
        try await expectDeath(of: run, "\(failpoint.rawValue):\(time)")
    }

    private func expectDeath(of run: Run, _ moment: String) async throws {
        let outcome = try await run.outcome()
        try #require(outcome.code == nil, "it is killed at \(moment):\n\(outcome)")
    }

    /// The execution that is there goes on; else it begins.
    private func start(_ environment: [String: String] = [:]) async throws -> Run {
        guard let execution = try Record(of: site).executions.first else {
            return try await course.begin(site, environment)
        }
        return try await course.goOn(site, execution.id, environment)
    }

    /// Nobody dies any more.
    func finish(deaths: Int) async throws {
        try site.give("go")
        let status = story == .failure ? "Failed" : "Succeeded"
        let isOver = try Record(of: site).executions.first?.status == status
        if !isOver {
            let outcome = try await start().outcome()
            #expect(outcome.code == (story == .failure ? 1 : 0), "\(outcome)")
        }
        let record = try Record(of: site)
        #expect(record.executions.map(\.status) == [status])
        #expect(record.outbox == [] && record.damage == [])
        #expect(record.results.filter { $1 != 1 } == [:], "each attempt has one result")
        #expect(record.endedActions.count == Set(record.endedActions).count, "each action has one end")
        expectLedgers(record, deaths)
        // Of an execution that was over already, whoever comes next clears away.
        if isOver { #expect(try await site.run(StateTests.short).code == 0) }
        try await site.expectNothingLeft()
        try site.expectSoundArtifacts(record)
    }

    /// What happened outside was repeated under the same id, and only for those who died.
    private func expectLedgers(_ record: Record, _ deaths: Int) {
        var repeated = 0
        for ledger in ledgers {
            let ids = site.lines("shared/\(ledger)")
            let isNew = story == .abandonment && ledger == "made"
            #expect(Set(ids).count == (isNew ? 2 : 1), "\(ledger): \(ids)")
            #expect(record.endedActions.count { ids.contains($0) } == 1, "\(ledger): \(ids), \(record.endedActions)")
            repeated += ids.count - 1
        }
        // Two jobs run side by side.
        let limit = story == .recovery ? 2 * (deaths + 1) : 2 * deaths
        #expect(repeated <= limit, "\(repeated) of \(limit)")
    }
}
