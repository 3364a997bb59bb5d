import ArgumentParser
import Definitions
import Jansson
import Pipelines

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Turns a pipeline of a CloudFormation template into a definition.",
        discussion: """
            The definition goes to the standard output, as create-pipeline takes it. What it leaves open goes to the \
            standard error: each place that stands for another resource, an export or a parameter without a value. \
            With --format json all of it is one object on the standard output.
            """)

    @Argument(help: "A CloudFormation template, JSON or YAML.")
    var template: String

    @OptionGroup var choice: TemplateOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(template, "the name of a template") }

    func run() async throws {
        let catalogue = try Wiring(common).actionTypes
        let file = try choice.load(template, catalogue: catalogue)
        guard let origin = file.origin else {
            throw Answer(.usage, "\(template): is no CloudFormation template: it has no object Resources")
        }
        switch common.format {
        case .human:
            // Half a definition is none.
            if file.findings.isEmpty { print(JSON.object(["pipeline": file.document]).prettyPrinted) }
            if !common.quiet { origin.tell(template) }
            for finding in file.findings { complain("\(template): \(finding)") }
        case .json: print(JSON.object(origin.report(of: file, from: template)).text)
        }
        throw Answer(file.findings.isEmpty ? .yes : .no)
    }
}

extension TemplateOrigin {
    /// On the standard error, what the definition leaves open.
    func tell(_ template: String) {
        if let unmetCondition {
            complain(
                "\(template): CloudFormation would not make \(logicalID): the condition \(unmetCondition) does not hold"
            )
        }
        for placeholder in placeholders { complain("\(template): \(placeholder)") }
        let parameters = parametersWithoutValue(in: placeholders)
        if !parameters.isEmpty {
            let options = parameters.map { "--parameter \($0)=VALUE" }.joined(separator: " ")
            complain("\(template): parameters get their values by \(options)")
        }
        for note in notes { complain("\(template): \(note)") }
        for transition in disabledTransitions {
            complain("\(template): the transition into \(transition.stage) is disabled (\(transition.reason))")
        }
        if restartsExecutionOnUpdate {
            complain("\(template): RestartExecutionOnUpdate means nothing here; a changed definition starts nothing")
        }
        if !tags.isEmpty { complain("\(template): Tags are left out: \(tags.keys.sorted().joined(separator: ", "))") }
        for neighbour in neighbours { complain("\(template): has beside it \(neighbour.summary)") }
    }

    fileprivate func report(of file: DefinitionFile, from template: String) -> [String: JSON] {
        [
            "file": .string(template), "logicalId": .string(logicalID), "definition": ["pipeline": file.document],
            "valid": .bool(file.findings.isEmpty), "findings": .array(file.findings.map(\.json)),
            "unmetCondition": unmetCondition.map(JSON.string) ?? .null,
            "placeholders": .array(
                placeholders.map {
                    [
                        "path": .string($0.path), "value": .string($0.value),
                        "standsFor": .strings($0.references.map(\.description)),
                    ]
                }), "notes": .strings(notes),
            "disabledTransitions": .array(
                disabledTransitions.map { ["stageName": .string($0.stage), "reason": .string($0.reason)] }),
            "restartExecutionOnUpdate": .bool(restartsExecutionOnUpdate), "tags": .strings(tags),
            "resources": .array(
                neighbours.map {
                    ["logicalId": .string($0.logicalID), "type": .string($0.type), "properties": $0.properties]
                }),
        ]
    }
}

/// The names of parameters that the placeholders stand for, sorted.
private func parametersWithoutValue(in placeholders: [Placeholder]) -> [String] {
    var names: Set<String> = []
    for reference in placeholders.flatMap(\.references) {
        switch reference {
        case .parameter(let name, _), .stored(let name, _): names.insert(name)
        case .resource, .attribute, .export, .availabilityZones, .addresses, .dynamic, .unseen: break
        }
    }
    return names.sorted()
}

extension TemplateResource {
    /// Its kind and the properties that one asks for first.
    fileprivate var summary: String {
        let asked = ["TargetPipeline", "TargetAction", "Authentication", "Filters", "Category", "Provider", "Version"]
        let words = asked.compactMap { name in
            properties[name].map { "\(name) \($0.stringValue ?? $0.text)" }
        }
        return "\(logicalID) (\(type)): \(words.joined(separator: ", "))"
    }
}

extension Finding {
    var json: JSON { ["path": .string(path), "rule": .string(rule), "message": .string(message)] }
}
