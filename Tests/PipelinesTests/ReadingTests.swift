import Jansson
import Pipelines
import Testing

struct ReadingTests {
    @Test(arguments: [
        sample, JSON.object(["pipeline": sample]),
        JSON.object(["pipeline": sample.with("version", 7), "metadata": ["pipelineArn": "arn"], "tags": []]),
        sample.with("version", "any").with("metadata", ["created": 1]),
        sample.with("roleArn", nil).with("artifactStore", nil),
    ])
    func `STR-1, STR-6, STR-7: bare and wrapped pipelines are read, without metadata and version`(document: JSON) {
        let (pipeline, findings) = Pipeline.judge(document)
        #expect(findings == [])
        #expect(pipeline.stages.map(\.name) == ["Source", "Build", "Deploy"])
    }

    @Test func `The first stage's members arrive where they belong`() {
        let action = Pipeline.read(sample).pipeline.stages[1].actions[0]
        #expect(action.type.description == "Build/AWS/CodeBuild/1")
        #expect(action.inputArtifacts == ["Src"])
        #expect(action.outputArtifacts == [OutputArtifact(name: "Out")])
        #expect(action.runOrder == 1)
        #expect(action.namespace == "Build")
    }

    @Test func `What is written is read back the same, with every member in use (STR-11)`() {
        let pipeline = Pipeline.read(complete).pipeline
        #expect(Pipeline.read(complete).findings == [])
        let (again, findings) = Pipeline.read(pipeline.json)
        #expect(findings == [])
        #expect(again == pipeline)
        #expect(pipeline.json["stages"] != nil && again.json == pipeline.json)
    }

    @Test func `STR-11: what is written has the defaults that the service echoes`() {
        let bare = Pipeline.read(sample.with("stages[0].actions[0].configuration", nil)).pipeline.json
        guard case .array(let stages) = bare["stages"], case .array(let actions) = stages[0]["actions"] else {
            Issue.record("no stages in \(bare.text)")
            return
        }
        #expect(actions[0]["inputArtifacts"] == [])
        #expect(actions[0]["configuration"] == [:])
        #expect(actions[0]["runOrder"] == 1)
        #expect(bare["executionMode"] == "SUPERSEDED")
    }

    @Test func `STR-14: numbers and booleans are taken as text in a configuration and as a version, nowhere else`() {
        let document =
            sample
            .with("stages[0].actions[0].configuration.PollForSourceChanges", false)
            .with("stages[0].actions[0].configuration.BranchName", .real(1.5))
            .with("stages[0].actions[0].actionTypeId.version", 1)
            .with("stages[1].actions[0].namespace", 12)
        let (pipeline, findings) = Pipeline.judge(document)
        #expect(pipeline.stages[0].actions[0].configuration["PollForSourceChanges"] == "false")
        #expect(pipeline.stages[0].actions[0].configuration["BranchName"] == "1.5")
        #expect(
            findings.map(\.description) == [
                "stages[1].actions[0].namespace: Must be a string, found an integer; put it in quotes. (ACT-1)"
            ])
    }

    @Test func `All faults of shape and rules are told at once, and each place once`() {
        let document =
            sample
            .with("name", nil)
            .with("stages[0].actions[0].runOrder", "1")
            .with("stages[1].actions[0].actionTypeId", nil)
            .with("stages[2].actions[0].configuration", "none")
            .with("stages[2].onFail", [:])
            .with("executionMode", "QUEUE")
            .with("stages[2].name", "De ploy")
        #expect(
            verdict(document) == [
                "STR-1 name", "ACT-1 stages[0].actions[0].runOrder", "ACT-1 stages[1].actions[0].actionTypeId",
                "ACT-1 stages[2].actions[0].configuration", "STR-1 stages[2].onFail", "STR-9 executionMode",
                "STR-2 stages[2].name",
            ])
    }

    @Test func `An unknown member and an unknown word come with the near name`() {
        let (_, findings) = Pipeline.read(
            sample.with("stages[1].actions[0].inputArtefacts", []).with("pipelineType", "v2"))
        #expect(
            findings.map(\.message) == [
                "\"inputArtefacts\" is not a known member here; did you mean \"inputArtifacts\"?",
                "\"v2\" is not one of V1, V2. Did you mean V2?",
            ])
    }

    @Test(arguments: [
        (JSON.null, "Must be an object, found null."), (JSON.array([]), "Must be an object, found a list."),
        (JSON.object(["pipeline": "x"]), "Must be an object, found a string."),
    ])
    func `A document that is no object has one finding`(document: JSON, message: String) {
        #expect(Pipeline.judge(document).findings.map(\.message) == [message])
    }

    @Test(arguments: [JSON.integer(1), stage("S", [.object([:])]), stage("S", [deploy, deploy])])
    func `A document of countless faults has a thousand findings and a note`(stage: JSON) {
        let findings = Pipeline.judge(sample.with("stages", .array(Array(repeating: stage, count: 2000)))).findings
        #expect(findings.count == 1001)
        #expect(findings.last?.message == "There are more than 1000 findings; correct these to see the others.")
    }

    @Test func `Broken elements keep the positions of the others`() {
        let (pipeline, findings) = Pipeline.read(sample.with("stages[0]", 7).with("stages[1].actions[0]", .null))
        #expect(pipeline.stages.count == 3)
        #expect(findings.map(\.path) == ["stages[0]", "stages[1].actions[0]"])
    }
}

/// Every member that a declaration can have.
private let complete: JSON = [
    "name": "all", "roleArn": "arn:aws:iam::123456789012:role/x", "pipelineType": "V2", "executionMode": "QUEUED",
    "artifactStores": [
        "eu-west-1": ["type": "S3", "location": "abc", "encryptionKey": ["id": "k", "type": "KMS"]]
    ],
    "variables": [["name": "A", "defaultValue": "1", "description": "what"], ["name": "B"]],
    "triggers": [
        [
            "providerType": "CodeStarSourceConnection",
            "gitConfiguration": [
                "sourceActionName": "Checkout",
                "push": [["tags": ["includes": ["v*"], "excludes": ["v0*"]]]],
                "pullRequest": [
                    ["events": ["OPEN"], "branches": ["includes": ["main"]], "filePaths": ["excludes": ["docs/**"]]]
                ],
            ],
        ]
    ],
    "stages": [
        stage(
            "S",
            [
                action(
                    "A", "Compute/AWS/Commands/1",
                    [
                        "runOrder": 3, "region": "eu-west-1", "roleArn": "arn:aws:iam::123456789012:role/y",
                        "namespace": "N", "timeoutInMinutes": 5, "commands": ["true"], "outputVariables": ["V"],
                        "environmentVariables": [
                            ["name": "E", "value": "1", "type": "PLAINTEXT"],
                            ["name": "F", "value": "s", "type": "SECRETS_MANAGER"],
                        ],
                        "inputArtifacts": [["name": "I"]], "outputArtifacts": [["name": "O", "files": ["*.txt"]]],
                        "configuration": ["K": "v"],
                    ])
            ],
            [
                "beforeEntry": guarded("SKIP", window(["region": "eu-west-1", "timeoutInMinutes": 6])),
                "onSuccess": guarded("FAIL", window(["commands": ["x"], "inputArtifacts": [["name": "I"]]])),
                "onFailure": ["result": "RETRY", "retryConfiguration": ["retryMode": "ALL_ACTIONS"]],
                "blockers": [["name": "b", "type": "Schedule"]],
            ])
    ],
]
