import Definitions
import Pipelines
import Testing

/// Templates that cannot be worked out: each says where, and what to do.
struct BadTemplateTests {
    private let place = "Resources.Pipeline.Properties.Stages[0].Actions[0].Configuration.Value"

    @Test(arguments: [
        ("!Nonsense x", ".Fn::Nonsense", "Fn::Nonsense is not a function that is known here."),
        ("!Subb x", ".Fn::Subb", "Fn::Subb is not a function that is known here; did you mean Fn::Sub?"),
        ("!Transform {Name: 'AWS::Include'}", ".Fn::Transform", "Fn::Transform (AWS::Include) runs in AWS only."),
        ("{'Fn::ForEach::Each': [x, [a], {}]}", ".Fn::ForEach::Each", "Fn::ForEach::Each runs in AWS only."),
        ("{'Fn::Sub': x, Other: y}", ".Fn::Sub", "Fn::Sub stands beside other members"),
        ("!Ref Txt", "", "\"Txt\" is neither a parameter nor a resource of the template; did you mean Text?"),
        ("!Ref {a: b}", ".Ref", "Ref takes a name."),
        ("!GetAtt Nobody.Arn", "", "\"Nobody\" is neither a parameter nor a resource"),
        ("!GetAtt Text.Arn", "", "Text is no resource, so it has no Arn."),
        ("!GetAtt Project", "", "\"Project\" is no attribute; write RESOURCE.ATTRIBUTE."),
        ("!GetAtt [a, b, c]", ".Fn::GetAtt", "Fn::GetAtt takes a list of 2 values."),
        ("!Sub 'a ${Nobody} b'", "", "\"Nobody\" is neither"),
        ("!Sub 'a ${List} b'", "", "\"List\" is a list, which cannot stand in the text of Fn::Sub."),
        ("!Sub [a]", ".Fn::Sub", "Fn::Sub takes a list of 2 values."),
        ("!Sub [a, b]", ".Fn::Sub[1]", "takes an object of variables second"),
        ("!Join ['-', text]", ".Fn::Join[1]", "Fn::Join takes a list here, found a string."),
        ("!Join ['-', [[a]]]", ".Fn::Join[1][0]", "Fn::Join takes texts here, found a list."),
        ("!Join [1, [a]]", ".Fn::Join[0]", "Fn::Join takes a text first."),
        ("!Split ['', a]", ".Fn::Split[0]", "Fn::Split takes a text first that is not empty."),
        ("!Select [3, [a, b]]", ".Fn::Select", "asks for the value 3 of a list of 2"),
        ("!Select [-1, [a, b]]", ".Fn::Select[0]", "takes a number from 0"),
        ("!Select [0, text]", ".Fn::Select[1]", "takes a list here, found a string"),
        ("!FindInMap [Map, us-east-1]", ".Fn::FindInMap", "takes a list of 3 to 4 values"),
        ("!FindInMap [Nap, a, b]", ".Fn::FindInMap", "There is no mapping Nap."),
        ("!FindInMap [Map, moon, Image]", ".Fn::FindInMap", "The mapping Map has no moon."),
        ("!FindInMap [Map, us-east-1, x]", ".Fn::FindInMap", "The mapping Map has no x in us-east-1."),
        ("!If [Nobody, a, b]", ".Fn::If[0]", "There is no condition \"Nobody\""),
        ("!If [!Equals [a, b], a, b]", ".Fn::If", "Fn::If takes the name of a condition first."),
        ("!If [Both, a]", ".Fn::If", "Fn::If takes a list of 3 values."),
        ("!Equals [a, b]", ".Fn::Equals", "Fn::Equals works in the section Conditions only"),
        ("!Base64 [a]", ".Fn::Base64", "Fn::Base64 takes a text here, found a list."),
        ("{'Fn::Length': a}", ".Fn::Length", "Fn::Length takes a list here"),
        ("[a]", "", "Must be a string, found a list."), ("{a: b}", "", "Must be a string, found an object."),
    ])
    func `A function that cannot be worked out is one finding with its place`(
        expression: String, end: String, message: String
    ) throws {
        let file = try template("Value: \(expression)")
        #expect(file.findings.count == 1, "\(file.findings)")
        let finding = try #require(file.findings.first)
        #expect(finding.path == place + end || finding.path == "\(place)\(end)[0]", "\(finding)")
        #expect(finding.message.contains(message), "\(finding)")
        #expect(finding.rule == "STR-14" || finding.rule == "ACT-1")
    }

