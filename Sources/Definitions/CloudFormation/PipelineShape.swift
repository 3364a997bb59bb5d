import Pipelines

/// What stands where in a pipeline, and how a text that is only a placeholder is made to fit there.
indirect enum Shape: Sendable {
    /// Any text.
    case text
    /// A name of this pattern.
    case name(NamePattern)
    case role
    /// The version of an action type: `1` unless it is known.
    case version
    case integer
    /// Keys are kept as they are, values become texts.
    case configuration
    case list(Shape)
    /// Members by their names here; in a template they start with a capital letter.
    case object([String: Shape])
    /// A list of `{Region, ArtifactStore}` in a template, a map here.
    case stores
}

extension Shape {
    /// The pipeline object; what a template's resource has besides is `templateOnly`.
    static let pipeline = Shape.object([
        "name": .name(.name), "roleArn": .role, "artifactStore": store, "artifactStores": .stores,
        "stages": .list(stage), "pipelineType": .text, "executionMode": .text, "variables": .list(variable),
        "triggers": .list(trigger),
    ])

    /// Properties of `AWS::CodePipeline::Pipeline` that are no members of a declaration (STR-14).
    static let templateOnly: Set<String> = ["DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags"]

    static let store = object([
        "type": .text, "location": .name(.storeLocation), "encryptionKey": object(["id": .text, "type": .text]),
    ])

    private static let stage = object([
        "name": .name(.name), "actions": .list(action), "blockers": .list(object(["name": .text, "type": .text])),
        "beforeEntry": object(["conditions": .list(condition)]), "onSuccess": object(["conditions": .list(condition)]),
        "onFailure": object([
            "result": .text, "retryConfiguration": object(["retryMode": .text]), "conditions": .list(condition),
        ]),
    ])

    private static let action = object([
        "name": .name(.name), "actionTypeId": typeID, "runOrder": .integer, "configuration": .configuration,
        "inputArtifacts": .list(object(["name": .name(.artifact)])),
        "outputArtifacts": .list(object(["name": .name(.artifact), "files": .list(.text)])), "roleArn": .role,
        "region": .text, "namespace": .name(.namespace), "timeoutInMinutes": .integer, "commands": .list(.text),
        "outputVariables": .list(.text),
        "environmentVariables": .list(object(["name": .name(.environmentVariable), "value": .text, "type": .text])),
    ])

    private static let typeID = object([
        "category": .text, "owner": .text, "provider": .name(.provider), "version": .version,
    ])

    private static let condition = object([
        "result": .text,
        "rules": .list(
            object([
                "name": .name(.name), "ruleTypeId": typeID, "configuration": .configuration,
                "inputArtifacts": .list(object(["name": .name(.artifact)])), "commands": .list(.text),
                "roleArn": .role, "region": .text, "timeoutInMinutes": .integer,
            ])),
    ])

    private static let variable = object(["name": .name(.variable), "defaultValue": .text, "description": .text])

    private static let trigger = object([
        "providerType": .text,
        "gitConfiguration": object([
            "sourceActionName": .name(.name),
            "push": .list(object(["branches": globs, "tags": globs, "filePaths": globs])),
            "pullRequest": .list(object(["events": .list(.text), "branches": globs, "filePaths": globs])),
        ]),
    ])

    private static let globs = object(["includes": .list(.text), "excludes": .list(.text)])
}
