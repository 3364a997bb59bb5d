import Jansson
import Testing

@Suite("Conditions of stages")
struct ConditionTests {
    private static func check(_ value: JSON) -> JSON {
        guarded("VariableCheck", ["Variable": "#{variables.Env}", "Operator": "EQ", "Value": value])
    }

    private static func guarded(_ provider: String, _ configuration: JSON) -> JSON {
        [
            "conditions": [
                [
                    "result": "SKIP",
                    "rules": [
                        [
                            "name": "IsProduction",
                            "ruleTypeId": [
                                "category": "Rule", "owner": "AWS", "provider": .string(provider), "version": "1",
                            ],
                            "configuration": configuration,
                        ]
                    ],
                ]
            ]
        ]
    }

    private static func definition(_ guarded: JSON) -> JSON {
        let stages = pipeline(
            source, Stage("Ship", action("Out", "count shipped")), Stage("End", action("Say", "true")))
        guard case .array(var list)? = stages["stages"], case .object(var ship) = list[1],
            case .object(var members) = stages
        else { return stages }
        ship["beforeEntry"] = guarded
        list[1] = .object(ship)
        members["stages"] = .array(list)
        members["variables"] = [["name": "Env", "defaultValue": "test"]]
        return .object(members)
    }

    @Test("CND-5: a stage that is skipped is said to be, in every view")
    func skipped() async throws {
        let site = try Site()
        let outcome = try await site.run(Self.definition(Self.check("prod")))
        #expect(outcome.code == 0 && outcome.text.contains("Ship Skipped"), "\(outcome)")
        #expect(!site.exists("shared/shipped"))
        let shown = try await site.penstock("show", try await site.execution())
        #expect(shown.output.contains { $0.hasPrefix("Ship  Skipped") }, "\(shown)")
        let stages = try #require(try await site.shown()["stages"])
        #expect(stages.elements.map { $0["status"] } == ["Succeeded", "Skipped", "Succeeded"])
        let events = try await site.run(Self.definition(Self.check("prod")), "--format", "json").objects()
        #expect(events.filter { $0["event"] == "stage" }.map { $0["stage"] } == ["Ship"])
    }

    @Test("CND-4, CND-5: a rule that cannot be run does not skip its stage, which fails")
    func errored() async throws {
        let site = try Site()
        let outcome = try await site.run(Self.definition(Self.check("#{variables.None}")))
        #expect(outcome.code == 1, "\(outcome)")
        #expect(outcome.text.contains("the condition beforeEntry of stage Ship could not be evaluated"), "\(outcome)")
        #expect(!outcome.text.contains("Skipped"))
    }

    @Test("plan lists the rules of conditions, and what they lack")
    func planned() async throws {
        let site = try Site()
        try site.write(Self.definition(Self.check("prod")).text, to: "pipeline.json")
        let plan = try await site.penstock("plan", "pipeline.json")
        #expect(plan.code == 0, "\(plan)")
        for line in [
            "  (beforeEntry, else SKIP)", "  IsProduction  Rule/AWS/VariableCheck/1",
            "    uses       #{variables.Env} = test, from the pipeline, in configuration.Variable",
        ] { #expect(plan.output.contains(line), "\(line) in \(plan)") }
        let condition = try await site.penstock("plan", "pipeline.json", "--format", "json").objects()
            .first?["stages"]?[1]?["conditions"]?[0]
        #expect(condition?["name"] == "beforeEntry" && condition?["rules"]?[0]?["action"] == "IsProduction")

        try site.write(
            Self.definition(Self.guarded("LambdaInvoke", ["FunctionName": "ask"])).text, to: "pipeline.json")
        let lacking = try await site.penstock("plan", "pipeline.json")
        #expect(lacking.code == 1, "\(lacking)")
        #expect(lacking.text.contains("- Ship/beforeEntry/IsProduction: "), "\(lacking)")
    }

    private static func approval(_ onExpiry: JSON) -> JSON {
        action("Ok", type: "Approval/AWS/Manual", configuration: ["OnExpiry": onExpiry])
    }

    @Test("validate --strict-aws refuses what AWS would, and says what it is")
    func strict() async throws {
        let site = try Site()
        try site.write(
            pipeline(source, Stage("Ask", Self.approval("APPROVE"))).text,
            to: "pipeline.json")
        #expect(try await site.penstock("validate", "pipeline.json").code == 0)
        let outcome = try await site.penstock("validate", "--strict-aws", "pipeline.json")
        #expect(outcome.code == 1, "\(outcome)")
        #expect(
            outcome.output.map { String($0.split(separator: ":")[1]) }.sorted() == [
                " artifactStore", " roleArn", " stages[0].actions[0].actionTypeId",
                " stages[1].actions[0].configuration.OnExpiry",
            ], "\(outcome)")
        try site.write(
            pipeline(source, Stage("Ask", Self.approval("MAYBE"))).text,
            to: "pipeline.json")
        let wrong = try await site.penstock("validate", "pipeline.json")
        #expect(wrong.code == 1 && wrong.text.contains("Must be APPROVE or REJECT"), "\(wrong)")
    }
}
