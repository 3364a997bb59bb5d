import Jansson
import Pipelines
import Testing

/// What a definition may not have where AWS is to take it.
struct StrictTests {
    private func judged(_ document: JSON, with types: [ActionType] = []) -> [Finding] {
        Pipeline.judge(document, catalogue: ActionTypeCatalogue.aws.adding(types).strict).findings
    }

    private func approving(_ configuration: JSON) -> JSON {
        sample.with(
            "stages[2].actions[1]",
            action("Ask", "Approval/AWS/Manual/1", ["configuration": configuration]))
    }

    @Test func `A definition of AWS's is accepted`() {
        #expect(judged(sample) == [])
        #expect(judged(approving(["CustomData": "look at it"])) == [])
    }

    @Test func `ACT-5, APR-2, APR-8: our own keys are refused by name, whatever their value`() {
        let path = "stages[2].actions[1].configuration"
        let findings = judged(approving(["OnExpiry": "APPROVE", "SupersedeWhilePending": "what"]))
        #expect(findings.map(\.path) == ["\(path).SupersedeWhilePending", "\(path).OnExpiry"])
        #expect(findings.map(\.rule) == ["ACT-5", "ACT-5"])
        #expect(
            findings.last?.message
                == "OnExpiry is a key of Penstock's own, which AWS refuses; remove it where AWS is to take this definition."
        )
    }

    @Test func `ACT-5: our own keys are not named to who misspells one of AWS`() {
        #expect(
            judged(approving(["Something": "x"])).map(\.message) == [
                """
                "Something" is not a configuration key of Approval/AWS/Manual/1; its keys are NotificationArn, \
                CustomData, ExternalEntityLink.
                """
            ])
    }

    @Test func `ACT-2, CND-3: a type that AWS does not have is refused`() {
        let custom = sample.with("stages[1].actions[0].actionTypeId", typeID("Build/Custom/Make/1"))
        #expect(
            judged(custom).map(\.description) == [
                """
                stages[1].actions[0].actionTypeId: ActionType (Category: 'Build', Provider: 'Make', Owner: 'Custom', \
                Version: '1') in action 'Compile' is not available in AWS, and no template declares it; use a type of \
                AWS. (ACT-2)
                """
            ])
        let rule = guarded("FAIL", window(["ruleTypeId": typeID("Rule/Custom/Moon/1"), "configuration": [:]]))
        #expect(
            judged(sample.with("stages[1].onSuccess", rule)).map(\.description) == [
                """
                stages[1].onSuccess.conditions[0].rules[0].ruleTypeId: The rule type Rule/Custom/Moon/1 is not \
                available in AWS, and no template declares it; use a type of AWS. (CND-3)
                """
            ])
    }

    @Test func `ACT-2: a type that a template declares is one that AWS will have`() {
        let id = ActionTypeID(category: "Build", owner: "Custom", provider: "Make", version: "1")
        let make = ActionType(id: id, inputArtifacts: 0...1, outputArtifacts: 0...1)
        let document = sample.with("stages[1].actions[0].actionTypeId", id.json)
            .with("stages[1].actions[0].configuration", nil)
        #expect(judged(document, with: [make]) == [])
    }

    @Test func `STR-14: numbers and booleans are strings for AWS`() {
        let rule = guarded("FAIL", window(["configuration": ["Cron": 1]]))
        let loose = sample.with("stages[2].actions[0].configuration.Extract", true)
            .with("stages[1].actions[0].actionTypeId.version", 1)
            .with("stages[2].onSuccess", rule)
        #expect(Pipeline.looseScalars(in: sample) == [] && Pipeline.looseScalars(in: ["stages": 3]) == [])
        #expect(
            Pipeline.looseScalars(in: ["pipeline": loose]).map(\.description) == [
                "stages[1].actions[0].actionTypeId.version: AWS takes a string here; write \"1\", in quotes. (STR-14)",
                "stages[2].actions[0].configuration.Extract: AWS takes a string here; write \"true\", in quotes. (STR-14)",
                "stages[2].onSuccess.conditions[0].rules[0].configuration.Cron: AWS takes a string here; write \"1\", "
                    + "in quotes. (STR-14)",
            ])
    }

    @Test func `CND-5: what skips a stage here and not there`() {
        let skipping = sample.with("stages[1].beforeEntry", guarded("SKIP", window()))
        #expect(verdict(skipping) == [])
        #expect(
            judged(skipping).map(\.description) == [
                """
                stages[1].beforeEntry.conditions[0].rules[0].ruleTypeId: AWS skips a stage by a rule of LambdaInvoke or \
                VariableCheck only, found DeploymentWindow; use one of those, or FAIL. (CND-5)
                """
            ])
    }

    @Test func `STR-1: what we do without AWS needs`() {
        let findings = judged(sample.with("roleArn", nil).with("artifactStore", nil))
        #expect(
            findings.map(\.description) == [
                "roleArn: Is missing; AWS needs the ARN of a role. (STR-1)",
                "artifactStore: Is missing; AWS needs it, or artifactStores. (STR-1)",
            ])
    }
}
