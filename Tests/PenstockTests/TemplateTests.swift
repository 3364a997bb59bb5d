import Glibc
import Jansson
import Testing

@Suite("CloudFormation templates")
struct TemplateTests {
    @Test("import prints the definition, tells what it leaves open on the standard error, and it is valid")
    func importing() async throws {
        let site = try Site()
        try site.write(template, to: "shop.yaml")
        let outcome = try await site.penstock("import", "shop.yaml")
        #expect(outcome.code == 0, "\(outcome)")
        #expect(try JSON(parsing: outcome.text)["pipeline"]?["name"] == "shop-main")
        for line in [
            "shop.yaml: roleArn: \"arn:aws:iam::000000000000:role/Role\" stands for the attribute Arn of the resource Role",
            "stands for the parameter Who, which has no value", "parameters get their values by --parameter Who=VALUE",
            "shop.yaml: the transition into Build is disabled (not yet)",
            "shop.yaml: has beside it Hook (AWS::CodePipeline::Webhook): TargetPipeline shop-main",
        ] { #expect(outcome.errorText.contains(line), "\(line)\n\(outcome)") }
        try site.write(outcome.text, to: "imported.json")
        #expect(try await site.penstock("validate", "imported.json").code == 0)

        let json = try await site.penstock("import", "shop.yaml", "--format", "json", "--parameter", "Who=you")
        let report = try #require(try json.objects().first)
        #expect(json.code == 0 && json.errors == [] && report["valid"] == true && report["logicalId"] == "Shop")
        #expect(report["placeholders"]?.elements.map { $0["path"] } == ["roleArn"])
        #expect(report["disabledTransitions"] == [["stageName": "Build", "reason": "not yet"]])
        #expect(report["resources"]?[0]?["properties"]?["TargetPipeline"] == "shop-main")
        #expect(try await site.penstock("import", "shop.yaml", "--quiet").errors == [])
    }

    @Test("what is wrong with a template is told with its place in the template, by import, validate and run alike")
    func findings() async throws {
        let site = try Site()
        try site.write(template.replacing("Name: Hello", with: "Name: !Nonsense Hello"), to: "bad.yaml")
        let place = "bad.yaml: Resources.Shop.Properties.Stages[1].Actions[0].Name.Fn::Nonsense: Fn::Nonsense is not"
        for command in ["import", "validate", "run"] {
            let outcome = try await site.penstock(command, "bad.yaml")
            #expect(outcome.code == 1 && "\(outcome)".contains(place), "\(outcome)")
        }
        #expect(!site.exists("state"))
    }

    @Test("every pipeline of a template is judged, and one of several is named to be imported or run")
    func several() async throws {
        let site = try Site()
        let two = """
            Resources:
              A: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: a, Stages: []}}
              B: {Type: AWS::CodePipeline::Pipeline, Properties: {Name: b, Stages: []}}
            """
        try site.write(two, to: "two.yaml")
        let valid = try await site.penstock("validate", "two.yaml")
        #expect(valid.code == 1 && valid.text.contains("Resources.A.Prop") && valid.text.contains("Resources.B.Prop"))
        let one = try await site.penstock("validate", "two.yaml", "--logical-id", "B", "--format", "json")
        #expect(!one.text.contains("Resources.A") && one.text.contains("Resources.B"), "\(one)")
        for command in ["import", "run"] {
            let outcome = try await site.penstock(command, "two.yaml")
            #expect(outcome.code == 2, "\(outcome)")
            #expect(
                outcome.errorText.hasSuffix("two.yaml: has 2 pipelines; name one by --logical-id:\n  A (a)\n  B (b)"))
        }
        let imported = try await site.penstock("import", "two.yaml", "--logical-id", "A")
        #expect(imported.code == 1 && imported.output.isEmpty, "half a definition is none")
        #expect(
            imported.errorText.contains("Resources.A.Properties.Stages") && !imported.errorText.contains("Resources.B"))
    }

    @Test(
        "what cannot be imported is refused as unreadable",
        arguments: [
            (["import", "pipeline.json"], "pipeline.json: is no CloudFormation template: it has no object Resources"),
            (["import", "nothing.yaml"], "nothing.yaml: has no AWS::CodePipeline::Pipeline among its 1 resource"),
            (["import", "absent.yaml"], "absent.yaml: does not exist"), (["import", ""], "must not be empty"),
            (["import", "shop.yaml", "--parameter", "Whom=x"], "has no parameter Whom; did you mean Who?"),
            (
                ["import", "shop.yaml", "--parameter", "Who=x", "--parameter", "Who=y"],
                "--parameter Who: is given twice"
            ),
            (
                ["import", "shop.yaml", "--parameter", "Who"],
                "The value 'Who' is invalid for '--parameter <name=value>'"
            ),
            (["import", "shop.yaml", "--logical-id", "Hook"], "has no pipeline of the logical id Hook; it has Shop"),
            (["validate", "shop.yaml", "--parameter", "Whom=x"], "has no parameter Whom"),
            (
                ["run", "pipeline.json", "--parameter", "Who=x"],
                "is no CloudFormation template, so it takes no --param"
            ),
            (["settings", "init", "nothing.yaml"], "has no AWS::CodePipeline::Pipeline"),
        ])
    func refusals(arguments: [String], message: String) async throws {
        let site = try Site()
        try site.write(template, to: "shop.yaml")
        try site.write("Resources: {A: {Type: 'AWS::S3::Bucket'}}", to: "nothing.yaml")
        try site.write(pipeline(source, Stage("End", approval("Ok"))).text, to: "pipeline.json")
        let outcome = try await site.start(arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(!site.exists("state"))
    }

    @Test(
        "run takes a template, refuses to without the parameters that its actions need, and stops at a disabled transition"
    )
    func running() async throws {
        let site = try Site()
        try site.write(template, to: "shop.yaml")
        let missing = try await site.penstock("run", "shop.yaml")
        #expect(missing.code == 2 && missing.errorText.hasSuffix("give --parameter Who=VALUE"), "\(missing)")
        #expect(!site.exists("state"))

        let outcome = try await site.penstock("run", "shop.yaml", "--parameter", "Who=you", "--quiet")
        #expect(outcome.code == 4, "\(outcome)")
        #expect(
            outcome.errorText.contains("stops after Source: the template disables the transition into Build (not yet)"))
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded"])

        let guessed = """
            Conditions: {IsYou: !Equals [!Ref Who, you]}
            \(template.replacing("Script: 'true'", with: "Script: !If [IsYou, 'true', 'false']").replacing("${Who}", with: "x"))
            """
        try site.write(guessed, to: "guessed.yaml")
        let guess = try await site.penstock("run", "guessed.yaml")
        #expect(guess.code == 2 && guess.errorText.hasSuffix("give --parameter Who=VALUE"), "\(guess)")

        try site.write(template.replacing("StageName: Build", with: "StageName: Source"), to: "none.yaml")
        let none = try await site.penstock("run", "none.yaml", "--parameter", "Who=you", "--quiet")
        #expect(none.code == 1 && none.errorText.contains("nothing can run: the template disables"), "\(none)")

        try site.write(template.replacing("StageName: Build", with: "StageName: End"), to: "later.yaml")
        let later = try await site.penstock("run", "later.yaml", "--parameter", "Who=you", "--stop-after", "Source")
        #expect(later.code == 4 && later.text.contains("Source") && !later.text.contains("hello you"), "\(later)")
        let all = try await site.penstock("run", "later.yaml", "--parameter", "Who=you")
        #expect(all.code == 4 && all.text.contains("Build/Hello | hello you"), "\(all)")
    }

    @Test("settings init writes what a definition needs; with its marks replaced the pipeline runs")
    func settings() async throws {
        let site = try Site()
        _ = try await site.makeRepository()
        try site.makeTarget()
        let fetch = action(
            "Fetch", type: "Source/AWS/CodeCommit", configuration: ["RepositoryName": "shop", "BranchName": "main"],
            out: ["Code"])
        let secret = commands(
            "Use", "echo ${#TOKEN} letters",
            more: ["environmentVariables": [["name": "TOKEN", "value": "token", "type": "SECRETS_MANAGER"]]])
        let publish = action("Publish", type: "Deploy/Custom/Local", configuration: ["Target": "site"], in: ["Code"])
        try site.write(pipeline(Stage("S", fetch), Stage("D", secret, publish)).text, to: "pipeline.json")
        let printed = try await site.penstock("settings", "init", "pipeline.json")
        #expect(printed.code == 0 && printed.errors == [], "\(printed)")
        let written = try await site.penstock("settings", "init", "pipeline.json", "--output", "new.yaml")
        #expect(
            written.code == 0 && written.output == [] && site.lines("new.yaml") == printed.output.filter { $0 != "" })
        let again = try await site.penstock("settings", "init", "pipeline.json", "--output", "new.yaml")
        #expect(again.code == 2 && again.errorText.contains("new.yaml: is there already; it is not overwritten"))

        try site.write(printed.text, to: "settings.yaml")
        let unchosen = try await site.penstock("run", "pipeline.json")
        #expect(
            unchosen.code == 1 && unchosen.text.contains("still says \"CHOOSE: Where the repository is"), "\(unchosen)")

        let target = site.place("target")
        try site.write("secret", to: "token", mode: 0o600)
        // As an operator would: values for the marks, and one of the comments made a setting.
        let chosen = printed.text
            .replacing(/url: "CHOOSE.*"/, with: "url: \(site.place("repository"))")
            .replacing(/(path|targets): "CHOOSE.*"/) { "\($0.1): \(target)" }
            .replacing(/file: "CHOOSE.*"/, with: "file: \(site.place("token"))")
            .replacing(/# git:\n  # ( *hostPaths:)\n  # ( *repositories:).*/) {
                "git:\n  \($0.1)\n  \($0.2) \(site.place("repository"))"
            }
        try site.write(chosen, to: "settings.yaml")
        let outcome = try await site.penstock("run", "pipeline.json")
        #expect(
            outcome.code == 0 && outcome.text.contains("6 letters"), "\(outcome)\n\(chosen)")
        #expect(site.lines("target/current/page") == ["welcome"])
    }

    @Test(
        "settings init of a template takes the build's specification and environment from it, and says what is missing")
    func project() async throws {
        let site = try Site()
        try site.write(template.replacing("Provider: Do,", with: "Provider: Gone,"), to: "shop.yaml")
        let invalid = try await site.penstock("settings", "init", "shop.yaml")
        #expect(invalid.code == 1 && invalid.errorText.contains("Provider: 'Gone'"), "\(invalid)")
        try site.write(built, to: "built.yaml")
        let outcome = try await site.penstock("settings", "init", "built.yaml")
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.errorText.contains("S/Fetch: no plugin serves Source/AWS/ECR/1"))
        let later = "B/Later: which entry of CodeBuild.projects it needs shows when it runs: #{S.Name}"
        #expect(outcome.errorText.contains(later))
        #expect(
            outcome.output.dropFirst(2).joined(separator: "\n") == """
                CodeBuild:
                  projects:
                    Compile:
                      # accountId: The account in CODEBUILD_BUILD_ARN; 000000000000 if absent
                      buildspec: |
                        version: 0.2
                        env:
                          parameter-store: {URL: /site/url}
                          secrets-manager: {PASSWORD: "database:password"}
                      environment:
                        HOST: "CHOOSE: the attribute Endpoint of the resource Database"
                        KEY: "CHOOSE: the value of the parameter /a/b"
                        MODE: "release"
                        TOKEN: {"secret":"token"}
                      parameters:
                        "/site/url": "CHOOSE: the value of the parameter /site/url"
                      # region: AWS_REGION and AWS_DEFAULT_REGION of the build; us-east-1 if absent
                      secrets:
                        database: {"secret":"database"}
                # grants:
                #   codebuild:
                #     hostPaths:
                #       tools: Toolchains that live outside /usr (an absolute path, ro)
                secrets:
                  database:
                    file: "CHOOSE: the path of a file with this secret"
                  token:
                    file: "CHOOSE: the path of a file with this secret"
                """)
    }
}

