import Engine
import Jansson
import Pipelines
import PluginHost
import Settings

/// What would run if a pipeline were started now, and everything that is missing for it. Nothing is made or changed.
public struct Preview: Sendable {
    /// What is chosen for the run.
    public struct Choices: Sendable {
        public var variables: [String: String]
        /// By source action.
        public var sourceDirectories: [String: String]
        /// By `Stage/Action`.
        public var stubs: [String: Stub]

        public init(variables: [String: String], sourceDirectories: [String: String], stubs: [String: Stub]) {
            self.variables = variables
            self.sourceDirectories = sourceDirectories
            self.stubs = stubs
        }
    }

    public struct Variable: Hashable, Sendable {
        public enum Origin: String, Hashable, Sendable { case given, byDefault, missing }
        public let name: String
        public let value: String?
        public let origin: Origin
    }

    public struct Stage: Sendable {
        public let name: String
        /// Those of a group start together, when all of the group before have succeeded.
        public let groups: [[PreviewedAction]]
        /// In the order in which they are evaluated.
        public let conditions: [Condition]

        /// Every action and rule.
        fileprivate var all: [PreviewedAction] { groups.flatMap { $0 } + conditions.flatMap(\.rules) }
    }

    public struct Condition: Sendable {
        /// `beforeEntry`, `onSuccess` or `onFailure`.
        public let name: String
        public let result: String?
        /// They start together; each is shown as the action that is run for it.
        public let rules: [PreviewedAction]
    }

    /// One thing that is missing, and for which actions.
    public struct Lack: Hashable, Sendable {
        /// `Stage/Action`; empty when the whole run lacks it.
        public internal(set) var actions: [String]
        /// With the exact lines or options to add.
        public let message: String
    }

    public let pipeline: Pipeline
    public let variables: [Variable]
    public let stages: [Stage]
    public let lacks: [Lack]

    public init(
        of pipeline: Pipeline, choices: Choices, catalogue: PluginCatalogue, settings: Settings,
        shippedPlugins: String?, locks: PluginLocks
    ) {
        self.pipeline = pipeline
        variables = pipeline.variables.map { variable in
            let given = choices.variables[variable.name]
            let value = given ?? variable.defaultValue
            return Variable(
                name: variable.name, value: value,
                origin: given != nil ? .given : value != nil ? .byDefault : .missing)
        }
        let knowledge = Knowledge(pipeline, variables, choices)
        func preview(_ action: Action, in place: String) -> PreviewedAction {
            PreviewedAction(action, in: place, knowledge, choices) { action, secretPlaces, unresolved in
                Provision(
                    action, secretPlaces, catalogue: catalogue, settings: settings.lookedAt,
                    shippedPlugins: shippedPlugins, locks: locks, unresolved: unresolved)
            }
        }
        stages = pipeline.stages.map { stage in
            Stage(
                name: stage.name, groups: stage.groups.map { $0.map { preview($0, in: stage.name) } },
                conditions: stage.guards.flatMap { name, guardian in
                    guardian.conditions.map { condition in
                        let rules = condition.rules.map { preview(Action($0), in: "\(stage.name)/\(name)") }
                        return Condition(name: name, result: condition.result, rules: rules)
                    }
                })
        }
        lacks = Self.lacks(variables, stages, knowledge)
    }

    /// The same thing that several actions lack is said once.
    private static func lacks(_ variables: [Variable], _ stages: [Stage], _ knowledge: Knowledge) -> [Lack] {
        var lacks = variables.filter { $0.origin == .missing }.map {
            Lack(actions: [], message: "the variable \($0.name) has no default. Add: --variable \($0.name)=VALUE")
        }
        for action in stages.flatMap(\.all) {
            var messages = action.references.compactMap { knowledge.fault(of: $0.reference) }
            if case .plugin(let provision) = action.performer { messages += provision.failures.map(\.message) }
            for message in messages {
                if let index = lacks.firstIndex(where: { $0.message == message }) {
                    if lacks[index].actions.last != action.place { lacks[index].actions.append(action.place) }
                } else {
                    lacks.append(Lack(actions: [action.place], message: message))
                }
            }
        }
        return lacks
    }
}

/// One action of a preview.
public struct PreviewedAction: Sendable {
    public enum Performer: Sendable {
        case reviewer
        case stub(Stub)
        case directory(String)
        case plugin(Provision)
    }

