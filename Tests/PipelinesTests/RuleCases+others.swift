import Jansson

private let key = "stages[2].actions[0].configuration.ObjectKey"

let variableCases = [
    RuleCase("VAR-1 other uses of # and {", [(key, "a#b {c} #{not closed #{$(x)} ${#y} #{")]),
    RuleCase("VAR-1 no period", [(key, "#{Build}")], ["VAR-1 \(key)"]),
    RuleCase("VAR-1 spaces and two periods", [(key, "#{ Build.Tag } #{a.b.c}")], ["VAR-1 \(key)", "VAR-1 \(key)"]),
    RuleCase(
        "VAR-2 a reserved namespace", [("stages[1].actions[0].namespace", "codepipeline")],
        ["VAR-2 stages[1].actions[0].namespace"]),
    RuleCase(
        "VAR-2 the namespace variables is free",
        [("stages[1].actions[0].namespace", "variables"), (key, "#{variables.x}")]),
    RuleCase(
        "VAR-2 the namespace variables is taken",
        [("stages[1].actions[0].namespace", "variables"), ("variables", [["name": "A"]])],
        ["VAR-2 stages[1].actions[0].namespace"]),
    RuleCase(
        "VAR-4 a reference in a source", [("stages[0].actions[0].configuration.BranchName", "#{codepipeline.x}")],
        ["VAR-4 stages[0].actions[0].configuration.BranchName"]),
    RuleCase(
        "VAR-5 a variable in use",
        [("variables", [["name": "Env", "defaultValue": "dev"]]), (key, "#{variables.Env}")]),
    RuleCase("VAR-5 variables that are not declared", [(key, "#{variables.Env}")], ["ACT-12 \(key)"]),
    RuleCase(
        "VAR-5 an empty default, a bad name, twice",
        [("variables", [["name": "a b"], ["name": "A", "defaultValue": ""], ["name": "A"]])],
        ["VAR-5 variables[0].name", "VAR-5 variables[1].defaultValue", "VAR-5 variables[2].name"]),
    RuleCase(
        "VAR-5 51 variables", [("variables", .array((0..<51).map { ["name": .string("v\($0)")] }))],
        ["VAR-5 variables"]),
    RuleCase(
        "VAR-9 secrets in a configuration",
        [
            (key, "{{secret:a}}/{{resolve:ssm-secure:/b:1}}"),
            ("stages[0].actions[0].configuration.BranchName", "{{secret:a}}"),
        ]),
    RuleCase(
        "VAR-9 a reference to nothing", [(key, "{{secret:}}{{secret:#{codepipeline.x}}}")],
        ["VAR-9 \(key)", "VAR-9 \(key)"]),
    RuleCase("VAR-9 a plain parameter", [(key, "{{resolve:ssm:/size}}")]),
    RuleCase(
        "VAR-9 where it would be kept or shown",
        [("variables", [["name": "A", "defaultValue": "{{secret:a}}", "description": "{{secret:"]])],
        ["VAR-9 variables[0].defaultValue", "VAR-9 variables[0].description"]),
    RuleCase(
        "VAR-9 in a name", [("stages[1].actions[0].namespace", "{{secret:a}}")],
        ["STR-2 stages[1].actions[0].namespace"]),
]

private let connection = action(
    "Checkout", "Source/AWS/CodeStarSourceConnection/1",
    [
        "configuration": ["ConnectionArn": "arn", "FullRepositoryId": "a/b", "BranchName": "main"],
        "outputArtifacts": [["name": "Src"]],
    ])

private func trigger(_ git: [String: JSON]) -> JSON {
    [
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": .object(["sourceActionName": "Checkout"].merging(git) { $1 }),
    ]
}

private func triggered(_ triggers: JSON...) -> [(String, JSON?)] {
    [("stages[0].actions[0]", connection), ("triggers", .array(triggers))]
}

private let git = "triggers[0].gitConfiguration"

