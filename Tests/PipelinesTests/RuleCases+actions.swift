import Jansson

private let path = "stages[2].actions[0]"

/// The third stage with this one action instead.
private func third(_ action: JSON) -> [(String, JSON?)] { [(path, action)] }

let actionCases = [
    RuleCase(
        "ACT-1 words of the type",
        [("\(path).actionTypeId.category", "deploy"), ("\(path).actionTypeId.owner", "Amazon")],
        ["ACT-1 \(path).actionTypeId.category", "ACT-1 \(path).actionTypeId.owner", "ACT-2 \(path).actionTypeId"]),
    RuleCase("ACT-2 an unknown version", [("\(path).actionTypeId.version", "2")], ["ACT-2 \(path).actionTypeId"]),
    RuleCase("ACT-3 a run order of 999", [("\(path).runOrder", 999)]),
    RuleCase("ACT-3 a run order of 0", [("\(path).runOrder", 0)], ["ACT-3 \(path).runOrder"]),
    RuleCase("ACT-3 a run order of 1000", [("\(path).runOrder", 1000)], ["ACT-3 \(path).runOrder"]),
    RuleCase("ACT-5 a missing key", [("\(path).configuration.Extract", nil)], ["ACT-5 \(path).configuration.Extract"]),
    RuleCase("ACT-5 an unknown key", [("\(path).configuration.Bucket", "x")], ["ACT-5 \(path).configuration.Bucket"]),
    RuleCase(
        "ACT-5 a key that another one calls for", [("\(path).configuration.Extract", "false")],
        ["ACT-5 \(path).configuration.ObjectKey"]),
    RuleCase(
        "ACT-5 a primary source for several inputs",
        third(
            action(
                "Again", "Test/AWS/CodeBuild/1",
                ["inputArtifacts": [["name": "Src"], ["name": "Out"]], "configuration": ["ProjectName": "x"]])),
        ["ACT-5 \(path).configuration.PrimarySource"]),
    RuleCase(
        "ACT-5 a type whose keys are not all known",
        third(
            action(
                "Layer", "Deploy/AWS/OpsWorks/1",
                ["inputArtifacts": [["name": "Out"]], "configuration": ["StackId": "x"]]))),
    RuleCase(
        "ACT-6 sources agree about the region",
        [("stages[0].actions[0].region", "eu-west-1"), ("stages[1].actions[0].region", "eu-west-1")]),
    RuleCase(
        "ACT-6 sources in two regions",
        [
            ("artifactStore", nil), ("stages[0].actions[0].region", "eu-west-1"),
            ("stages[0].actions[1]", source.with("name", "Second").with("outputArtifacts[0].name", "Two")),
            ("stages[0].actions[1].region", "us-east-1"),
        ], ["ACT-6 stages[0].actions[1].region"]),
    RuleCase("ACT-6 a region too short", [("\(path).region", "eu")], ["ACT-6 \(path).region"]),
    RuleCase("ACT-8 an approval's time-out", third(approval("Ok").with("timeoutInMinutes", 86_400))),
    RuleCase(
        "ACT-8 an approval's time-out of 4 minutes", third(approval("Ok").with("timeoutInMinutes", 4)),
        ["ACT-8 \(path).timeoutInMinutes"]),
    RuleCase("ACT-8 another's time-out", [("\(path).timeoutInMinutes", 10)], ["ACT-8 \(path).timeoutInMinutes"]),
    RuleCase(
        "ACT-9 a compute action with everything",
        third(
            compute([
                "commands": ["make"], "outputVariables": ["Tag"], "outputArtifacts": [["name": "Web", "files": ["*"]]],
                "environmentVariables": [["name": "A_1", "value": "x"]],
            ]))),
    RuleCase("ACT-9 no command", third(compute([:])), ["ACT-9 \(path).commands"]),
    RuleCase(
        "ACT-9 lengths and counts",
        third(
            compute([
                "commands": [""], "outputVariables": .array(Array(repeating: "V", count: 16)),
                "outputArtifacts": [["name": "Web", "files": .array(Array(repeating: "f", count: 11))]],
                "environmentVariables": [["name": "A-1", "value": "", "type": "SECRET"]],
            ])),
        [
            "ACT-9 \(path).environmentVariables[0].type", "ACT-9 \(path).commands[0]", "ACT-9 \(path).outputVariables",
            "ACT-9 \(path).outputArtifacts[0].files", "ACT-9 \(path).environmentVariables[0].name",
            "ACT-9 \(path).environmentVariables[0].value",
        ]),
    RuleCase(
        "ACT-9 another action's commands",
        [("\(path).commands", ["x"]), ("\(path).environmentVariables", [["name": "A", "value": "1"]])],
        ["ACT-9 \(path).commands", "ACT-9 \(path).environmentVariables"]),
    RuleCase(
        "ACT-5, APR-2, APR-8 our own keys of an approval",
        third(approval(["OnExpiry": "approve", "SupersedeWhilePending": "TRUE"]))),
    RuleCase(
        "ACT-5, APR-2, APR-8 other values, and one that shows later",
        third(approval(["OnExpiry": "#{codepipeline.PipelineExecutionId}", "SupersedeWhilePending": "yes"])),
        ["ACT-5 \(path).configuration.SupersedeWhilePending", "ACT-5 \(path).configuration.OnExpiry"]),
    RuleCase(
        "ACT-10 a rule with artifacts, and one without",
        [
            (
                "stages[1].onSuccess",
                guarded(
                    "FAIL",
                    [
                        "name": "Built", "ruleTypeId": typeID("Rule/AWS/CodeBuild/1"),
                        "configuration": ["ProjectName": "shop"],
                    ])
            ), ("stages[2].beforeEntry", guarded("FAIL", window(["inputArtifacts": [["name": "Out"]]]))),
        ],
        [
            "ACT-10 stages[1].onSuccess.conditions[0].rules[0].inputArtifacts",
            "ACT-10 stages[2].beforeEntry.conditions[0].rules[0].inputArtifacts",
        ]),
    RuleCase("ACT-10 too few inputs", [("\(path).inputArtifacts", nil)], ["ACT-10 \(path).inputArtifacts"]),
    RuleCase(
        "ACT-10 too many outputs", [("\(path).outputArtifacts", [["name": "X"]])], ["ACT-10 \(path).outputArtifacts"]),
    RuleCase(
        "ACT-11 nobody makes it", [("\(path).inputArtifacts[0].name", "Uot")],
        ["ACT-11 \(path).inputArtifacts[0].name"]),
    RuleCase(
        "ACT-11 an earlier run order of the stage",
        [("stages[1].actions[1]", deploy.with("runOrder", 2))]),
    RuleCase(
        "ACT-11 the same run order is not enough", [("stages[1].actions[1]", deploy)],
        ["ACT-11 stages[1].actions[1].inputArtifacts[0].name"]),
    RuleCase(
        "ACT-11 a later stage", [("stages[1]", stage("Deploy", [deploy])), ("stages[2]", stage("Build", [build]))],
        ["ACT-11 stages[1].actions[0].inputArtifacts[0].name"]),
    RuleCase(
        "ACT-11 its own output", [("stages[1].actions[0].inputArtifacts[0].name", "Out")],
        ["ACT-11 stages[1].actions[0].inputArtifacts[0].name"]),
    RuleCase(
        "ACT-11 a rule's input before its stage",
        [
            (
                "stages[1].beforeEntry",
                guarded(
                    "FAIL",
                    [
                        "name": "Ask", "ruleTypeId": typeID("Rule/AWS/LambdaInvoke/1"),
                        "configuration": ["FunctionName": "ask"], "inputArtifacts": [["name": "Out"]],
                    ])
            )
        ],
        ["ACT-11 stages[1].beforeEntry.conditions[0].rules[0].inputArtifacts[0].name"]),
    RuleCase("ACT-12 an earlier namespace", [("\(path).configuration.ObjectKey", "x/#{Build.Tag}")]),
    RuleCase("ACT-12 the execution", [("\(path).configuration.ObjectKey", "#{codepipeline.PipelineExecutionId}")]),
    RuleCase(
        "ACT-12 an unknown namespace", [("\(path).configuration.ObjectKey", "#{Biuld.Tag}")],
        ["ACT-12 \(path).configuration.ObjectKey"]),
    RuleCase(
        "ACT-12 its own namespace", [("stages[1].actions[0].configuration.ProjectName", "#{Build.Name}")],
        ["ACT-12 stages[1].actions[0].configuration.ProjectName"]),
    RuleCase(
        "ACT-12 in commands and environment variables",
        third(
            compute([
                "commands": ["true", "echo #{No.x}"], "environmentVariables": [["name": "A", "value": "#{No.y}"]],
            ])),
        ["ACT-12 \(path).commands[1]", "ACT-12 \(path).environmentVariables[0].value"]),
    RuleCase(
        "ACT-12 in a rule, before and after the stage's actions",
        [
            ("stages[1].beforeEntry", guarded("FAIL", window(["configuration": ["Cron": "#{Build.Cron}"]]))),
            ("stages[1].onSuccess", guarded("FAIL", window(["configuration": ["Cron": "#{Build.Cron}"]]))),
        ], ["ACT-12 stages[1].beforeEntry.conditions[0].rules[0].configuration.Cron"]),
]

private func approval(_ configuration: JSON) -> JSON {
    action("Ask", "Approval/AWS/Manual/1", ["configuration": configuration])
}
