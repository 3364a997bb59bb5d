import Glibc
import Jansson
import Testing

@Suite("Stubs from the command line")
struct StubTests {
    /// Nothing here serves these types, and a real deployment would be counted.
    static let unserved = pipeline(
        Stage(
            "Source",
            action(
                "Fetch", type: "Source/AWS/ECR", configuration: ["RepositoryName": "r"], out: ["Code"],
                more: ["namespace": "From"])),
        Stage(
            "Build",
            action("Make", type: "Build/Custom/Unheard", configuration: ["X": "#{From.CommitId}"], in: ["Code"]),
            action(
                "Also", type: "Deploy/AWS/ECS", configuration: ["ClusterName": "c", "ServiceName": "s"], in: ["Code"])),
        Stage("Gate", approval("Ok")),
        Stage("End", action("Ship", "count shipped", type: "Build/Custom/Do")))

    @Test("with --stub all nothing has to be installed, nothing is asked, nothing is deployed, and all is recorded")
    func all() async throws {
        let site = try Site()
        try site.write("{}", to: "settings.yaml")
        let outcome = try await site.run(Self.unserved, "--stub", "all", input: "")
        #expect(outcome.code == 0 && outcome.text.contains("with stubs in place of all actions"), "\(outcome)")
        #expect(outcome.text.contains("Build/Make | a stub answers in place of Build/Custom/Unheard/1"))
        #expect(!site.exists("shared/shipped"))
        let shown = try await site.shown()
        #expect(shown["stubs"] == ["Build/Also", "Build/Make", "End/Ship", "Gate/Ok", "Source/Fetch"])
        #expect(try shown.action("Fetch")["outputVariables"] == ["CommitId": "stub-From.CommitId"])
        #expect(try shown.action("Fetch")["artifacts"]?["Code"]?.stringValue?.count == 64)
        #expect(try shown.action("Fetch")["summary"] == "answered by a stub")
        let id = try await site.execution()
        #expect(try await site.penstock("show", id).text.contains("stub       Gate/Ok approved"))
        #expect(try await site.penstock("history").text.hasSuffix("shop version 1  (with stubs)"))
        #expect(try await site.penstock("history", "--format", "json").objects()[0]["hasStubs"] == true)
        try await site.expectNothingLeft()
    }

