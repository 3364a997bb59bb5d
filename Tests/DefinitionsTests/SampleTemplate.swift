import Definitions
import Pipelines

/// A template with one of everything, and a source action of its own type with the given configuration.
func template(
    _ configuration: String, given: [String: String] = [:], properties: String = "", stages: String? = nil
) throws -> DefinitionFile {
    let text = templateText(configuration, properties: properties, stages: stages)
    return try DefinitionFile.parse(Array(text.utf8), file: "dir/shop.template.yaml", parameters: given)
}

func templateText(_ configuration: String, properties: String = "", stages: String? = nil) -> String {
    head.replacing("@configuration", with: indented(configuration, by: 16))
        .replacing("@properties", with: indented(properties, by: 6))
        .replacing("@stages", with: indented(stages ?? approval, by: 8))
}

func indented(_ text: String, by count: Int) -> String {
    text.split(separator: "\n").map { String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
}

private let approval = """
    - Name: Build
      Actions:
        - Name: Ask
          ActionTypeId: {Category: Approval, Owner: AWS, Provider: Manual, Version: 1}
    """

private let head = """
    AWSTemplateFormatVersion: 2010-09-09
    Parameters:
      Text: {Type: String, Default: words}
      Number: {Type: Number, Default: 42}
      Order: {Type: Number, Default: 7}
      List: {Type: CommaDelimitedList, Default: 'a, b ,c'}
      Missing: {Type: String}
      Secret: {Type: String, NoEcho: true}
      Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/key}
      Stage: {Type: String, Default: test, AllowedValues: [test, production]}
    Mappings:
      Map: {us-east-1: {Image: ami-1, Zones: [z1, z2]}}
    Conditions:
      IsProduction: !Equals [!Ref Stage, production]
      IsNot: !Not [!Condition IsProduction]
      Both: !And [!Condition IsNot, !Condition IsProduction]
      Either: !Or [{Condition: IsNot}, !Equals [1, '2']]
      Named: !Equals [!Ref Number, 42]
    Resources:
      Pipeline:
        Type: AWS::CodePipeline::Pipeline
        Properties:
          RoleArn: !GetAtt Role.Arn
    @properties
          Stages:
            - Name: Source
              Actions:
              - Name: Checkout
                ActionTypeId: {Category: Source, Owner: Custom, Provider: Free, Version: 1}
                OutputArtifacts: [{Name: Code}]
                Configuration:
    @configuration
    @stages
      Source:
        Type: AWS::CodePipeline::CustomActionType
        Properties:
          Category: Source
          Provider: Free
          Version: 1
          ConfigurationProperties: [{Name: Value, Required: true, Key: true, Secret: false}]
          InputArtifactDetails: {MinimumCount: 0, MaximumCount: 0}
          OutputArtifactDetails: {MinimumCount: 0, MaximumCount: 1}
      Hook:
        Type: AWS::CodePipeline::Webhook
        Properties: {TargetPipeline: !Ref Pipeline, AuthenticationConfiguration: {SecretToken: !Ref Secret}}
      Anonymous: {Type: AWS::CodeBuild::Project}
      Project:
        Type: AWS::CodeBuild::Project
        Properties:
          Name: !Sub '${Text}-build'
          Source: {Type: CODEPIPELINE, BuildSpec: "version: 0.2\\n"}
          Environment:
            EnvironmentVariables:
              - {Name: MODE, Value: !Ref Text}
              - {Name: KEY, Value: /a/b, Type: PARAMETER_STORE}
              - {Name: TOKEN, Value: token, Type: SECRETS_MANAGER}
      Repository: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: the-repository}}
      Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'b-${AWS::Region}'}}
      Role: {Type: AWS::IAM::Role}
      NamedRole: {Type: AWS::IAM::Role, Properties: {RoleName: builder}}
      Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
    """
