/// Which property of a resource is its name, and whether that is what `Ref` gives: of some it gives an ARN or an id.
struct Naming: Sendable {
    let property: String
    var isRef = true
}

/// For the types that pipelines refer to by name.
let physicalNames: [String: Naming] = [
    "AWS::CloudFormation::Stack": Naming(property: "StackName", isRef: false),
    "AWS::CodeBuild::Project": Naming(property: "Name"),
    // Ref gives an id, which no pipeline takes: who refers to the repository means its name.
    "AWS::CodeCommit::Repository": Naming(property: "RepositoryName"),
    "AWS::CodeConnections::Connection": Naming(property: "ConnectionName", isRef: false),
    "AWS::CodeDeploy::Application": Naming(property: "ApplicationName"),
    "AWS::CodeDeploy::DeploymentGroup": Naming(property: "DeploymentGroupName"),
    "AWS::CodePipeline::Pipeline": Naming(property: "Name"),
    "AWS::CodePipeline::Webhook": Naming(property: "Name"),
    "AWS::CodeStarConnections::Connection": Naming(property: "ConnectionName", isRef: false),
    "AWS::ECR::Repository": Naming(property: "RepositoryName"),
    "AWS::ECS::Cluster": Naming(property: "ClusterName"),
    "AWS::ECS::Service": Naming(property: "ServiceName", isRef: false),
    "AWS::ElasticBeanstalk::Application": Naming(property: "ApplicationName"),
    "AWS::ElasticBeanstalk::Environment": Naming(property: "EnvironmentName"),
    "AWS::IAM::Role": Naming(property: "RoleName"),
    "AWS::Lambda::Function": Naming(property: "FunctionName"),
    "AWS::S3::Bucket": Naming(property: "BucketName"),
    "AWS::SNS::Topic": Naming(property: "TopicName", isRef: false),
    "AWS::Serverless::Function": Naming(property: "FunctionName"),
    "AWS::StepFunctions::StateMachine": Naming(property: "StateMachineName", isRef: false),
]
