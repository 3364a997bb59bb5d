import Definitions
import Jansson
import Pipelines
import Testing

/// What the functions of a template give, seen through a configuration value.
struct TemplateTests {
    /// The value that an expression has in the first action's configuration.
    private func value(_ expression: String, given: [String: String] = [:]) throws -> String? {
        let file = try template("Value: \(expression)", given: given)
        #expect(file.findings == [])
        return file.pipeline.stages[0].actions[0].configuration["Value"]
    }

    @Test(arguments: [
        ("!Ref Text", "words"), ("{Ref: Number}", "42"), ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "000000000000"), ("!Ref AWS::Partition", "aws"), ("!Ref AWS::StackName", "shop"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        (
            "!Ref AWS::StackId",
            "arn:aws:cloudformation:us-east-1:000000000000:stack/shop/00000000-0000-0000-0000-000000000000"
        ),
        ("!Sub 'a ${Text} ${AWS::Region} ${!Literal} $x ${'", "a words us-east-1 ${Literal} $x ${"),
        ("{'Fn::Sub': ['${Text}-${Other}', {Other: !Ref Number}]}", "words-42"),
        ("!Sub ['${Text}', {Text: inner}]", "inner"), ("!Join ['-', [a, !Ref Number, 1.0, true]]", "a-42-1.0-true"),
        ("!Join ['', !Ref List]", "abc"),
    ])
    func `References and texts are put together`(expression: String, expected: String) throws {
        #expect(try value(expression) == expected)
    }

