import Engine
import Jansson
import Pipelines
import Scenarios
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("everything goes well by itself, in the order of stages, run orders and declaration")
    func well() {
        #expect(
            path([:]) == [
                "Source/Fetch: Succeeded", "Build/Compile: Succeeded", "Build/Lint: Succeeded",
                "Build/Measure: Succeeded", "Approve/Ask: Succeeded", "Deploy/Ship: Succeeded",
            ])
    }

    @Test("whoever is slower is later, and the next run order waits for all (ACT-3)")
    func delays() {
        let path = path(["stubs": ["Build/Compile": ["delaySeconds": 600]]])
        #expect(path[1...3] == ["Build/Lint: Succeeded", "Build/Compile: Succeeded", "Build/Measure: Succeeded"])
    }

    @Test("peers of a failure run to their end, nothing after it begins (ACT-4)")
    func failure() throws {
        let result = try #require(
            play(["stubs": ["Build/Lint": ["fail": ["type": "PermissionError"]], "Build/Compile": ["delaySeconds": 9]]])
                .result)
        #expect(
            result.simulation.path.map(\.description) == [
                "Source/Fetch: Succeeded", "Build/Lint: Failed", "Build/Compile: Succeeded",
            ])
        #expect(result.simulation.execution.status == .failed(reason: "action Build/Lint failed"))
    }

    @Test(
        "an approval is approved, rejected or expires, all of which takes no time (APR-2, APR-5)",
        arguments: [
            ([:], "Succeeded", 0), (["approval": "approved", "delaySeconds": 60], "Succeeded", 60),
            (["approval": "rejected", "summary": "no"], "Failed", 0), (["approval": "expires"], "Failed", 604_800),
            (["approval": "expires", "delaySeconds": 5], "Failed", 5),
            // Too late.
            (["approval": "approved", "delaySeconds": 604_800], "Failed", 604_800),
        ] as [(JSON, String, Int64)])
    func approvals(answer: JSON, outcome: String, seconds: Int64) throws {
        let simulation = try #require(play(["stubs": ["Approve/Ask": answer]]).result?.simulation)
        #expect(simulation.path.map(\.description)[4] == "Approve/Ask: \(outcome)")
        let asked = try #require(simulation.execution.stages[2].actions["Ask"])
        #expect(asked.updatedAt.milliseconds - asked.startedAt.milliseconds == seconds * 1_000)
    }

    @Test("an action whose stub takes longer than the action may has failed (QUO)")
    func timeLimit() throws {
        let simulation = try #require(play(["stubs": ["Deploy/Ship": ["delaySeconds": 5_400]]]).result?.simulation)
        guard case .failed(let failure) = simulation.execution.stages[3].actions["Ship"]?.state else {
            Issue.record("\(simulation.path)")
            return
        }
        #expect(failure.code == "JobFailed" && failure.message.contains("time limit"))
    }

    @Test("variables go where they are used, and stay what they are given")
    func variables() throws {
        let given: [String: JSON] = [
            "variables": ["Tag": "1", "Env": "prod"],
            "stubs": ["Source/Fetch": ["outputVariables": ["CommitId": "abc"]]],
        ]
        let execution = try #require(play(given).result?.simulation.execution)
        #expect(execution.stages[3].actions["Ship"]?.resolvedConfiguration == ["ObjectKey": "prod/abc"])
        #expect(execution.variables == ["Tag": "1", "Env": "prod"])
    }

    @Test("without a required variable nothing runs (VAR-5)")
    func requiredVariable() throws {
        let result = try #require(play(["variables": [:]], expect: ["status": "Failed", "path": []]).result)
        #expect(result.hasPassed && result.simulation.path.isEmpty, "\(result.deviations)")
    }

    @Test("an action that cannot even start stands in the path (VAR-3)")
    func unresolved() {
        var pipeline = shop
        pipeline.stages[3].actions[0].configuration["ObjectKey"] = "#{codepipeline.Nothing}"
        let document: JSON = [
            "scenarios": [["name": "s", "variables": ["Tag": "1"], "expect": ["status": "Failed"]]]
        ]
        let simulation = Scenario.read(document, for: pipeline).scenarios.first?.result(for: pipeline).simulation
        #expect(simulation?.path.last?.description == "Deploy/Ship: Failed")
    }

    @Test("the same scenario gives the same value, down to the ids")
    func deterministic() {
        let once = play().result, again = play().result
        #expect(once != nil && once == again)
    }

    @Test("stopAfter stops there")
    func stopAfter() throws {
        let result = try #require(
            play(["stopAfter": "Build"], expect: ["status": "Stopped", "neverReached": ["Approve/*"]]).result)
        #expect(result.hasPassed && result.simulation.path.count == 4, "\(result.deviations)")
    }

    @Test("a stage that is begun again by itself stands in the path twice (RTY-7)")
    func automaticRetry() {
        var pipeline = shop
        let name = pipeline.stages[1].name
        pipeline.stages[1].onFailure = StageConditions(result: "RETRY", retryMode: "FAILED_ACTIONS")
        let document: JSON = [
            "scenarios": [
                [
                    "name": "s", "variables": ["Tag": "1"], "expect": ["status": "Failed"],
                    "stubs": ["Build/Lint": ["fail": ["type": "JobFailed"]]],
                ]
            ]
        ]
        let simulation = Scenario.read(document, for: pipeline).scenarios.first?.result(for: pipeline).simulation
        let lines = simulation?.path.map(\.description).filter { $0.hasPrefix("\(name)/") }
        #expect(lines == ["Build/Compile: Succeeded", "Build/Lint: Failed", "Build/Lint: Failed"])
        #expect(simulation?.execution.attempt == 2)
    }
}
