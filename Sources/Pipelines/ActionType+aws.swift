// The action and rule types of AWS and its partners, as data. In a list of keys `*` marks a required one and `!` a
// secret one. Source: the action structure reference of the CodePipeline user guide.

extension ActionTypeCatalogue {
    /// Every type that AWS offers, the manual approval among them; the types of condition rules too (CND-10).
    public static let aws = ActionTypeCatalogue(sources + builds + deploys + invokes + rules)
}

private let sources = [
    type(
        "Source/AWS/CodeCommit", 0...0, 1...1, "RepositoryName* BranchName* PollForSourceChanges OutputArtifactFormat"),
    type("Source/AWS/S3", 0...0, 1...1, "S3Bucket* S3ObjectKey* PollForSourceChanges AllowOverrideForS3ObjectKey"),
    type("Source/AWS/ECR", 0...0, 1...1, "RepositoryName* ImageTag"),
    type(
        "Source/AWS/CodeStarSourceConnection", 0...0, 1...1,
        "ConnectionArn* FullRepositoryId* BranchName* OutputArtifactFormat DetectChanges"),
    type("Source/ThirdParty/GitHub", 0...0, 1...1, "Owner* Repo* Branch* OAuthToken*! PollForSourceChanges"),
]

private let codeBuildKeys = "ProjectName* PrimarySource BatchEnabled CombineArtifacts EnvironmentVariables"

private let builds = [
    type("Build/AWS/CodeBuild", 1...5, 0...5, codeBuildKeys, requiredWhen: ["PrimarySource": .severalInputArtifacts]),
    type("Test/AWS/CodeBuild", 1...5, 0...5, codeBuildKeys, requiredWhen: ["PrimarySource": .severalInputArtifacts]),
    type(
        "Build/AWS/ECRBuildAndPublish", 1...1, 0...0, "ECRRepositoryName* DockerFilePath ImageTags RegistryType",
        needsV2: true),
    // The guide's list of keys ends with "…".
    type(
        "Test/AWS/DeviceFarm", 1...1, 0...0, "AppType* ProjectId* App* DevicePoolArn* TestType*", acceptsOtherKeys: true
    ),
    type(
        "Compute/AWS/Commands", 1...10, 0...1, "EnvironmentType ComputeType VpcId Subnets SecurityGroupIds",
        needsV2: true),
]

private let deploys = [
    type(
        "Deploy/AWS/S3", 1...1, 0...0, "BucketName* Extract* ObjectKey KMSEncryptionKeyARN CannedACL CacheControl",
        requiredWhen: ["ObjectKey": .value(ofKey: "Extract", is: "false")]),
    type(
        "Deploy/AWS/CloudFormation", 0...10, 0...1,
        """
        ActionMode* StackName* ChangeSetName Capabilities RoleArn TemplatePath TemplateConfiguration \
        ParameterOverrides OutputFileName
        """),
    type(
        "Deploy/AWS/CloudFormationStackSet", 1...3, 0...0,
        """
        StackSetName* TemplatePath* Description Parameters Capabilities PermissionModel AdministrationRoleArn \
        ExecutionRoleName OrganizationsAutoDeployment DeploymentTargets Regions FailureTolerancePercentage \
        MaxConcurrentPercentage
        """),
    type(
        "Deploy/AWS/CloudFormationStackInstances", 0...2, 0...0,
        """
        StackSetName* Regions* DeploymentTargets ParameterOverrides FailureTolerancePercentage \
        MaxConcurrentPercentage
        """),
    type("Deploy/AWS/CodeDeploy", 1...1, 0...0, "ApplicationName* DeploymentGroupName*"),
    type(
        "Deploy/AWS/CodeDeployToECS", 1...5, 0...0,
        """
        ApplicationName* DeploymentGroupName* TaskDefinitionTemplateArtifact* AppSpecTemplateArtifact* \
        TaskDefinitionTemplatePath AppSpecTemplatePath Image1ArtifactName Image1ContainerName Image2ArtifactName \
        Image2ContainerName Image3ArtifactName Image3ContainerName Image4ArtifactName Image4ContainerName
        """),
    type("Deploy/AWS/ECS", 1...1, 0...0, "ClusterName* ServiceName* FileName DeploymentTimeout"),
    type(
        "Deploy/AWS/EKS", 1...1, 0...0,
        """
        ClusterName* HelmReleaseName HelmChartLocation HelmValuesFiles ManifestFiles Namespace Subnets \
        SecurityGroupIds EnvironmentVariables
        """, needsV2: true),
    type(
        "Deploy/AWS/EC2", 1...1, 0...0,
        """
        InstanceTagKey* InstanceTagValue InstanceType* TargetDirectory PreScript PostScript DeploySpec MaxBatch \
        MaxError TargetGroupNameList
        """, needsV2: true),
    type(
        "Deploy/AWS/Lambda", 0...1, 0...0, "FunctionName* FunctionAlias PublishedTargetVersion DeployStrategy Alarms",
        requiredWhen: ["PublishedTargetVersion": .noInputArtifact], needsV2: true),
    type("Deploy/AWS/ElasticBeanstalk", 1...1, 0...0, "ApplicationName* EnvironmentName*"),
    // A retired service: the guide names Stack, App and Layer; templates that once worked say StackId, AppId, LayerId.
    type("Deploy/AWS/OpsWorks", 1...1, 0...0, "Stack App Layer", acceptsOtherKeys: true),
    type(
        "Deploy/AWS/ServiceCatalog", 1...1, 0...0,
        """
        ProductId* TemplateFilePath ProductVersionName ProductType ProductVersionDescription ConfigurationFilePath
        """),
    // The guide calls DeploymentStrategy optional; the service itself refuses an action without it.
    type(
        "Deploy/AWS/AppConfig", 1...1, 0...0,
        "Application* Environment* ConfigurationProfile* InputArtifactConfigurationPath* DeploymentStrategy*"),
    // The guide asks for one input at least, the linters of templates for none: the wider range counts.
    type("Deploy/ThirdParty/AlexaSkillsKit", 0...2, 0...0, "ClientId* ClientSecret*! RefreshToken*! SkillId*"),
]

