import Jansson
import Pipelines
import Testing

/// A change of the sample and what it is found to break.
struct RuleCase: CustomTestStringConvertible, Sendable {
    let name: String
    let changes: [(String, JSON?)]
    let findings: [String]

    init(_ name: String, _ changes: [(String, JSON?)], _ findings: [String] = []) {
        self.name = name
        self.changes = changes
        self.findings = findings
    }

    var testDescription: String { name }
    var document: JSON { changes.reduce(sample) { $0.with($1.0, $1.1) } }
}

struct RuleTests {
    @Test(arguments: structureCases + actionCases + variableCases + triggerCases + conditionCases)
    func `Each rule accepts what it should and says where it is broken`(example: RuleCase) {
        #expect(verdict(example.document) == example.findings)
    }

    @Test func `Every finding is whole sentences`() {
        for example in structureCases + actionCases + variableCases + triggerCases + conditionCases {
            for finding in Pipeline.judge(example.document).findings {
                #expect(finding.message.last == "." || finding.message.last == "?", "\(finding)")
                #expect(finding.message.first?.isLowercase == false, "\(finding)")
            }
        }
    }

    @Test func `STR-4: the limits are the caller's`() {
        let limits = ValidationLimits(stages: 2...2, actionsInStage: 1...1, actionsInPipeline: 2)
        let findings = Pipeline.judge(sample, limits: limits).findings
        #expect(
            findings.map(\.message) == [
                "Must have 2 to 2 stages, found 3.",
                "Have 3 actions together; 2 are allowed.",
            ])
    }

    @Test func `ACT-2: the message names near types and where plugins were looked for`() {
        let catalogue = ActionTypeCatalogue.aws.adding([], searchedPlaces: ["/opt/plugins"])
        let document = sample.with("stages[1].actions[0].actionTypeId.provider", "CodeBild")
        #expect(
            Pipeline.judge(document, catalogue: catalogue).findings.map(\.message) == [
                """
                ActionType (Category: 'Build', Provider: 'CodeBild', Owner: 'AWS', Version: '1') in action 'Compile' is \
                not available; did you mean Build/AWS/CodeBuild/1 or Test/AWS/CodeBuild/1? Or \
                install a plugin that serves it. Plugins were looked for in /opt/plugins.
                """
            ])
    }

    @Test func `ACT-2, ACT-5: a type that a plugin brings is known, and judges its configuration`() {
        let id = ActionTypeID(category: "Build", owner: "Custom", provider: "Make", version: "2")
        let make = ActionType(
            id: id,
            properties: [
                ConfigurationProperty(name: "Jobs", type: .number),
                ConfigurationProperty(name: "Quiet", type: .boolean),
                ConfigurationProperty(name: "Project", required: true, queryable: true),
            ], inputArtifacts: 0...1, outputArtifacts: 0...1)
        func judged(_ configuration: JSON) -> [String] {
            verdict(
                sample.with("stages[1].actions[0].actionTypeId", id.json)
                    .with("stages[1].actions[0].configuration", configuration), catalogue: .aws.adding([make]))
        }
        let path = "ACT-5 stages[1].actions[0].configuration"
        #expect(judged(["Jobs": "4", "Quiet": "TRUE", "Project": "x"]) == [])
        #expect(judged(["Jobs": "#{codepipeline.PipelineExecutionId}", "Project": "x"]) == [])
        #expect(
            judged(["Jobs": "many", "Quiet": "so", "Project": "a b"]) == [
                "\(path).Jobs", "\(path).Quiet", "\(path).Project",
            ])
        #expect(judged(["Job": "4"]) == ["\(path).Project", "\(path).Job"])
    }

    @Test func `STR-8: the type that counts follows from the members when none is declared`() {
        #expect(Pipeline.read(sample).pipeline.effectiveType == .v1)
        #expect(Pipeline.read(sample.with("variables", [["name": "A"]])).pipeline.effectiveType == .v2)
        #expect(Pipeline.read(sample.with("executionMode", "PARALLEL")).pipeline.effectiveType == .v2)
        #expect(Pipeline.read(sample.with("pipelineType", "V2")).pipeline.effectiveType == .v2)
    }

    @Test func `The messages that AWS writes stand in ours`() {
        let cases: [(String, JSON, String)] = [
            (
                "stages[1].actions[0].inputArtifacts", [],
                "declares 0 input artifacts which is less than the minimum count (1)"
            ),
            ("stages[0].actions[0]", build, "Pipeline should start with a stage that only contains source actions"),
            (
                "stages[2].actions[0].configuration.ObjectKey", "#{no.where}",
                "StageName=[Deploy], ActionName=[Ship], ActionConfigurationKey=[ObjectKey], VariableReferenceText=[no.where]"
            ),
            (
                "stages[1].actions[0].outputArtifacts[0].files", ["x"],
                "The following action cannot contain a files field: Compile. To use the files field, use a compute action."
            ),
        ]
        for (path, value, text) in cases {
            let messages = Pipeline.judge(sample.with(path, value)).findings.map(\.message)
            #expect(messages.contains { $0.contains(text) }, "\(text) is not in \(messages)")
        }
    }
}