let triggerCases = [
    RuleCase("GIT-1 a trigger", triggered(trigger(["push": [["branches": ["includes": ["main"]]]]]))),
    RuleCase(
        "GIT-1 two for one source", triggered(trigger([:]), trigger([:])),
        ["GIT-1 triggers[1].gitConfiguration.sourceActionName"]),
    RuleCase(
        "GIT-1 a source of another provider", [("triggers", [trigger([:])])], ["GIT-1 \(git).sourceActionName"]),
    RuleCase(
        "GIT-1 another provider type", triggered(trigger([:]).with("providerType", "GitHub")),
        ["GIT-1 triggers[0].providerType"]),
    RuleCase(
        "GIT-1 four filters", triggered(trigger(["push": [[:], [:], [:], [:]]])), ["GIT-1 \(git).push"]),
    RuleCase(
        "GIT-2 an event twice and an unknown one",
        triggered(trigger(["pullRequest": [["events": ["OPEN", "OPEN", "MERGED"]]]])),
        ["GIT-2 \(git).pullRequest[0].events[1]", "GIT-2 \(git).pullRequest[0].events[2]"]),
    RuleCase(
        "GIT-2 tags of a pull request", triggered(trigger(["pullRequest": [["tags": [:]]]])),
        ["GIT-2 \(git).pullRequest[0].tags"]),
    RuleCase(
        "GIT-3 nine patterns and an empty one",
        triggered(
            trigger([
                "push": [
                    [
                        "branches": ["includes": .array(Array(repeating: "x", count: 9))],
                        "filePaths": ["excludes": [""]],
                    ]
                ]
            ])),
        ["GIT-3 \(git).push[0].branches.includes", "GIT-3 \(git).push[0].filePaths.excludes[0]"]),
]

private let rule = "conditions[0].rules[0]"

let conditionCases = [
    RuleCase(
        "CND-1 a condition at each place",
        [
            ("stages[1].beforeEntry", guarded("SKIP", window())),
            ("stages[1].onSuccess", guarded("ROLLBACK", window())),
            ("stages[1].onFailure", guarded("ROLLBACK", window())),
        ]),
    RuleCase(
        "CND-1 two conditions, one without rules",
        [
            (
                "stages[1].onSuccess",
                ["conditions": [["result": "FAIL", "rules": []], ["result": "FAIL", "rules": [.object(window())]]]]
            )
        ],
        ["CND-1 stages[1].onSuccess.conditions", "CND-1 stages[1].onSuccess.conditions[0].rules"]),
    RuleCase(
        "CND-1 a result without a condition before entry", [("stages[1].beforeEntry", ["result": "SKIP"])],
        ["CND-1 stages[1].beforeEntry.result"]),
    RuleCase(
        "CND-2 results in the wrong places",
        [
            ("stages[1].beforeEntry", guarded("ROLLBACK", window())),
            ("stages[1].onSuccess", guarded("SKIP", window())),
            ("stages[1].onFailure", ["result": "FAIL", "retryConfiguration": ["retryMode": "ALL"]]),
        ],
        [
            "CND-2 stages[1].beforeEntry.conditions[0].result", "CND-2 stages[1].onSuccess.conditions[0].result",
            "CND-2 stages[1].onFailure.result", "CND-2 stages[1].onFailure.retryConfiguration.retryMode",
        ]),
    RuleCase(
        "CND-2, RBK-5 no rollback in PARALLEL mode",
        [("executionMode", "PARALLEL"), ("stages[1].onFailure", ["result": "ROLLBACK"])],
        ["CND-2 stages[1].onFailure.result"]),
    RuleCase(
        "CND-2, RTY-7 a retry beside conditions",
        [("stages[1].onFailure", guarded("ROLLBACK", window()).with("result", "RETRY"))],
        ["CND-2 stages[1].onFailure.conditions"]),
    RuleCase(
        "CND-3 an unknown rule type and a short time-out",
        [
            (
                "stages[1].onSuccess",
                guarded("FAIL", window(["ruleTypeId": typeID("Rule/AWS/Moon/1"), "timeoutInMinutes": 1]))
            )
        ],
        ["CND-3 stages[1].onSuccess.\(rule).ruleTypeId", "CND-3 stages[1].onSuccess.\(rule).timeoutInMinutes"]),
    RuleCase(
        "CND-3 owner and version may be left out",
        [
            (
                "stages[1].onSuccess",
                guarded("FAIL", window(["ruleTypeId": ["category": "Rule", "provider": "DeploymentWindow"]]))
            )
        ]),
    RuleCase(
        "CND-3 an action type as a rule",
        [("stages[1].onSuccess", guarded("FAIL", window(["ruleTypeId": typeID("Deploy/AWS/S3/1")])))],
        [
            "ACT-5 stages[1].onSuccess.\(rule).configuration.BucketName",
            "ACT-5 stages[1].onSuccess.\(rule).configuration.Extract",
            "ACT-5 stages[1].onSuccess.\(rule).configuration.Cron",
            "CND-3 stages[1].onSuccess.\(rule).ruleTypeId.category",
        ]),
    RuleCase(
        "CND-3 names and keys of a rule",
        [("stages[1].onSuccess", guarded("FAIL", window(["name": "two words", "configuration": ["Cron": ""]])))],
        ["STR-2 stages[1].onSuccess.\(rule).name", "STR-2 stages[1].onSuccess.\(rule).configuration.Cron"]),
]
