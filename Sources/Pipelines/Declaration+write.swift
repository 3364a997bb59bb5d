import Jansson

extension Pipeline {
    /// AWS's shape of this pipeline, without wrapper, with the defaults filled in that the service echoes (STR-11).
    ///
    /// `Pipeline.read` gives the same value back.
    public var json: JSON {
        .object(present: [
            "name": .string(name), "roleArn": roleArn.map(JSON.string), "artifactStore": artifactStore?.json,
            "artifactStores": artifactStores.map { .object($0.mapValues(\.json)) },
            "stages": .array(stages.map(\.json)), "pipelineType": pipelineType.map { .string($0.rawValue) },
            "executionMode": .string(executionMode.rawValue), "variables": list(variables.map(\.json)),
            "triggers": list(triggers.map(\.json)),
        ])
    }
}

/// A list that is left out when it is empty.
private func list(_ elements: [JSON]) -> JSON? { elements.isEmpty ? nil : .array(elements) }

private func names(_ names: [String]) -> JSON { .array(names.map { ["name": .string($0)] }) }

private func strings(_ strings: [String]) -> JSON? { list(strings.map(JSON.string)) }

extension ArtifactStoreDeclaration {
    fileprivate var json: JSON {
        .object(present: [
            "type": .string(type), "location": .string(location),
            "encryptionKey": encryptionKey.map { ["id": .string($0.id), "type": .string($0.type)] },
        ])
    }
}

extension PipelineVariable {
    fileprivate var json: JSON {
        .object(present: [
            "name": .string(name), "defaultValue": defaultValue.map(JSON.string),
            "description": description.map(JSON.string),
        ])
    }
}

extension Stage {
    fileprivate var json: JSON {
        .object(present: [
            "name": .string(name), "actions": .array(actions.map(\.json)), "beforeEntry": beforeEntry?.json,
            "onSuccess": onSuccess?.json, "onFailure": onFailure?.json,
            "blockers": list(blockers.map { ["name": .string($0.name), "type": .string($0.type)] }),
        ])
    }
}

extension ActionTypeID {
    /// The four words as AWS's object.
    public var json: JSON {
        [
            "category": .string(category), "owner": .string(owner), "provider": .string(provider),
            "version": .string(version),
        ]
    }
}

extension Action {
    fileprivate var json: JSON {
        .object(present: [
            "name": .string(name), "actionTypeId": type.json, "runOrder": .integer(Int64(runOrder)),
            "configuration": .strings(configuration), "inputArtifacts": names(inputArtifacts),
            "outputArtifacts": .array(outputArtifacts.map(\.json)), "roleArn": roleArn.map(JSON.string),
            "region": region.map(JSON.string), "namespace": namespace.map(JSON.string),
            "timeoutInMinutes": timeoutInMinutes.map { .integer(Int64($0)) }, "commands": strings(commands),
            "outputVariables": strings(outputVariables),
            "environmentVariables": list(environmentVariables.map(\.json)),
        ])
    }
}

extension OutputArtifact {
    fileprivate var json: JSON { .object(present: ["name": .string(name), "files": strings(files)]) }
}

extension EnvironmentVariable {
    fileprivate var json: JSON { ["name": .string(name), "value": .string(value), "type": .string(kind.rawValue)] }
}

extension StageConditions {
    fileprivate var json: JSON {
        .object(present: [
            "result": result.map(JSON.string), "retryConfiguration": retryMode.map { ["retryMode": .string($0)] },
            "conditions": list(conditions.map(\.json)),
        ])
    }
}

extension Condition {
    fileprivate var json: JSON {
        .object(present: ["result": result.map(JSON.string), "rules": .array(rules.map(\.json))])
    }
}

extension Rule {
    fileprivate var json: JSON {
        .object(present: [
            "name": .string(name), "ruleTypeId": type.json, "configuration": .strings(configuration),
            "inputArtifacts": names(inputArtifacts), "commands": strings(commands),
            "roleArn": roleArn.map(JSON.string), "region": region.map(JSON.string),
            "timeoutInMinutes": timeoutInMinutes.map { .integer(Int64($0)) },
        ])
    }
}

extension Trigger {
    fileprivate var json: JSON {
        [
            "providerType": .string(providerType),
            "gitConfiguration": .object(present: [
                "sourceActionName": .string(sourceActionName), "push": list(push.map(\.json)),
                "pullRequest": list(pullRequest.map(\.json)),
            ]),
        ]
    }
}

extension GitFilter {
    fileprivate var json: JSON {
        .object(present: [
            "events": strings(events), "branches": branches?.json, "tags": tags?.json, "filePaths": filePaths?.json,
        ])
    }
}

extension GlobList {
    fileprivate var json: JSON {
        .object(present: ["includes": strings(includes), "excludes": strings(excludes)])
    }
}