    @Test("real actions work with what stubs made, as it is given by --stubs")
    func partly() async throws {
        let site = try Site()
        try site.write(
            """
            Source/*:
              outputVariables: {CommitId: abc}
              files: {Code: {file: "from a stub\\n", folder/deep/empty: ""}}
            End/Ship: {fail: {type: PermissionError, message: not today}}
            """, to: "stubs.yaml")
        let definition = pipeline(
            Stage(
                "Source", action("Fetch", "exit 1", type: "Source/Custom/Do", out: ["Code"], more: ["namespace": "S"])),
            Stage(
                "Build",
                action("Look", "echo '#{S.CommitId}' $(cat in/Code/file) $(cd in/Code; echo */*/*)", in: ["Code"])),
            Stage("End", action("Ship", "count shipped", type: "Build/Custom/Do")))
        let outcome = try await site.run(
            definition, "--stub", "Source/Fetch", "--stub", "End/*", "--stubs", "stubs.yaml")
        #expect(
            outcome.code == 1 && outcome.text.contains("Build/Look | abc from a stub folder/deep/empty"), "\(outcome)")
        #expect(outcome.text.contains("with stubs in place of End/Ship, Source/Fetch"))
        #expect(!site.exists("shared/shipped"))
        let shown = try await site.shown()
        #expect(try shown.action("Ship")["error"] == ["code": "PermissionError", "message": "not today"])
        #expect(shown["stubs"] == ["End/Ship", "Source/Fetch"])
    }

    @Test("what began with stubs stays so when it is resumed after a crash, whatever the file says by then")
    func resumed() async throws {
        let site = try Site()
        try site.write("{End/Ship: {}}", to: "stubs.yaml")
        let definition = pipeline(
            source, Stage("Build", action("Make", "echo working; await go", type: "Build/Custom/Do")),
            Stage("End", action("Ship", "count shipped", type: "Build/Custom/Do")))
        let run = try await site.startRun(definition, "--stub", "End/Ship", "--stubs", "stubs.yaml")
        try await run.until(says: "working")
        #expect(try await run.outcome(after: SIGKILL).code == nil)
        try site.give("go")
        try site.write("{End/Ship: {fail: {}}}", to: "stubs.yaml")
        let outcome = try await site.resume()
        #expect(outcome.code == 0 && outcome.text.contains("with stubs in place of End/Ship"), "\(outcome)")
        #expect(!site.exists("shared/shipped"))
        try await site.expectNothingLeft()
    }

    @Test("a stub that takes its time is stopped like any action, and so is one in place of a reviewer")
    func stopped() async throws {
        let site = try Site()
        try site.write("{all: {delaySeconds: 3600}}", to: "stubs.yaml")
        let definition = pipeline(
            source, Stage("End", action("Ship", "count shipped", type: "Build/Custom/Do"), approval("Ok")))
        let run = try await site.startRun(definition, "--stub", "End/*", "--stubs", "stubs.yaml")
        try await run.until(says: "End/Ok InProgress")
        run.signal(SIGINT)
        try await run.until(says: "stopping, waits for Ship, Ok")
        let outcome = try await run.outcome(after: SIGINT)
        #expect(outcome.code == 4 && outcome.text.contains("End/Ship Abandoned"), "\(outcome)")
        let resumed = try await site.start(["resume", try await site.execution()])
        try await resumed.until(says: "End/Ok InProgress")
        #expect(try await resumed.outcome(after: SIGKILL).code == nil)
        // Both are still about to answer after a crash.
        let last = try await site.start(["resume", try await site.execution()])
        try await last.until(says: "goes on")
        #expect(try await last.outcome(after: SIGTERM).code == 4)
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded", "Ship": "InProgress", "Ok": "InProgress"])
        #expect(!site.exists("shared/shipped"))
        try await site.expectNothingLeft()
    }

    @Test(
        "a stub in place of a reviewer approves, rejects, or lets the time go by, whatever --approve says",
        arguments: [("approved", "never", 0), ("rejected", "always", 1), ("expires", "always", 1)]
            as [(String, String, Int32)])
    func approvals(answer: String, policy: String, code: Int32) async throws {
        let site = try Site()
        try site.write("{Gate/Ok: {approval: \(answer)}}", to: "stubs.yaml")
        let outcome = try await site.run(
            pipeline(source, Stage("Gate", approval("Ok")), Stage("End", action("Bye", "true"))), "--stub", "Gate/Ok",
            "--stubs", "stubs.yaml", "--approve", policy)
        #expect(outcome.code == code, "\(outcome)")
        #expect(!outcome.text.contains("waits for an approval"))
    }

    @Test("a directory comes before the stub of a pattern, and beside a stub by name it is refused")
    func sources() async throws {
        let site = try Site()
        try site.makeFolder(site.place("mine"))
        try site.write("mine\n", to: "mine/file")
        let outcome = try await site.run(Self.unserved, "--stub", "all", "--source", "Fetch=mine")
        #expect(outcome.code == 0 && outcome.text.contains("Source/Fetch | taken from "), "\(outcome)")
        #expect(try await site.shown()["stubs"]?.elements.count == 4)
        let both = try await site.run(
            Self.unserved, "--stub", "Source/Fetch", "--stub", "all", "--source", "Fetch=mine")
        #expect(
            both.code == 2 && both.errorText.contains("--stub Source/Fetch: --source puts a directory there already"))
    }

    @Test(
        "what is wrong with stubs is said before anything is recorded",
        arguments: [
            (["--stub", "Bild/*"], "--stub Bild/*: matches no action; did you mean \"Build/*\"?"),
            (["--stub", "Build"], "--stub Build: must be all or STAGE/ACTION"),
            (["--stub", ""], "--stub : must be all or STAGE/ACTION"),
            (["--stubs", "stubs.yaml"], "--stubs says what stubs answer; say by --stub which actions have one"),
            (["--stub", "all", "--stubs", ""], "--stubs must not be empty"),
            (["--stub", "all", "--stubs", "nowhere.yaml"], "nowhere.yaml: does not exist"),
            (
                ["--stub", "all", "--stubs", "stubs.yaml"],
                "stubs.yaml: Build/Make.failed is not a known key; did you mean"
            ),
            (["--stub", "all", "--stubs", "stubs.yaml"], "stubs.yaml: Buld/* matches no action"),
        ])
    func refused(options: [String], message: String) async throws {
        let site = try Site()
        try site.write("{Build/Make: {failed: {}}, Buld/*: {}}", to: "stubs.yaml")
        try site.write(Self.unserved.text, to: "pipeline.json")
        let outcome = try await site.start(["run", "pipeline.json"] + options).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(!site.exists("state"))
    }

    @Test("an action without a stub still needs its plugin, and so does a rule always")
    func stillNeeded() async throws {
        let site = try Site()
        let outcome = try await site.run(Self.unserved, "--stub", "Build/Make")
        #expect(outcome.code == 1 && outcome.errorText.contains("no plugin serves Source/AWS/ECR/1"), "\(outcome)")
        #expect(!outcome.errorText.contains("Unheard"))
        let refused = try await site.run(Self.unserved.guarded(by: "Weather"), "--stub", "all")
        let place =
            "stages[3].onSuccess.conditions[0].rules[0].ruleTypeId: The rule type Rule/AWS/Weather/1 is not available"
        #expect(refused.code == 1 && refused.errorText.contains(place), "\(refused)")
        #expect(refused.errorText.contains("(CND-3)"))
        let planned = try await site.penstock("plan", "pipeline.json")
        #expect(planned.code == 1 && planned.errorText.contains(place), "\(planned)")
        try site.write(Self.unserved.guarded(by: "VariableCheck").text, to: "pipeline.json")
        try site.write("scenarios: [{name: s, expect: {status: Succeeded}}]", to: "scenarios.yaml")
        let words = ["\(Site.programs)/penstock", "test", "pipeline.json", "--scenarios", "scenarios.yaml"]
        let tested = try await site.launch(words).outcome()
        let missing = "nothing can stand in for the rule Forecast"
        #expect(tested.code == 2 && tested.errorText.contains(missing), "\(tested)")
        #expect(!site.exists("state"))
    }

    @Test("a stage is begun again by itself, or goes back to what succeeded in it last (RTY-7, RBK-5)")
    func onFailure() async throws {
        let site = try Site()
        try site.write("{End/Ship: {fail: {}}}", to: "stubs.yaml")
        let retrying = Self.unserved.adding(["onFailure": ["result": "RETRY"]])
        let failed = try await site.run(retrying, "--stub", "all", "--stubs", "stubs.yaml")
        #expect(failed.code == 1 && failed.text.split(separator: "End/Ship Failed").count == 3, "\(failed)")
        let retried = try await site.penstock("show", try await site.execution())
        #expect(retried.text.contains("attempt    2") && retried.text.contains("(an earlier attempt)"), "\(retried)")

        let rollingBack = Self.unserved.adding(["onFailure": ["result": "ROLLBACK"]])
        let nowhere = try await site.run(rollingBack, "--stub", "all", "--stubs", "stubs.yaml")
        #expect(nowhere.code == 1 && !nowhere.text.contains("rolls End back"), "\(nowhere)")
        #expect(try await site.run(rollingBack, "--stub", "all").code == 0)
        let target = try await site.execution()
        let back = try await site.run(rollingBack, "--stub", "all", "--stubs", "stubs.yaml")
        // The stub of the stage that fails fails in the rollback, too: it is part of the record.
        #expect(back.code == 1 && back.text.contains("rolls End back to \(target)"), "\(back)")
        let shown = try await site.penstock("show", try await site.execution())
        #expect(
            shown.text.contains("rollback   End to \(target)") && shown.text.contains("AutomatedRollback"), "\(shown)")
        #expect(try await site.penstock("history", "--format", "json").objects().count == 5)
        try await site.expectNothingLeft()
    }

    @Test(.enabled(if: corpus != nil || isContinuousIntegration, "PENSTOCK_CORPUS names no corpus"))
    func `Each valid definition of the corpus runs through with --stub all`() async throws {
        let folder = "\(try #require(corpus, "CI needs PENSTOCK_CORPUS"))/pipeline-json"
        let site = try Site()
        var ends: [String: String] = [:]
        for file in names(in: folder).filter({ $0.hasSuffix(".json") }) {
            let outcome = try await site.penstock("run", "\(folder)/\(file)", "--stub", "all", "--format", "json")
            if outcome.code == 0 {
                let last = try outcome.objects().last
                ends[file] = last?["status"]?.stringValue
            }
        }
        #expect(ends.count == 22 && ends.values.allSatisfy { $0 == "Succeeded" }, "\(ends)")
    }
}

extension JSON {
    /// The definition with a rule in its last stage.
    fileprivate func guarded(by provider: String) -> JSON {
        let rule: JSON = [
            "name": "Forecast",
            "ruleTypeId": ["category": "Rule", "owner": "AWS", "provider": .string(provider), "version": "1"],
            "configuration": ["Variable": "a", "Value": "a", "Operator": "EQ"],
        ]
        return adding(["onSuccess": ["conditions": [["result": "FAIL", "rules": [rule]]]]])
    }

    /// The definition with more members in its last stage.
    fileprivate func adding(_ members: [String: JSON]) -> JSON {
        guard case .object(var definition) = self, case .array(var stages)? = definition["stages"],
            case .object(let last)? = stages.last
        else { return self }
        stages[stages.count - 1] = .object(last.merging(members) { $1 })
        definition["stages"] = .array(stages)
        return .object(definition)
    }
}

private let corpus = variable("PENSTOCK_CORPUS")
private let isContinuousIntegration = variable("CI") == "true"

private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