private let template = """
    Parameters:
      Who: {Type: String}
      Token: {Type: String, NoEcho: true, Default: none}
    Resources:
      Role: {Type: AWS::IAM::Role}
      Hook: {Type: AWS::CodePipeline::Webhook, Properties: {TargetPipeline: !Ref Shop}}
      Shop:
        Type: AWS::CodePipeline::Pipeline
        Properties:
          Name: !Sub '${AWS::StackName}-main'
          RoleArn: !GetAtt Role.Arn
          DisableInboundStageTransitions: [{StageName: Build, Reason: not yet}]
          Stages:
            - Name: Source
              Actions:
                - Name: Fetch
                  ActionTypeId: {Category: Source, Owner: Custom, Provider: Peek, Version: 1}
                  Configuration: {Script: echo hi > out/Code/file}
                  OutputArtifacts: [{Name: Code}]
            - Name: Build
              Actions:
                - Name: Hello
                  ActionTypeId: {Category: Build, Owner: Custom, Provider: Do, Version: 1}
                  Configuration: {Script: !Sub 'echo hello ${Who}'}
                  InputArtifacts: [{Name: Code}]
            - Name: End
              Actions:
                - Name: Last
                  ActionTypeId: {Category: Build, Owner: Custom, Provider: Do, Version: 1}
                  Configuration: {Script: 'true'}
    """