    /// A use of a variable: `#{SourceVariables.CommitId}` in `configuration.Tag`.
    public struct Reference: Hashable, Sendable {
        public let member: String
        public let reference: VariableReference
        /// `Stage/Action`, `the pipeline` or `the execution`.
        public let origin: String
        /// Nil when it shows only then.
        public let value: String?
    }

    /// An artifact that goes in, and the `Stage/Action` that makes it.
    public struct Input: Hashable, Sendable {
        public let name: String
        public let origin: String
    }

    /// `Stage/Action`, or `Stage/beforeEntry/Rule`
    public let place: String
    /// With what is known of its variables.
    public let action: Action
    public let performer: Performer
    public let references: [Reference]
    public let inputs: [Input]

    fileprivate init(
        _ declared: Action, in stage: String, _ knowledge: Knowledge, _ choices: Preview.Choices,
        provision: (Action, SecretPlaces, Set<String>) -> Provision
    ) {
        place = "\(stage)/\(declared.name)"
        inputs = declared.inputArtifacts.map { Input(name: $0, origin: knowledge.producers[$0] ?? "nowhere") }
        // VAR-4: a source action's text is taken as it is.
        let isSource = declared.type.category == "Source"
        references =
            isSource
            ? []
            : declared.templates.flatMap { member, template in
                template.references.map {
                    Reference(
                        member: member, reference: $0, origin: knowledge.origin(of: $0), value: knowledge.value(of: $0))
                }
            }
        // A reference without a value yet stands for itself, so this always comes to something.
        let value: (VariableReference) -> String? = { knowledge.value(of: $0) ?? "#{\($0)}" }
        let resolved = try? declared.resolved(value)
        action = isSource ? declared : resolved ?? declared
        if let stub = choices.stubs[place] {
            performer = .stub(stub)
        } else if declared.type == .manualApproval {
            performer = .reviewer
        } else if isSource, let directory = choices.sourceDirectories[declared.name] {
            performer = .directory(directory)
        } else {
            let unresolved = Set(references.filter { $0.value == nil }.map(\.member))
            performer = .plugin(provision(action, declared.secretPlaces(value), unresolved))
        }
    }
}

/// What can be known of variables and artifacts before anything has run.
private struct Knowledge {
    /// `Stage/Action` by artifact.
    private(set) var producers: [String: String] = [:]
    private var owners: [String: String] = [:]
    private var values: [VariableReference: String] = [:]
    /// By namespace, where it is known which keys there can be.
    private var keys: [String: [String]] = ["codepipeline": ["PipelineExecutionId"]]
    private let declaresVariables: Bool

    init(_ pipeline: Pipeline, _ variables: [Preview.Variable], _ choices: Preview.Choices) {
        declaresVariables = !pipeline.variables.isEmpty
        for stage in pipeline.stages {
            for action in stage.actions {
                let place = "\(stage.name)/\(action.name)"
                for artifact in action.outputArtifacts { producers[artifact.name] = place }
                guard let namespace = action.namespace else { continue }
                owners[namespace] = place
                if action.type.category == "Compute" { keys[namespace] = action.outputVariables }
                guard case .action(let stub) = choices.stubs[place], case .succeeds(let outputs, _) = stub.outcome
                else { continue }
                for (key, value) in outputs { values[VariableReference(namespace: namespace, key: key)] = value }
            }
        }
        if declaresVariables { keys["variables"] = variables.map(\.name) }
        for variable in variables { values[.init(namespace: "variables", key: variable.name)] = variable.value }
    }

    func value(of reference: VariableReference) -> String? { values[reference] }

    /// Why a reference cannot ever have a value; nil when it can (VAR-3).
    func fault(of reference: VariableReference) -> String? {
        guard value(of: reference) == nil, let known = keys[reference.namespace], !known.contains(reference.key) else {
            return nil
        }
        let near = nearest(to: reference.key, in: known).map { "; did you mean \($0)?" }
        let there = near ?? "; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))"
        return "#{\(reference)} will have no value: \(reference.namespace) has no variable \(reference.key)\(there)"
    }

    func origin(of reference: VariableReference) -> String {
        if reference.namespace == "codepipeline" { return "the execution" }
        if reference.namespace == "variables", declaresVariables { return "the pipeline" }
        return owners[reference.namespace] ?? "nowhere"
    }
}