    @Test(arguments: [
        ("!Select [1, [a, b, c]]", "b"), ("!Select ['0', !Ref List]", "a"), ("!Select [1, !Split ['/', 'x/y/z']]", "y"),
        ("!Join ['+', !Split [',', 'a,,b']]", "a++b"), ("!FindInMap [Map, !Ref 'AWS::Region', Image]", "ami-1"),
        ("!Select [1, !FindInMap [Map, us-east-1, Zones]]", "z2"),
        ("{'Fn::FindInMap': [Map, moon, Image, {DefaultValue: none}]}", "none"),
        ("!If [IsProduction, yes-text, no-text]", "no-text"), ("!If [IsNot, !Ref Text, x]", "words"),
        ("!If [Both, a, b]", "b"), ("!If [Either, a, b]", "a"), ("!If [Named, a, b]", "a"),
        ("!Base64 Hello, world", "SGVsbG8sIHdvcmxk"), ("!Base64 a", "YQ=="), ("!Base64 ab", "YWI="),
        ("{'Fn::Length': !Ref List}", "3"), ("!ToJsonString {a: [1, !Ref Text]}", #"{"a":[1,"words"]}"#),
        ("!GetAtt Repository.Name", "the-repository"), ("!Ref Project", "words-build"), ("!Ref Bucket", "b-us-east-1"),
        ("!Sub '${Project}/${Repository.Name}'", "words-build/the-repository"),
    ])
    func `Functions give what they give in AWS`(expression: String, expected: String) throws {
        #expect(try value(expression) == expected)
    }

    @Test(arguments: [
        ("!Ref Anonymous", "Anonymous", "the resource Anonymous (AWS::CodeBuild::Project)"),
        ("!GetAtt Anonymous.Arn", "Anonymous.Arn", "the attribute Arn of the resource Anonymous"),
        (
            "!GetAtt [Anonymous, Outputs.Key]", "Anonymous.Outputs.Key",
            "the attribute Outputs.Key of the resource Anonymous"
        ),
        ("!ImportValue other-Name", "other-Name", "the export other-Name of another stack"),
        ("{'Fn::ImportValue': !Sub '${Text}-Name'}", "words-Name", "the export words-Name of another stack"),
        ("!Ref Missing", "Missing", "the parameter Missing, which has no value"),
        ("!Sub 'x-${Missing}-y'", "x-Missing-y", "the parameter Missing, which has no value"),
        ("!Select [1, !Split ['/', !Ref Missing]]", "Missing-1", "the parameter Missing, which has no value"),
        ("!Select [2, !GetAZs '']", "us-east-1-2", "the availability zones of us-east-1"),
        ("!Select [0, !Cidr [10.0.0.0/16, 4, 8]]", "10.0.0.0/16-0", "a part of the addresses 10.0.0.0/16"),
        ("!Join [',', !GetAtt Anonymous.List]", "Anonymous.List", "the attribute List of the resource Anonymous"),
        ("!Ref Stored", "Stored", "the parameter Stored, whose value is in the Systems Manager under /shop/key"),
        ("!GetAtt Role.Arn", "arn:aws:iam::000000000000:role/Role", "the attribute Arn of the resource Role"),
        (
            "!GetAtt NamedRole.Arn", "arn:aws:iam::000000000000:role/builder",
            "the attribute Arn of the resource NamedRole"
        ),
        ("!Sub '{{resolve:ssm:${Text}}}'", "{{resolve:ssm:words}}", "what AWS keeps under ssm:words"),
        ("!Ref Topic", "news", "the resource Topic (AWS::SNS::Topic)"),
    ])
    func `What lives elsewhere becomes a placeholder that says so`(
        expression: String, expected: String, thing: String
    ) throws {
        let file = try template("Value: \(expression)")
        #expect(file.findings == [])
        #expect(file.pipeline.stages[0].actions[0].configuration["Value"] == expected)
        let placeholders = try #require(file.origin).placeholders.filter { $0.path.hasSuffix(".Value") }
        #expect(placeholders.map(\.path) == ["stages[0].actions[0].configuration.Value"])
        #expect(placeholders.flatMap(\.references).map(\.description) == [thing])
    }

    @Test func `A secret of a configuration stays the reference that it is (VAR-9)`() throws {
        let text = "{{resolve:secretsmanager:token:SecretString:key}}"
        let file = try template("Value: '{{resolve:secretsmanager:token:SecretString:key}}'")
        #expect(file.findings == [])
        #expect(file.pipeline.stages[0].actions[0].configuration["Value"] == text)
        #expect(try #require(file.origin).placeholders.filter { $0.path.hasSuffix(".Value") } == [])
    }

    @Test(arguments: [
        ("1.0", "1.0"), ("1.10", "1.10"), ("1e3", "1e3"), ("012345678901", "012345678901"), ("0x1F", "0x1F"),
        ("2012-10-17", "2012-10-17"), ("True", "true"), ("yes", "true"), ("Off", "false"), ("'yes'", "yes"),
        ("!Sub yes", "yes"), ("12", "12"),
    ])
    func `Scalars become the texts that they are written as (STR-14)`(scalar: String, expected: String) throws {
        #expect(try value(scalar) == expected)
    }

    @Test func `Given values replace defaults, and those of pseudo parameters`() throws {
        let given = ["Text": "other", "AWS::Region": "cn-north-1", "Missing": "here", "Stored": "value"]
        let text = "!Sub '${Text} ${AWS::Partition} ${AWS::URLSuffix} ${Missing} ${Stored}'"
        #expect(try value(text, given: given) == "other aws-cn amazonaws.com.cn here value")
        let file = try template("Value: x", given: ["Secret": "hidden"])
        #expect(file.origin?.notes.contains { $0.contains("Secret is a secret (NoEcho)") } == true)
    }

    @Test func `AWS::NoValue removes members, elements, actions and stages`() throws {
        let file = try template(
            """
            Value: x
            Gone: !If [IsProduction, here, !Ref 'AWS::NoValue']
            """,
            stages: """
                - Fn::If:
                    - IsProduction
                    - {Name: Deploy, Actions: []}
                    - !Ref AWS::NoValue
                - Name: Build
                  Actions:
                    - Fn::If: [IsProduction, {Name: Never}, !Ref 'AWS::NoValue']
                    - !If
                      - IsNot
                      - Name: Compile
                        ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
                        Configuration: {ProjectName: !Ref Project, BatchEnabled: false}
                        InputArtifacts: [{Name: Code}]
                        RunOrder: !Ref Order
                      - !Ref AWS::NoValue
                """)
        #expect(file.findings == [])
        #expect(file.pipeline.stages.map(\.name) == ["Source", "Build"])
        #expect(file.pipeline.stages[0].actions[0].configuration["Gone"] == nil)
        let action = file.pipeline.stages[1].actions[0]
        #expect(file.pipeline.stages[1].actions.map(\.name) == ["Compile"])
        #expect(action.configuration == ["ProjectName": "words-build", "BatchEnabled": "false"])
        #expect(action.runOrder == 7)
        #expect(action.type.version == "1")
    }

    @Test func `Paths of findings lead to the place in the template, through functions`() throws {
        let file = try template(
            "Value: x",
            stages: """
                - Fn::If: [IsProduction, {Name: Never}, !Ref 'AWS::NoValue']
                - Name: Build
                  Actions:
                    - !If
                      - IsNot
                      - Name: "not a name"
                        ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
                        Configuraton: {}
                        InputArtifacts: [{Name: Code}]
                      - !Ref AWS::NoValue
                """)
        let place = "Resources.Pipeline.Properties.Stages[2].Actions[0].Fn::If[1]"
        #expect(
            file.findings.map { "\($0.rule) \($0.path)" } == [
                "STR-14 \(place).Configuraton", "STR-2 \(place).Name", "ACT-5 \(place).Configuration.ProjectName",
            ])
        #expect(file.findings[0].message.contains("\"Configuration\""))
    }

