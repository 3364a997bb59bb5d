import Jansson

/// A stage of a definition: its name and its actions.
struct Stage {
    let name: String
    let actions: [JSON]

    init(_ name: String, _ actions: JSON...) { self.init(name, actions: actions) }

    init(_ name: String, actions: [JSON]) {
        self.name = name
        self.actions = actions
    }
}

func pipeline(_ stages: Stage..., more: [String: JSON] = [:]) -> JSON { pipeline(stages, more: more) }

func pipeline(_ stages: [Stage], more: [String: JSON] = [:]) -> JSON {
    let stages = stages.map { stage -> JSON in ["name": .string(stage.name), "actions": .array(stage.actions)] }
    return .object(["name": "shop", "pipelineType": "V2", "stages": .array(stages)].merging(more) { $1 })
}

/// The stage that every pipeline begins with: a source that makes the artifact Code, with one file.
let source = Stage("Source", action("Fetch", "echo hello > out/Code/file", type: "Source/Custom/Peek", out: ["Code"]))

/// An action of the test's own plugins: `Peek`, which may run beside others, or `Do`, which may write to `shared`.
func action(
    _ name: String, _ script: String, type: String = "Build/Custom/Peek", in inputs: [String] = [],
    out outputs: [String] = [], order: Int64 = 1, more: [String: JSON] = [:]
) -> JSON {
    action(
        name, type: type, configuration: ["Script": .string(script)], in: inputs, out: outputs,
        more: more.merging(["runOrder": .integer(order)]) { $1 })
}

/// - Parameter type: category, owner and provider; the version is 1.
func action(
    _ name: String, type: String, configuration: [String: JSON] = [:], in inputs: [String] = [],
    out outputs: [String] = [], more: [String: JSON] = [:]
) -> JSON {
    let parts = type.split(separator: "/").map { JSON.string(String($0)) }
    func artifacts(_ names: [String]) -> JSON { .array(names.map { ["name": .string($0)] }) }
    return .object(
        [
            "name": .string(name), "configuration": .object(configuration),
            "actionTypeId": ["category": parts[0], "owner": parts[1], "provider": parts[2], "version": "1"],
            "inputArtifacts": artifacts(inputs), "outputArtifacts": artifacts(outputs),
        ].merging(more) { $1 })
}

func approval(_ name: String, _ about: String = "Is it well?") -> JSON {
    action(name, type: "Approval/AWS/Manual", configuration: ["CustomData": .string(about)])
}

func commands(_ name: String, _ lines: String..., in inputs: [String] = ["Code"], more: [String: JSON] = [:]) -> JSON {
    action(name, type: "Compute/AWS/Commands", in: inputs, more: ["commands": .strings(lines)].merging(more) { $1 })
}