private let built = """
    Resources:
      Database: {Type: AWS::RDS::DBInstance}
      Compile:
        Type: AWS::CodeBuild::Project
        Properties:
          Source:
            Type: CODEPIPELINE
            BuildSpec: |
              version: 0.2
              env:
                parameter-store: {URL: /site/url}
                secrets-manager: {PASSWORD: "database:password"}
          Environment:
            EnvironmentVariables:
              - {Name: MODE, Value: release}
              - {Name: HOST, Value: !GetAtt Database.Endpoint}
              - {Name: KEY, Value: /a/b, Type: PARAMETER_STORE}
              - {Name: TOKEN, Value: token, Type: SECRETS_MANAGER}
      Shop:
        Type: AWS::CodePipeline::Pipeline
        Properties:
          RoleArn: arn:aws:iam::123456789012:role/r
          Stages:
            - Name: S
              Actions:
                - Name: Fetch
                  ActionTypeId: {Category: Source, Owner: AWS, Provider: ECR, Version: 1}
                  Configuration: {RepositoryName: r}
                  Namespace: S
                  OutputArtifacts: [{Name: Code}]
            - Name: B
              Actions:
                - Name: Compile
                  ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
                  Configuration: {ProjectName: !Ref Compile}
                  InputArtifacts: [{Name: Code}]
                - Name: Later
                  ActionTypeId: {Category: Build, Owner: AWS, Provider: CodeBuild, Version: 1}
                  Configuration: {ProjectName: '#{S.Name}'}
                  InputArtifacts: [{Name: Code}]
    """