    @Test func `Placeholders fit where they stand: names, stores, roles, versions`() throws {
        let text = """
            Resources:
              Pipeline:
                Type: AWS::CodePipeline::Pipeline
                Properties:
                  Name: !ImportValue 'shop:name of it'
                  RoleArn: !ImportValue the:role
                  ArtifactStore: {Type: S3, Location: !Ref S3, EncryptionKey: {Type: KMS, Id: !GetAtt Key.Arn}}
                  Stages:
                    - Name: !Sub '${S3.Name}/x'
                      Actions:
                        - Name: A
                          ActionTypeId: {Category: Source, Owner: AWS, Provider: CodeCommit, Version: !ImportValue 'a long version'}
                          Configuration: {RepositoryName: !Ref S3, BranchName: main}
                          OutputArtifacts: [{Name: !GetAtt S3.Name}]
                    - Name: B
                      Actions:
                        - Name: Ask
                          ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
              S3: {Type: AWS::S3::Bucket}
              Key: {Type: AWS::KMS::Key}
            """
        let file = try DefinitionFile.parse(Array(text.utf8), file: "t.yaml")
        #expect(file.findings == [])
        #expect(file.pipeline.name == "shop-name-of-it")
        #expect(file.pipeline.roleArn == "arn:aws:iam::000000000000:role/the-role")
        #expect(file.pipeline.artifactStore?.location == "S3-")
        #expect(file.pipeline.stages[0].name == "S3.Name-x")
        #expect(file.pipeline.stages[0].actions[0].type.version == "1")
        #expect(file.pipeline.stages[0].actions[0].outputArtifacts.map(\.name) == ["S3-Name"])
        #expect(file.origin?.placeholders.count == 8)
        // An imported definition is a definition.
        let document = JSON.object(["pipeline": file.document]).serialized
        let again = try DefinitionFile.parse(document, file: "pipeline.json")
        #expect(again.pipeline == file.pipeline)
        #expect(again.findings == [])
    }

    @Test func `What stands beside a declaration is told: transitions, tags, webhooks, custom types, projects`() throws
    {
        let file = try template(
            "Value: x",
            properties: """
                RestartExecutionOnUpdate: true
                Tags: [{Key: team, Value: !Ref Text}]
                DisableInboundStageTransitions: [{StageName: Build, Reason: !Sub 'not ${Text}'}]
                ArtifactStores:
                  - {Region: !Ref 'AWS::Region', ArtifactStore: {Type: S3, Location: !Ref Bucket}}
                """)
        let origin = try #require(file.origin)
        #expect(file.findings == [])
        #expect(file.pipeline.artifactStores?["us-east-1"]?.location == "b-us-east-1")
        #expect(origin.restartsExecutionOnUpdate)
        #expect(origin.tags == ["team": "words"])
        #expect(origin.disabledTransitions.map(\.stage) == ["Build"])
        #expect(origin.disabledTransitions.map(\.reason) == ["not words"])
        #expect(origin.neighbours.map(\.logicalID) == ["Hook", "Source"])
        #expect(origin.neighbours[0].properties["AuthenticationConfiguration"] == ["SecretToken": "****"])
        let project = try #require(origin.projects["words-build"])
        #expect(project.buildspec == "version: 0.2\n")
        #expect(project.environment == ["MODE": "words"])
        #expect(project.parameters == ["KEY": "/a/b"])
        #expect(project.secrets == ["TOKEN": "token"])
    }
}
