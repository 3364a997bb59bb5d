import Engine
import Jansson
import Pipelines
import Scenarios

/// A source, two actions side by side and one after them, an approval, a deployment that uses variables.
let shop = Pipeline(
    name: "shop",
    stages: [
        Stage(
            name: "Source",
            actions: [action("Fetch", "Source/AWS/CodeCommit/1", out: ["Code"], namespace: "SourceVariables")]),
        Stage(
            name: "Build",
            actions: [
                action("Compile", "Build/AWS/CodeBuild/1", in: ["Code"], out: ["App", "Docs"], namespace: "Built"),
                action("Lint", "Test/AWS/CodeBuild/1", in: ["Code"]),
                action("Measure", "Test/AWS/CodeBuild/1", order: 2, in: ["App"]),
            ]),
        Stage(
            name: "Approve",
            actions: [Action(name: "Ask", type: .manualApproval, configuration: ["CustomData": "#{Built.Pages}"])]),
        Stage(
            name: "Deploy",
            actions: [
                action(
                    "Ship", "Deploy/AWS/S3/1", in: ["App"],
                    configuration: ["ObjectKey": "#{variables.Env}/#{SourceVariables.CommitId}"])
            ]),
    ], variables: [PipelineVariable(name: "Env", defaultValue: "test"), PipelineVariable(name: "Tag")])

func action(
    _ name: String, _ type: String, order: Int = 1, in inputs: [String] = [], out outputs: [String] = [],
    namespace: String? = nil, configuration: [String: String] = [:]
) -> Action {
    let words = type.split(separator: "/").map(String.init)
    return Action(
        name: name, type: ActionTypeID(category: words[0], owner: words[1], provider: words[2], version: words[3]),
        runOrder: order, configuration: configuration, inputArtifacts: inputs,
        outputArtifacts: outputs.map { OutputArtifact(name: $0) }, namespace: namespace)
}

/// The path of a scenario in which everything goes well.
let wholePath: [JSON] = [
    "Source/Fetch: Succeeded", ["Build/Compile: Succeeded", "Build/Lint: Succeeded"], "Build/Measure: Succeeded",
    "Approve/Ask: Succeeded", "Deploy/Ship: Succeeded",
]

/// One scenario with the variable that has no default, and how it went.
func play(
    _ scenario: [String: JSON] = [:], defaults: JSON? = nil, expect: JSON = ["status": "Succeeded"]
) -> (result: ScenarioResult?, findings: [String]) {
    let members = ["name": "s", "variables": ["Tag": "1"], "expect": expect].merging(scenario) { $1 }
    let document = JSON.object(present: ["defaults": defaults, "scenarios": .array([.object(members)])])
    let (scenarios, findings) = Scenario.read(document, for: shop)
    return (findings.isEmpty ? scenarios.first?.result(for: shop) : nil, findings.map(\.description))
}

func path(_ scenario: [String: JSON], defaults: JSON? = nil) -> [String] {
    play(scenario, defaults: defaults).result?.simulation.path.map(\.description) ?? []
}
