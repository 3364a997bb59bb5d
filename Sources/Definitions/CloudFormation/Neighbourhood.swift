import Jansson
import Pipelines

/// What the pipelines of a template have in common: what stands beside them.
struct Neighbourhood: Sendable {
    let resources: [TemplateResource]
    let projects: [String: BuildProject]
    /// The given types, and the custom ones that the template declares.
    let catalogue: ActionTypeCatalogue

    init(of template: Template, catalogue: ActionTypeCatalogue) {
        var evaluator = Evaluator(template)
        let webhooks = template.resources(of: "AWS::CodePipeline::Webhook")
        let types = template.resources(of: "AWS::CodePipeline::CustomActionType")
        let (evaluatedWebhooks, evaluatedTypes) = (
            webhooks.map { evaluator.properties(of: $0) }, types.map { evaluator.properties(of: $0) }
        )
        resources =
            zip(webhooks, evaluatedWebhooks).map {
                TemplateResource(logicalID: $0, type: "AWS::CodePipeline::Webhook", properties: $1.json.withoutSecrets)
            }
            + zip(types, evaluatedTypes).map {
                TemplateResource(logicalID: $0, type: "AWS::CodePipeline::CustomActionType", properties: $1.json)
            }
        let custom = evaluatedTypes.compactMap(ActionType.init(customActionType:))
        self.catalogue = catalogue.adding(custom.filter { catalogue[$0.id] == nil })
        var projects: [String: BuildProject] = [:]
        for id in template.resources(of: "AWS::CodeBuild::Project") {
            let name = evaluator.ref(id, at: "Resources.\(id)").text ?? id
            projects[name] = BuildProject(reading: evaluator.properties(of: id))
        }
        self.projects = projects
    }
}

extension Evaluator {
    fileprivate mutating func properties(of id: String) -> Evaluated {
        evaluate(template.resources[id]?["Properties"] ?? [:], at: "Resources.\(id).Properties")
    }
}

extension JSON {
    fileprivate var withoutSecrets: JSON {
        guard case .object(var members) = self,
            case .object(var authentication)? = members["AuthenticationConfiguration"],
            authentication["SecretToken"] != nil
        else { return self }
        authentication["SecretToken"] = "****"
        members["AuthenticationConfiguration"] = .object(authentication)
        return .object(members)
    }
}

extension ActionType {
    /// Nil when something that it needs is missing or no text.
    fileprivate init?(customActionType properties: Evaluated) {
        guard let category = properties.member("Category")?.text, let provider = properties.member("Provider")?.text,
            let version = properties.member("Version")?.text
        else { return nil }
        func range(_ name: String) -> ClosedRange<Int> {
            let details = properties.member(name)
            let least = max(0, details?.member("MinimumCount")?.text.flatMap { Int($0) } ?? 0)
            return least...max(least, details?.member("MaximumCount")?.text.flatMap { Int($0) } ?? 5)
        }
        let keys = (properties.member("ConfigurationProperties")?.elements ?? []).map { key in
            ConfigurationProperty(
                name: key.member("Name")?.text ?? "", required: key.member("Required")?.text == "true",
                key: key.member("Key")?.text == "true", secret: key.member("Secret")?.text == "true")
        }
        self.init(
            id: ActionTypeID(category: category, owner: "Custom", provider: provider, version: version),
            properties: keys, inputArtifacts: range("InputArtifactDetails"),
            outputArtifacts: range("OutputArtifactDetails"))
    }
}