private let invokes = [
    type("Invoke/AWS/Lambda", 0...5, 0...5, "FunctionName* UserParameters"),
    type("Invoke/AWS/StepFunctions", 0...1, 0...1, "StateMachineArn* ExecutionNamePrefix InputType Input"),
    type("Invoke/AWS/CodePipeline", 0...0, 0...0, "PipelineName* SourceRevisions Variables", needsV2: true),
    type(
        "Invoke/AWS/InspectorScan", 0...1, 0...1,
        """
        InspectorRunMode* ECRRepositoryName ImageTag CriticalThreshold HighThreshold MediumThreshold LowThreshold
        """),
    // Its configuration is written by the provider's own pages, and documented nowhere.
    type("Invoke/ThirdParty/Snyk", 1...1, 1...1, "", acceptsOtherKeys: true),
    type(
        "Approval/AWS/Manual", 0...0, 0...0, "NotificationArn CustomData ExternalEntityLink",
        ours: [
            ConfigurationProperty(name: "SupersedeWhilePending", words: ["true", "false"], isOurs: true),
            ConfigurationProperty(name: "OnExpiry", words: ["APPROVE", "REJECT"], isOurs: true),
        ]),
]

private let rules = [
    type("Rule/AWS/DeploymentWindow", 0...0, 0...0, "Cron* TimeZone"),
    type("Rule/AWS/VariableCheck", 0...0, 0...0, "Variable* Value* Operator*"),
    type("Rule/AWS/CloudWatchAlarm", 0...0, 0...0, "AlarmName* AlarmStates WaitTime"),
    type("Rule/AWS/LambdaInvoke", 0...5, 0...0, "FunctionName* UserParameters"),
    type("Rule/AWS/Commands", 0...10, 0...0, ""),
    type("Rule/AWS/CodeBuild", 1...5, 0...0, codeBuildKeys, requiredWhen: ["PrimarySource": .severalInputArtifacts]),
]

/// All of these have the version 1.
private func type(
    _ name: String, _ inputArtifacts: ClosedRange<Int>, _ outputArtifacts: ClosedRange<Int>, _ keys: String,
    requiredWhen: [String: ConfigurationProperty.Circumstance] = [:], acceptsOtherKeys: Bool = false,
    needsV2: Bool = false, ours: [ConfigurationProperty] = []
) -> ActionType {
    let words = name.split(separator: "/").map(String.init)
    let properties = keys.split(separator: " ").map { word in
        let name = String(word.filter { $0 != "*" && $0 != "!" })
        return ConfigurationProperty(
            name: name, required: word.contains("*"), requiredWhen: requiredWhen[name], secret: word.contains("!"))
    }
    return ActionType(
        id: ActionTypeID(category: words[0], owner: words[1], provider: words[2], version: "1"),
        properties: properties + ours, inputArtifacts: inputArtifacts, outputArtifacts: outputArtifacts,
        acceptsOtherKeys: acceptsOtherKeys, needsV2: needsV2)
}
