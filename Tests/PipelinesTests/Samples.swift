import Jansson
import Pipelines

/// A small valid pipeline: a source that makes `Src`, a build that makes `Out`, a deployment.
let sample: JSON = [
    "name": "shop", "roleArn": "arn:aws:iam::123456789012:role/pipeline",
    "artifactStore": ["type": "S3", "location": "shop-artifacts"],
    "stages": [
        stage("Source", [source]),
        stage("Build", [build]),
        stage("Deploy", [deploy]),
    ],
]

let source = action(
    "Checkout", "Source/AWS/CodeCommit/1",
    ["configuration": ["RepositoryName": "shop", "BranchName": "main"], "outputArtifacts": [["name": "Src"]]])

let build = action(
    "Compile", "Build/AWS/CodeBuild/1",
    [
        "configuration": ["ProjectName": "shop"], "inputArtifacts": [["name": "Src"]],
        "outputArtifacts": [["name": "Out"]], "namespace": "Build",
    ])

let deploy = action(
    "Ship", "Deploy/AWS/S3/1",
    ["configuration": ["BucketName": "www", "Extract": "true"], "inputArtifacts": [["name": "Out"]]])

func stage(_ name: String, _ actions: [JSON], _ more: [String: JSON] = [:]) -> JSON {
    .object(["name": .string(name), "actions": .array(actions)].merging(more) { $1 })
}

func action(_ name: String, _ type: String, _ more: [String: JSON] = [:]) -> JSON {
    .object(["name": .string(name), "actionTypeId": typeID(type)].merging(more) { $1 })
}

func typeID(_ type: String) -> JSON {
    let words = type.split(separator: "/").map { JSON.string(String($0)) }
    return ["category": words[0], "owner": words[1], "provider": words[2], "version": words[3]]
}

/// A condition with one rule.
func guarded(_ result: String, _ rule: [String: JSON]) -> JSON {
    ["conditions": [["result": .string(result), "rules": [.object(rule)]]]]
}

func window(_ more: [String: JSON] = [:]) -> [String: JSON] {
    ["name": "Hours", "ruleTypeId": typeID("Rule/AWS/DeploymentWindow/1"), "configuration": ["Cron": "* * 9-17 * * ?"]]
        .merging(more) { $1 }
}

extension JSON {
    /// This value with the member or element at `path` replaced, added, or removed when `value` is nil.
    func with(_ path: String, _ value: JSON?) -> JSON {
        replaced(path.split(whereSeparator: { ".[]".contains($0) }).map(String.init)[...], value) ?? self
    }

    private func replaced(_ keys: ArraySlice<String>, _ value: JSON?) -> JSON? {
        guard let key = keys.first else { return value }
        let rest = keys.dropFirst()
        switch self {
        case .object(var members):
            members[key] = (members[key] ?? [:]).replaced(rest, value)
            return .object(members)
        case .array(var elements):
            let index = Int(key)!
            if index == elements.count { elements.append([:]) }
            if let element = elements[index].replaced(rest, value) {
                elements[index] = element
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        default: preconditionFailure("no way to \(keys) in \(self)")
        }
    }
}

/// `RULE path` of each finding.
func verdict(_ document: JSON, catalogue: ActionTypeCatalogue = .aws) -> [String] {
    Pipeline.judge(document, catalogue: catalogue).findings.map { "\($0.rule) \($0.path)" }
}
