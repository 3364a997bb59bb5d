import Jansson
import Pipelines

/// What a template says about a pipeline beside its declaration, and what of the declaration is not known.
public struct TemplateOrigin: Hashable, Sendable {
    public let logicalID: String
    /// The resource's condition when it does not hold: CloudFormation would not make this pipeline.
    public let unmetCondition: String?
    /// The places of the definition that stand for something outside of the template, in the order of the places.
    public let placeholders: [Placeholder]
    /// From a place in the definition to the one in the template that it comes from.
    let places: [String: String]
    /// What was taken for granted, as sentences.
    public let notes: [String]
    public let disabledTransitions: [DisabledTransition]
    public let restartsExecutionOnUpdate: Bool
    public let tags: [String: String]
    /// The webhooks and custom action types of the same template.
    public let neighbours: [TemplateResource]
    /// The CodeBuild projects of the same template, by the name under which actions refer to them.
    public let projects: [String: BuildProject]
}

/// An inbound transition that is disabled from the start (STR-14).
public struct DisabledTransition: Hashable, Sendable {
    public let stage: String
    public let reason: String
}

/// A resource that belongs to pipelines: a webhook or a custom action type.
public struct TemplateResource: Hashable, Sendable {
    public let logicalID: String
    public let type: String
    /// As the template has them, functions worked out, without secrets.
    public let properties: JSON
}

extension Template {
    /// A pipeline resource as a definition, with all that is wrong with it.
    func definition(_ id: String, _ neighbourhood: Neighbourhood, limits: ValidationLimits) -> DefinitionFile {
        var evaluator = Evaluator(self)
        let place = "Resources.\(id).Properties"
        let resource = resources[id] ?? .null
        let properties = evaluator.evaluate(resource["Properties"] ?? [:], at: place)
        var conversion = PipelineConversion(self)
        let made = conversion.convert(properties, .pipeline, to: "")
        let (document, nameNote) = named(made, id, isFaulty: conversion.faults.contains("name"))
        let (pipeline, found) = Pipeline.judge(document, catalogue: neighbourhood.catalogue, limits: limits)
        let transitions = disabledTransitions(properties, pipeline)
        let condition = resource["Condition"]?.stringValue
        let holds = condition.map { evaluator.holds($0, at: "Resources.\(id).Condition") != false } ?? true
        let findings =
            evaluator.findings + conversion.findings + conversion.placed(found) + transitions.findings
        let origin = TemplateOrigin(
            logicalID: id, unmetCondition: holds ? nil : condition,
            placeholders: evaluator.guesses + conversion.placeholders, places: conversion.origins,
            notes: notes(evaluator.assumed) + [nameNote].compactMap { $0 },
            disabledTransitions: transitions.disabled,
            restartsExecutionOnUpdate: properties.member("RestartExecutionOnUpdate")?.text == "true",
            tags: tags(properties), neighbours: neighbourhood.resources, projects: neighbourhood.projects)
        return DefinitionFile(pipeline: pipeline, findings: findings, document: document, origin: origin)
    }

    /// CloudFormation makes up a name when there is none.
    private func named(_ document: JSON, _ id: String, isFaulty: Bool) -> (JSON, String?) {
        guard case .object(var members) = document, members["name"] == nil, !isFaulty else { return (document, nil) }
        let name = NamePattern.name.fitted("\(text(of: .stackName) ?? "")-\(id)")
        members["name"] = .string(name)
        return (.object(members), "Resources.\(id) has no Name; it is taken to be \(name)")
    }

    private func notes(_ assumed: [String: String]) -> [String] {
        let taken = assumed.sorted { $0.key < $1.key }.map {
            "\($0) is taken to be \($1); give another by --parameter \($0)=VALUE"
        }
        let secrets = given.keys.sorted().filter { parameters[$0]?.isSecret == true }
        return taken
            + secrets.map { "the parameter \($0) is a secret (NoEcho), and the definition has its value as plain text" }
    }

    private func disabledTransitions(
        _ properties: Evaluated, _ pipeline: Pipeline
    ) -> (disabled: [DisabledTransition], findings: [Finding]) {
        var disabled: [DisabledTransition] = []
        var findings: [Finding] = []
        let stages = pipeline.stages.map(\.name)
        for element in properties.member("DisableInboundStageTransitions")?.elements ?? [] {
            let stage = element.member("StageName")?.text ?? ""
            disabled.append(DisabledTransition(stage: stage, reason: element.member("Reason")?.text ?? ""))
            if stages.contains(stage) { continue }
            findings.append(
                Finding(
                    path: "\(element.path).StageName", rule: "STR-14",
                    message:
                        "\"\(excerpt(stage))\" is no stage; there are \(stages.prefix(10).joined(separator: ", "))."))
        }
        return (disabled, findings)
    }

    private func tags(_ properties: Evaluated) -> [String: String] {
        let pairs = (properties.member("Tags")?.elements ?? []).compactMap { tag in
            tag.member("Key")?.text.map { ($0, tag.member("Value")?.text ?? "") }
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

extension Evaluated {
    func member(_ name: String) -> Evaluated? {
        guard case .object(let members) = content else { return nil }
        return members[name]
    }

    var elements: [Evaluated] {
        guard case .list(let elements) = content else { return [] }
        return elements
    }
}
