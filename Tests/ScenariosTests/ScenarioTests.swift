import Engine
import Jansson
import Pipelines
import Scenarios
import Testing

@Suite("Scenarios")
struct ScenarioTests {
    @Test("a group of a path may come in any order, what stands alone may not")
    func groups() throws {
        for group: JSON in [
            ["Build/Compile: Succeeded", "Build/Lint: Succeeded"],
            ["Build/Lint: Succeeded", "Build/Compile: Succeeded"],
        ] {
            var path = wholePath
            path[1] = group
            #expect(play(expect: ["status": "Succeeded", "path": .array(path)]).result?.hasPassed == true)
        }
        let sequence = [wholePath[0], "Build/Lint: Succeeded", "Build/Compile: Succeeded"] + wholePath[2...]
        let result = try #require(play(expect: ["status": "Succeeded", "path": .array(sequence)]).result)
        #expect(!result.hasPassed)
        // What belongs to one group cannot come before what belongs to an earlier one.
        let apart: [JSON] = [["Source/Fetch: Succeeded", "Build/Lint: Succeeded"], "Build/Compile: Succeeded"]
        #expect(
            play(expect: ["status": "Succeeded", "path": .array(apart + wholePath[2...])]).result?.hasPassed == false)
    }

    @Test("a step may be written as YAML reads it without quotes")
    func mapStep() {
        var path = wholePath
        path[0] = ["Source/Fetch": "Succeeded"]
        #expect(play(expect: ["status": "Succeeded", "path": .array(path)]).result?.hasPassed == true)
    }

    @Test("what deviates is compared line by line")
    func comparison() throws {
        let failing: [String: JSON] = ["stubs": ["Build/Measure": ["fail": [:]]]]
        let result = try #require(play(failing, expect: ["status": "Succeeded", "path": .array(wholePath)]).result)
        let report = Report(pipeline: "shop", results: [result])
        #expect(
            report.human(quiet: false) == """
                FAIL  s
                      status: expected Succeeded, was Failed: action Build/Measure failed
                      path (- expected, + happened):
                          Source/Fetch: Succeeded
                          Build/Compile: Succeeded
                          Build/Lint: Succeeded
                        - Build/Measure: Succeeded
                        - Approve/Ask: Succeeded
                        - Deploy/Ship: Succeeded
                        + Build/Measure: Failed
                1 scenario: 0 passed, 1 failed

                """)
    }

    @Test(
        "each expectation is held to",
        arguments: [
            (["variables": ["Built.Pages": "4"]], "variable Built.Pages: expected 4, was stub-Built.Pages"),
            (["variables": ["Built.Nothing": "4"]], "variable Built.Nothing: expected 4, was no value"),
            (["variables": ["variables.Env": "prod"]], "variable variables.Env: expected prod, was test"),
            (["neverReached": ["*/Ship"]], "Deploy/Ship: expected never reached, was Succeeded"),
            (["failure": ["action": "Deploy/Ship"]], "failure of Deploy/Ship: expected Failed, was Succeeded"),
        ] as [([String: JSON], String)])
    func expectations(expect: [String: JSON], message: String) throws {
        let result = try #require(
            play(expect: .object(expect.merging(["status": "Succeeded"]) { $1 })).result)
        let said = Report(pipeline: "shop", results: [result]).human(quiet: true)
        #expect(!result.hasPassed && said.contains(message), "\(said)")
    }

    @Test("a failure is expected by its type and a part of its message")
    func failures() throws {
        let broken: [String: JSON] = [
            "stubs": ["Build/Lint": ["fail": ["type": "ConfigurationError", "message": "no x"]]]
        ]
        func said(_ failure: JSON) throws -> String {
            let result = try #require(play(broken, expect: ["status": "Failed", "failure": failure]).result)
            return Report(pipeline: "shop", results: [result]).human(quiet: true)
        }
        let passed = "1 scenario: 1 passed, 0 failed\n"
        #expect(try said(["action": "Build/Lint", "type": "ConfigurationError", "message": "no"]) == passed)
        #expect(
            try said(["action": "Build/Lint", "type": "JobFailed"]).contains("expected JobFailed, was Configuration"))
        #expect(try said(["action": "Build/Lint", "message": "y"]).contains("expected a text with \"y\", was no x"))
        #expect(
            try said(["action": "Deploy/Ship"]).contains("failure of Deploy/Ship: expected Failed, was never reached"))
    }

    @Test("scenarios inherit variables and stubs, and their own count first")
    func defaults() throws {
        let defaults: JSON = [
            "variables": ["Env": "prod", "Tag": "0"], "stubs": ["Build/*": ["fail": ["message": "by default"]]],
        ]
        let inherited = try #require(play(defaults: defaults).result?.simulation)
        #expect(inherited.execution.variables == ["Env": "prod", "Tag": "1"])
        #expect(inherited.path.map(\.description).last == "Build/Lint: Failed")
        #expect(path(["stubs": ["Build/*": [:]]], defaults: defaults).count == 6)
    }

    @Test(
        "what is wrong in a file of scenarios is said with its place and what may be meant",
        arguments: [
            ([:], "scenarios is required"), ([], "the document must be an object, found a list"),
            (["scenarios": []], "scenarios has no scenario, so nothing would be tested"),
            (["scenarios": [:]], "scenarios must be a list, found an object"),
            (["scenario": []], "scenario is not a known key; did you mean \"scenarios\"?"),
            (["scenarios": [[:]]], "scenarios[0].name is required"),
            (["scenarios": [["name": "a"]]], "scenarios[0].expect is required"),
            (["scenarios": [["name": "", "expect": [:]]]], "scenarios[0].name must have 1 to 200 characters"),
            (["scenarios": [["name": "a", "expect": [:]]]], "scenarios[0].expect.status is required"),
            (["scenarios": [3]], "scenarios[0] must be an object, found an integer"),
            (["defaults": ["variables": ["Enw": "x"]], "scenarios": []], "did you mean \"Env\"?"),
            (
                ["defaults": ["stub": [:]], "scenarios": []],
                "defaults.stub is not a known key; did you mean \"stubs\"?"
            ),
        ] as [(JSON, String)])
    func files(document: JSON, message: String) {
        let findings = Scenario.read(document, for: shop).findings.map(\.description)
        #expect(findings.contains { $0.contains(message) }, "\(findings)")
    }

    @Test(
        "what is wrong in a scenario is said, too",
        arguments: [
            (["stopAfter": "Bild"], "names no stage: \"Bild\"; did you mean \"Build\"?"),
            (["stubs": ["Deploy/Shp": [:]]], "scenarios[0].stubs.Deploy/Shp matches no action; did you mean"),
            (["variables": ["Tags": "1"]], "names no variable of the pipeline: \"Tags\"; did you mean \"Tag\"?"),
            (["expect": ["status": "Suceeded"]], "names no status: \"Suceeded\"; did you mean \"Succeeded\"?"),
            (["expect": ["path": "x"]], "scenarios[0].expect.path must be a list, found a string"),
            (["expect": ["path": ["Build/Lnt: Failed"]]], "did you mean \"Build/Lint\"?"),
            (["expect": ["path": ["Build/Lint"]]], "names no outcome: \"\""),
            (["expect": ["path": ["Build/Lint: Skipped"]]], "names no outcome: \"Skipped\""),
            (["expect": ["path": [7]]], "path[0] must be \"Stage/Action: Succeeded\" or Failed, found an integer"),
            (["expect": ["path": [["Build/Lint: Failed"], "Build/Lint: Failed"]]], "is the second of Build/Lint"),
            (["expect": ["variables": ["Buit.Pages": "1"]]], "names no namespace: \"Buit\"; did you mean \"Built\"?"),
            (["expect": ["variables": ["Pages": "1"]]], "must be NAMESPACE.KEY, such as SourceVariables.NAME"),
            (["expect": ["variables": ["variables.Enw": "1"]]], "did you mean \"Env\"?"),
            (["expect": ["failure": [:]]], "failure.action is required"),
            (["expect": ["failure": ["action": "x"]]], "names no action: \"x\""),
            (["expect": ["failure": ["action": "Build/Lint", "type": "x"]]], "names no failure type"),
            (["expect": ["neverReached": ["Deploy"]]], "must be \"all\" or STAGE/ACTION"),
            (["expect": ["neverReached": ["Deplo/*"]]], "did you mean \"Deploy/*\"?"),
            (["expect": ["reached": []]], "expect.reached is not a known key"),
        ] as [([String: JSON], String)])
    func scenarios(scenario: [String: JSON], message: String) {
        let findings = play(scenario).findings
        #expect(findings.contains { $0.contains(message) }, "\(findings)")
    }

    @Test("two scenarios of one name are refused")
    func names() {
        let one: JSON = ["name": "a", "expect": ["status": "Failed"]]
        let findings = Scenario.read(["scenarios": [one, one]], for: shop).findings
        #expect(findings.map(\.path) == ["scenarios[1].name"])
    }
}
