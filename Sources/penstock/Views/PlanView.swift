import Engine
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Runner

extension Preview {
    /// For people: stage by stage, and what is missing at the end.
    /// - Parameter quiet: only what is missing.
    func human(quiet: Bool) -> String {
        var lines: [String] = []
        if !quiet {
            let type = "\(pipeline.effectiveType.rawValue), \(pipeline.executionMode.rawValue)"
            lines.append("\(pipeline.name)  \(type)")
            for variable in variables { lines.append("  variable \(variable.words)") }
            for stage in stages { lines += ["", stage.name] + stage.lines }
            lines.append("")
        }
        lines.append(lacks.isEmpty ? "Nothing is missing." : "Missing:")
        for lack in lacks {
            let who = lack.actions.isEmpty ? "" : "\(lack.actions.joined(separator: ", ")): "
            lines.append("- \(who)\(lack.message.replacing("\n", with: "\n    "))")
        }
        return printableLines(lines.joined(separator: "\n"))
    }

    var json: JSON {
        [
            "pipeline": .string(pipeline.name), "pipelineType": .string(pipeline.effectiveType.rawValue),
            "executionMode": .string(pipeline.executionMode.rawValue),
            "variables": .array(
                variables.map { variable in
                    .object(present: [
                        "name": .string(variable.name), "value": variable.value.map { .string($0) },
                        "origin": .string(variable.origin.rawValue),
                    ])
                }),
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name),
                        "groups": .array(stage.groups.map { .array($0.map(\.json)) }),
                        "conditions": .array(stage.conditions.map(\.json)),
                    ]
                }),
            "complete": .bool(lacks.isEmpty),
            "missing": .array(
                lacks.map { ["actions": .strings($0.actions), "message": .string($0.message)] }),
        ]
    }
}

extension Preview.Variable {
    fileprivate var words: String {
        switch (value, origin) {
        case (let value?, .given): "\(name)=\(value)  (given)"
        case (let value?, _): "\(name)=\(value)  (default)"
        case (nil, _): "\(name)  (missing)"
        }
    }
}

extension Preview.Stage {
    fileprivate var lines: [String] {
        let after = conditions.filter { $0.name != "beforeEntry" }
        return conditions.filter { $0.name == "beforeEntry" }.flatMap(\.lines) + actions + after.flatMap(\.lines)
    }

    private var actions: [String] {
        groups.enumerated().flatMap { index, group -> [String] in
            let together = group.count > 1 ? "together" : nil
            let when = [index > 0 ? "then" : nil, together].compactMap { $0 }.joined(separator: ", ")
            return (when.isEmpty ? [] : ["  (\(when))"]) + group.flatMap(\.lines)
        }
    }
}

extension Preview.Condition {
    fileprivate var lines: [String] {
        // CND-4: what is met by bad news has its result then.
        let result = result.map { ", \(name == "onFailure" ? "then" : "else") \($0)" } ?? ""
        return ["  (\(name)\(result))"] + rules.flatMap(\.lines)
    }

    fileprivate var json: JSON {
        .object(present: [
            "name": .string(name), "result": result.map { .string($0) }, "rules": .array(rules.map(\.json)),
        ])
    }
}

extension PreviewedAction {
    fileprivate var lines: [String] {
        var facts: [(String, String)]
        switch performer {
        case .reviewer: facts = [("approval", "waits for a reviewer")]
        case .stub(let stub): facts = [("stub", stub.words)]
        case .directory(let directory): facts = [("source", directory)]
        case .plugin(let provision): facts = provision.facts
        }
        if let namespace = action.namespace { facts.append(("namespace", namespace)) }
        for use in references {
            let value = use.value.map { " = \($0)" } ?? ""
            facts.append(("uses", "#{\(use.reference)}\(value), from \(use.origin), in \(use.member)"))
        }
        for input in inputs { facts.append(("in", "\(input.name), from \(input.origin)")) }
        for artifact in action.outputArtifacts { facts.append(("out", artifact.name)) }
        return ["  \(action.name)  \(action.type)"] + facts.map { "    \($0.0.padded(to: 10)) \($0.1)" }
    }

    fileprivate var json: JSON {
        var members: [String: JSON?] = [
            "action": .string(action.name), "runOrder": .integer(Int64(action.runOrder)),
            "type": .string(action.type.description), "namespace": action.namespace.map { .string($0) },
            "references": .array(
                references.map { use in
                    .object(present: [
                        "member": .string(use.member), "reference": .string("\(use.reference)"),
                        "from": .string(use.origin), "value": use.value.map { .string($0) },
                    ])
                }),
            "inputArtifacts": .array(inputs.map { ["name": .string($0.name), "from": .string($0.origin)] }),
            "outputArtifacts": .strings(action.outputArtifacts.map(\.name)),
        ]
        switch performer {
        case .reviewer: members["performer"] = "reviewer"
        case .stub(let stub):
            members["performer"] = "stub"
            members["stub"] = .string(stub.words)
        case .directory(let directory):
            members["performer"] = "directory"
            members["directory"] = .string(directory)
        case .plugin(let provision):
            members["performer"] = "plugin"
            members.merge(provision.members) { $1 }
        }
        return .object(present: members)
    }
}

extension Provision {
    fileprivate var facts: [(String, String)] {
        guard let plugin else { return [("plugin", "missing")] }
        var facts = [("plugin", "\(plugin.manifest.name) \(plugin.manifest.version), \(plugin.directory)")]
        let needs = plugin.manifest.permissions.words
        if !needs.isEmpty {
            facts.append(("needs", needs.joined(separator: ", ")))
            facts.append(("granted", grants.map { $0.words.joined(separator: ", ") } ?? "not all of it"))
        }
        switch settings {
        case .notNeeded: break
        case .there(let place): facts.append(("settings", place))
        case .missing(let place): facts.append(("settings", "\(place), missing"))
        case .unknown(let place): facts.append(("settings", "\(place), which shows when it runs"))
        }
        return facts
    }

    fileprivate var members: [String: JSON?] {
        guard let plugin else { return ["plugin": nil] }
        var members: [String: JSON?] = [
            "plugin": [
                "name": .string(plugin.manifest.name), "version": .string(plugin.manifest.version),
                "directory": .string(plugin.directory),
            ],
            "needs": .strings(plugin.manifest.permissions.words), "granted": grants.map { .strings($0.words) },
        ]
        switch settings {
        case .notNeeded: break
        case .there(let place): members["settings"] = ["entry": .string(place), "state": "there"]
        case .missing(let place): members["settings"] = ["entry": .string(place), "state": "missing"]
        case .unknown(let place): members["settings"] = ["entry": .string(place), "state": "unknown"]
        }
        return members
    }
}

extension Manifest.Permissions {
    fileprivate var words: [String] {
        (network ? ["network"] : []) + environment.sorted()
            + hostPaths.map { "\($0.name) (\($0.mode.rawValue)\($0.required ? "" : ", optional"))" }
    }
}

extension Grants {
    fileprivate var words: [String] {
        (network ? ["network"] : []) + environment.sorted()
            + hostPaths.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.joined(separator: " "))" }
    }
}