    @Test func `All that is wrong is told at once`() throws {
        let file = try template("Value: !Nonsense x\nOther: !Ref Nobody", properties: "Nam: x\nname: y")
        #expect(
            file.findings.map(\.path) == [
                "\(place.dropLast(5))Other", "\(place).Fn::Nonsense", "Resources.Pipeline.Properties.Nam",
                "Resources.Pipeline.Properties.name",
            ])
        #expect(file.findings.last?.message == "\"name\" is not a known member here; did you mean \"Name\"?")
    }

    @Test(arguments: [
        (
            "Conditions: {A: !Condition B, B: !Not [!Condition A]}", "!If [A, x, y]",
            "the condition A → the condition B → the condition A"
        ),
        ("Conditions: {A: !Condition A}", "!If [A, x, y]", "the condition A → the condition A"),
        (
            "Conditions: {}", "!Ref Circle",
            "the name of Circle → the name of Other → the name of Circle"
        ),
    ])
    func `A circle is named, and does not go round`(conditions: String, expression: String, circle: String) throws {
        let file = try parse(
            """
            \(conditions)
            Resources:
              Circle: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'x-${Other}'}}
              Other: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt Circle.Name}}
              Pipeline: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: \(expression), Stages: []}}
            """)
        #expect(
            file.findings.filter { $0.rule == "STR-14" }.map(\.message)
                == ["Refers to itself in a circle: \(circle). Break it."])
        #expect(!file.findings.contains { $0.rule != "STR-14" && $0.path.hasSuffix("Name") }, "\(file.findings)")
    }

    @Test func `A mapping that refers to itself ends at the limit of depth`() throws {
        let file = try parse(
            """
            Mappings: {M: {a: {b: !FindInMap [M, a, b]}}}
            Resources: {P: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: !FindInMap [M, a, b], Stages: []}}}
            """)
        #expect(file.findings.first?.message.hasPrefix("This is more than 200 levels deep") == true)
    }

    @Test func `Long chains of conditions and names end at the limit of depth, without a crash`() throws {
        let count = 2_000
        let conditions = (0..<count).map { "  C\($0): !Condition C\($0 + 1)" }.joined(separator: "\n")
        let names = (0..<count).map { "  B\($0): {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B\($0 + 1)}}" }
        for name in ["!If [C0, a, b]", "!Ref B0"] {
            let file = try parse(
                """
                Conditions:
                \(conditions)
                  C\(count): !Equals [a, a]
                Resources:
                \(names.joined(separator: "\n"))
                  B\(count): {Type: AWS::S3::Bucket}
                  P: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: \(name), Stages: []}}
                """)
            #expect(file.findings.first?.message.hasPrefix("This is more than 200 levels deep") == true)
        }
    }

    @Test func `Texts that multiply end at the limit of room`() throws {
        let names = (0..<40).map {
            "  B\($0): {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${B\($0 + 1)}${B\($0 + 1)}'}}"
        }
        let file = try parse(
            """
            Resources:
            \(names.joined(separator: "\n"))
              B40: {Type: AWS::S3::Bucket, Properties: {BucketName: laughter}}
              P: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: !Ref B0, Stages: []}}
            """)
        #expect(
            file.findings.contains { $0.message.contains("unfolds to more than 67108864 bytes") },
            "\(file.findings.count)")
    }

    @Test(arguments: [
        ("Resources: {}", "has no AWS::CodePipeline::Pipeline among its 0 resources"),
        ("Resources: {A: {Type: AWS::S3::Bucket}}", "has no AWS::CodePipeline::Pipeline among its 1 resource"),
        ("Resources: {A: 5, B: [x], 'Fn::ForEach::P': [x, [a], {}]}", "Fn::ForEach::P runs in AWS only"),
        (
            "Parameters: [x]\nResources: {P: {Type: 'AWS::CodePipeline::Pipeline'}}",
            "has Parameters that must be an object, found a list"
        ),
    ])
    func `A template without pipelines, or with a section of the wrong kind, is no definition`(
        text: String, problem: String
    ) {
        #expect(problemOf(text)?.contains(problem) == true, "\(problemOf(text) ?? "none")")
    }

    @Test func `Of ten pipelines one is to be named, and those are left out that are not made`() throws {
        let pipelines = (0..<10).map { "  P\($0): {Type: AWS::CodePipeline::Pipeline, Properties: {Name: n\($0)}}" }
        let text = "Resources:\n\(pipelines.joined(separator: "\n"))"
        #expect(problemOf(text)?.hasPrefix("has 10 pipelines; name one by --logical-id:\n  P0 (n0)\n  P1 (n1)") == true)
        #expect(try parse(text, logicalID: "P7").pipeline.name == "n7")
        #expect(
            problemOf(text, logicalID: "P77")
                == "has no pipeline of the logical id P77; it has P0, P1, P2, P3, P4, P5, P6, P7, P8, P9")
        let two = """
            Conditions: {Never: !Equals [a, b]}
            Resources:
              A: {Type: AWS::CodePipeline::Pipeline, Condition: Never, Properties: {Name: a}}
              B: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: b}}
            """
        #expect(try parse(two).pipeline.name == "b")
        #expect(try parse(two, logicalID: "A").origin?.unmetCondition == "Never")
        let none = two.replacing("B: {Type: AWS::CodePipeline::Pipeline,", with: "B: {Type: X,")
        #expect(
            problemOf(none)
                == "makes no pipeline with these parameters; name one by --logical-id:\n"
                + "  A (a, not made because its condition Never does not hold)")
    }

    @Test(arguments: [
        (["Txt": "x"], "has no parameter Txt; did you mean Text?"),
        (["Quite": "x"], "has no parameter Quite; it has Text"),
        (["Text": "c"], "takes for its parameter Text one of a, b, not \"c\""),
        (["AWS::Regio": "x"], "has no parameter AWS::Regio"),
    ])
    func `A value for no parameter, and one that is not allowed, is refused`(given: [String: String], problem: String) {
        let text = """
            Parameters: {Text: {Type: String, AllowedValues: [a, b]}}
            Resources: {P: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: n}}}
            """
        #expect(problemOf(text, given: given)?.hasPrefix(problem) == true)
        #expect(problemOf("name: x", given: given) == "is no CloudFormation template, so it takes no --parameter")
    }

    @Test(arguments: [
        ("Resources: {P: {Type: AWS::CodePipeline::Pipeline}}", ["STR-1 Resources.P.Properties.Stages"]),
        (
            "Resources: {P: {Type: AWS::CodePipeline::Pipeline, Properties: text}}",
            ["STR-1 Resources.P.Properties"]
        ),
        (
            "Resources: {P: {Type: AWS::CodePipeline::Pipeline, Properties: {Stages: {}, Name: [x]}}}",
            ["STR-1 Resources.P.Properties.Name", "STR-1 Resources.P.Properties.Stages"]
        ),
        (
            """
            Resources:
              P:
                Type: AWS::CodePipeline::Pipeline
                Properties:
                  Stages: !Ref 'AWS::NoValue'
                  ArtifactStores: [{Region: x}]
                  DisableInboundStageTransitions: [{StageName: Nowhere, Reason: none}]
            """,
            [
                "STR-14 Resources.P.Properties.ArtifactStores[0]", "STR-1 Resources.P.Properties.Stages",
                "STR-14 Resources.P.Properties.DisableInboundStageTransitions[0].StageName",
            ]
        ),
    ])
    func `A pipeline of the wrong shape has its findings`(text: String, findings: [String]) throws {
        #expect(try parse(text).findings.map { "\($0.rule) \($0.path)" } == findings)
    }

    @Test(arguments: [
        ("name: !Ref x", "has the tag !Ref"), ("Resources: !Ref x", "has the tag !Ref"),
        ("Resources: {A: &a x, B: !Ref *a}", "has the tag !Ref"), ("Resources: {A: !!binary x}", "binary"),
        ("Resources: {!Ref x: y}", "has the tag !Ref"), ("A: x\nA: !Sub y", "more than once"),
    ])
    func `Tags are functions in templates only, and not of aliases and keys`(text: String, problem: String) {
        #expect(problemOf(text)?.contains(problem) == true, "\(problemOf(text) ?? "none")")
    }

    @Test func `A key that stands twice counts once, the last time, unless it is in the pipeline itself`() throws {
        let text = """
            Resources:
              Policy: {Type: AWS::IAM::Policy, "é": 1, Type: b, "é": 2, Type: AWS::IAM::Policy}
              Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: one}}
              Pipeline: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: !Ref Bucket, Stages: []}}
              Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: two}}
            """
        let file = try parse(text)
        #expect(file.pipeline.name == "two")
        let within = try parse(text.replacing("Name: !Ref Bucket", with: "Name: a, 'Name': b"))
        #expect(
            within.findings.map(\.description) == [
                "Resources.Pipeline.Properties.Name: \"Name\" stands here more than once; remove one. (STR-14)"
            ])
        let many = (0..<20).map { "  A: {Type: x\($0)}" }.joined(separator: "\n")
        #expect(problemOf("Resources:\n\(many)")?.contains("more than once") == true)
    }

    @Test func `A comparison with something unknown is a guess that is told`() throws {
        let file = try parse(
            """
            Parameters: {Branch: {Type: String}}
            Conditions: {IsMain: !Equals [!Ref Branch, main]}
            Resources: {P: {Type: AWS::CodePipeline::Pipeline, Condition: IsMain, Properties: {Name: !If [IsMain, a, b]}}}
            """, logicalID: "P")
        let origin = try #require(file.origin)
        #expect(file.pipeline.name == "b")
        #expect(origin.placeholders.map(\.path) == ["Conditions.IsMain"])
        #expect(origin.placeholders[0].references == [.parameter("Branch", isSecret: false)])
        #expect(origin.unmetCondition == "IsMain")
    }

    @Test func `A template that is changed at random is read or refused, and never crashes`() {
        var state: UInt64 = 3
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        let text = templateText("Value: !Sub '${Text} ${Project}'\nOther: !Select [0, !Ref List]")
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        // What follows a line feed is indentation.
        let places = words.indices.filter { !words[$0].isEmpty && !words[$0].contains("\n") }
        let put = ["", "null", "[]", "{}", "!Ref", "!Sub", "AWS::NoValue,", "Missing", "-1", "{Ref: x}", "'Fn::If':"]
        var readings = 0
        for _ in 0..<600 {
            var changed = words
            for _ in 0...random(3) {
                let other = words[places[random(places.count)]]
                changed[places[random(places.count)]] = random(2) == 0 ? other : put[random(put.count)][...]
            }
            if let file = try? parse(changed.joined(separator: " "), logicalID: "Pipeline") {
                readings += 1
                #expect(file.findings.allSatisfy { !$0.message.isEmpty })
            }
        }
        #expect(readings > 50)
    }

    private func parse(_ text: String, logicalID: String? = nil, given: [String: String] = [:]) throws -> DefinitionFile
    {
        try DefinitionFile.parse(Array(text.utf8), file: "t.yaml", logicalID: logicalID, parameters: given)
    }

    private func problemOf(_ text: String, logicalID: String? = nil, given: [String: String] = [:]) -> String? {
        do {
            _ = try parse(text, logicalID: logicalID, given: given)
            return nil
        } catch {
            return (error as? DocumentError)?.problem
        }
    }
}
