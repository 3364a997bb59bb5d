import Jansson

private func long(_ count: Int) -> JSON { .string(String(repeating: "a", count: count)) }

let structureCases = [
    RuleCase("the sample", []),
    RuleCase("STR-1 both stores", [("artifactStores", [:])], ["STR-1 artifactStores"]),
    RuleCase(
        "STR-1 a store of another type",
        [("artifactStore", ["type": "NFS", "location": "a b", "encryptionKey": ["id": "", "type": "PGP"]])],
        [
            "STR-1 artifactStore.type", "STR-1 artifactStore.location", "STR-1 artifactStore.encryptionKey.id",
            "STR-1 artifactStore.encryptionKey.type",
        ]),
    RuleCase(
        "STR-1 two regions and one store",
        [("stages[1].actions[0].region", "eu-west-1"), ("stages[2].actions[0].region", "us-east-1")],
        ["STR-1 artifactStore"]),
    RuleCase(
        "STR-1 a region without store",
        [
            ("artifactStore", nil), ("artifactStores", ["eu-west-1": ["type": "S3", "location": "abc"]]),
            ("stages[1].actions[0].region", "eu-west-1"), ("stages[2].actions[0].region", "us-east-1"),
        ], ["STR-1 artifactStores"]),
    RuleCase("STR-2 every mark in a name", [("name", "a.B@c-d_9")]),
    RuleCase("STR-2 a name of 100", [("name", long(100))]),
    RuleCase("STR-2 a name of 101", [("name", long(101))], ["STR-2 name"]),
    RuleCase("STR-2 an empty name", [("stages[1].actions[0].name", "")], ["STR-2 stages[1].actions[0].name"]),
    RuleCase("STR-2 a stage's name with a space", [("stages[2].name", "to prod")], ["STR-2 stages[2].name"]),
    RuleCase("STR-2 letters beyond ASCII", [("name", "Käse")], ["STR-2 name"]),
    RuleCase(
        "STR-2 an artifact with a dot",
        [
            ("stages[1].actions[0].outputArtifacts[0].name", "o.ut"),
            ("stages[2].actions[0].inputArtifacts[0].name", "o.ut"),
        ],
        [
            "STR-2 stages[1].actions[0].outputArtifacts[0].name", "STR-2 stages[2].actions[0].inputArtifacts[0].name",
        ]),
    RuleCase(
        "STR-2 a namespace with a dot", [("stages[1].actions[0].namespace", "a.b")],
        ["STR-2 stages[1].actions[0].namespace"]),
    RuleCase(
        "STR-2 a long provider and version",
        [
            ("stages[1].actions[0].actionTypeId.provider", long(36)),
            ("stages[1].actions[0].actionTypeId.version", long(10)),
        ],
        [
            "STR-2 stages[1].actions[0].actionTypeId.provider", "STR-2 stages[1].actions[0].actionTypeId.version",
            "ACT-2 stages[1].actions[0].actionTypeId",
        ]),
    RuleCase("STR-2 a value of 1000", [("stages[1].actions[0].configuration.ProjectName", long(1000))]),
    RuleCase(
        "STR-2 a value of 1001", [("stages[1].actions[0].configuration.ProjectName", long(1001))],
        ["STR-2 stages[1].actions[0].configuration.ProjectName"]),
    RuleCase(
        "STR-2 an empty value", [("stages[1].actions[0].configuration.ProjectName", "")],
        ["STR-2 stages[1].actions[0].configuration.ProjectName"]),
    RuleCase("STR-3 two stages of one name", [("stages[2].name", "Build")], ["STR-3 stages[2].name"]),
    RuleCase("STR-3 one action name in two stages", [("stages[2].actions[0].name", "Compile")]),
    RuleCase(
        "STR-3 two actions of a stage, their artifact and namespace", [("stages[1].actions[1]", build)],
        [
            "STR-3 stages[1].actions[1].name", "STR-3 stages[1].actions[1].outputArtifacts[0].name",
            "STR-3 stages[1].actions[1].namespace",
        ]),
    RuleCase(
        "STR-3 a namespace that is an artifact", [("stages[1].actions[0].namespace", "Src")],
        ["STR-3 stages[1].actions[0].namespace"]),
    RuleCase(
        "STR-4 one stage", [("stages", [stage("Source", [source, build])])],
        [
            "STR-4 stages", "STR-5 stages[0].actions[1].actionTypeId.category",
            "ACT-11 stages[0].actions[1].inputArtifacts[0].name",
        ]),
    RuleCase("STR-4 a stage without actions", [("stages[2].actions", [])], ["STR-4 stages[2].actions"]),
    RuleCase(
        "STR-4 51 stages", [("stages", .array(many(51)))], ["STR-4 stages"]),
    RuleCase(
        "STR-4 101 actions in a stage",
        [("stages[2].actions", .array((0..<101).map { approval("a\($0)") }))], ["STR-4 stages[2].actions"]),
    RuleCase(
        "STR-5 a source in a later stage",
        [("stages[2].actions[1]", source.with("name", "Late").with("outputArtifacts[0].name", "Other"))],
        ["STR-5 stages[2].actions[1].actionTypeId.category"]),
    RuleCase(
        "STR-5 sources only",
        [("stages[2]", nil), ("stages[1].actions", [source.with("outputArtifacts[0].name", "B")])],
        ["STR-5 stages[1].actions[0].actionTypeId.category", "STR-5 stages"]),
    RuleCase("STR-8 V2 may have a mode", [("pipelineType", "V2"), ("executionMode", "PARALLEL")]),
    RuleCase(
        "STR-8 V1 with members of V2",
        [
            ("pipelineType", "V1"), ("executionMode", "QUEUED"), ("variables", [["name": "A"]]),
            ("stages[2].onFailure", ["result": "ROLLBACK"]),
            ("stages[2].actions[1]", compute(["commands": ["true"]])),
        ],
        [
            "STR-8 executionMode", "STR-8 variables", "STR-8 stages[2].onFailure",
            "STR-8 stages[2].actions[1].actionTypeId",
        ]),
    RuleCase("STR-9 an unknown mode", [("executionMode", "Queued")], ["STR-9 executionMode"]),
    RuleCase("STR-10 a blocker", [("stages[1].blockers", [["name": "b", "type": "Schedule"]])]),
    RuleCase(
        "STR-10 a blocker of another type", [("stages[1].blockers", [["name": "", "type": "Moon"]])],
        ["STR-10 stages[1].blockers[0].name", "STR-10 stages[1].blockers[0].type"]),
    RuleCase("STR-12 a role of another partition", [("roleArn", "arn:aws-us-gov:iam::123456789012:role/a/b:c")]),
    RuleCase("STR-12 a user", [("roleArn", "arn:aws:iam::123456789012:user/x")], ["STR-12 roleArn"]),
    RuleCase(
        "STR-12 a placeholder", [("stages[1].actions[0].roleArn", "arn:aws:iam::<ACCOUNT>:role/x")],
        ["STR-12 stages[1].actions[0].roleArn"]),
    RuleCase("STR-12 rubbish", [("roleArn", "arn:awsx:iam::123456789012:role/x")], ["STR-12 roleArn"]),
]

func approval(_ name: String) -> JSON { action(name, "Approval/AWS/Manual/1") }

func compute(_ more: [String: JSON]) -> JSON {
    action("Run", "Compute/AWS/Commands/1", ["inputArtifacts": [["name": "Src"]]].merging(more) { $1 })
}

private func many(_ count: Int) -> [JSON] {
    [stage("Source", [source])] + (1..<count).map { stage("s\($0)", [approval("wait")]) }
}
