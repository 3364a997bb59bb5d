import Jansson

extension Pipeline {
    /// Every fault of this pipeline by the rules of `ValidationRule.all`, in the order of the rules.
    public func findings(
        catalogue: ActionTypeCatalogue = .aws, limits: ValidationLimits = ValidationLimits()
    ) -> [Finding] {
        var examination = Examination(pipeline: self, catalogue: catalogue, limits: limits)
        for rule in ValidationRule.all {
            examination.rule = rule.id
            rule.check(&examination)
        }
        return bounded(examination.findings)
    }

    /// Reads a document and judges what could be read, so that all faults are told at once.
    /// - Returns: the pipeline as `read` gives it, and the findings of both; where the shape is wrong already, what the
    ///   rules say about the same place is left out.
    public static func judge(
        _ document: JSON, catalogue: ActionTypeCatalogue = .aws, limits: ValidationLimits = ValidationLimits()
    ) -> (pipeline: Pipeline, findings: [Finding]) {
        let (pipeline, shape) = read(document)
        if shape.contains(where: \.path.isEmpty) { return (pipeline, shape) }
        let broken = Set(shape.map { $0.path[...] })
        let rules = pipeline.findings(catalogue: catalogue, limits: limits)
        return (pipeline, bounded(shape + rules.filter { broken.isDisjoint(with: $0.places) }))
    }

    /// The type that counts: what is declared, or else what the members need (STR-8).
    public var effectiveType: PipelineType { pipelineType ?? (membersOfV2.isEmpty ? .v1 : .v2) }
}

/// One rule about definitions, named as in the specification.
struct ValidationRule: Sendable {
    let id: String
    let check: @Sendable (inout Examination) -> Void

    init(_ id: String, check: @escaping @Sendable (inout Examination) -> Void) {
        self.id = id
        self.check = check
    }

    /// Every rule, in the order in which findings are told.
    static let all: [ValidationRule] = [
        .stores, .names, .uniqueNames, .counts, .sourceStage, .pipelineType, .blockers, .roles,
        .typeWords, .knownTypes, .runOrders, .configuration, .regions, .timeouts, .computeMembers, .artifactCounts,
        .artifactWiring, .references,
        .referenceSyntax, .reservedNamespaces, .referencesInSources, .pipelineVariables, .secretReferences,
        .triggers, .gitFilters, .globLists, .conditionCounts, .conditionResults, .conditionRules, .skippingRules,
    ]
}

/// A pipeline under examination, and what was found so far.
struct Examination {
    let pipeline: Pipeline
    let catalogue: ActionTypeCatalogue
    let limits: ValidationLimits
    let actions: [PlacedAction]
    let rules: [PlacedRule]
    /// By namespace, the first action that has it.
    let namespaces: [String: PlacedAction]
    /// The rule that is being checked.
    var rule = ""
    private(set) var findings: [Finding] = []

    init(pipeline: Pipeline, catalogue: ActionTypeCatalogue, limits: ValidationLimits) {
        self.pipeline = pipeline
        self.catalogue = catalogue
        self.limits = limits
        actions = pipeline.placedActions
        rules = pipeline.placedRules
        namespaces = Dictionary(actions.compactMap { placed in placed.action.namespace.map { ($0, placed) } }) {
            first, _ in
            first
        }
    }

    /// Asked before near names are looked for, which takes its time.
    var hasRoom: Bool { findings.count <= findingsLimit }

    mutating func report(_ path: String, _ message: String) {
        if hasRoom { findings.append(Finding(path: path, rule: rule, message: message)) }
    }

    /// Reports `fault` if there is one.
    mutating func report(_ path: String, fault: String?) {
        if let fault { report(path, fault) }
    }
}

/// An action and where it stands.
struct PlacedAction {
    let action: Action
    let stage: Int
    let path: String

    /// Whether this action has certainly succeeded when an action in `stage` with `runOrder` starts (ACT-11).
    func isFinished(before stage: Int, runOrder: Int) -> Bool {
        self.stage < stage || (self.stage == stage && action.runOrder < runOrder)
    }
}

/// A rule of a condition and where it stands.
struct PlacedRule {
    let rule: Rule
    let stage: Int
    let path: String
    /// Rules of `onSuccess` and `onFailure` come after the actions of their stage, those of `beforeEntry` before.
    let isAfterActions: Bool

    func comesAfter(_ placed: PlacedAction) -> Bool {
        placed.stage < stage || (isAfterActions && placed.stage == stage)
    }
}

extension Stage {
    /// The guards that this stage has, by member name, in the order in which they are evaluated.
    public var guards: [(name: String, conditions: StageConditions)] {
        [("beforeEntry", beforeEntry), ("onSuccess", onSuccess), ("onFailure", onFailure)]
            .compactMap { name, conditions in conditions.map { (name, $0) } }
    }
}

extension Pipeline {
    var placedActions: [PlacedAction] {
        stages.enumerated().flatMap { stageIndex, stage in
            stage.actions.enumerated().map { index, action in
                PlacedAction(action: action, stage: stageIndex, path: "stages[\(stageIndex)].actions[\(index)]")
            }
        }
    }

    var placedConditions: [(name: String, stage: Int, path: String, condition: Condition)] {
        stages.enumerated().flatMap { stageIndex, stage in
            stage.guards.flatMap { name, guardian in
                guardian.conditions.enumerated().map { index, condition in
                    (name, stageIndex, "stages[\(stageIndex)].\(name).conditions[\(index)]", condition)
                }
            }
        }
    }

    var placedRules: [PlacedRule] {
        placedConditions.flatMap { name, stage, path, condition in
            condition.rules.enumerated().map { index, rule in
                PlacedRule(
                    rule: rule, stage: stage, path: "\(path).rules[\(index)]", isAfterActions: name != "beforeEntry")
            }
        }
    }
}
