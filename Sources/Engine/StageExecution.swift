import Pipelines

/// One stage that an execution has entered, and what became of it.
public struct StageExecution: Hashable, Sendable, Codable {
    public internal(set) var phase: StagePhase
    /// By name: the actions that have been admitted, each with its newest admission.
    public internal(set) var actions: [String: ActionExecution]
    /// Those that have been begun, each with its newest evaluation.
    public internal(set) var conditions: [ConditionKind: ConditionExecution]
    public internal(set) var retries: Retries
    public let enteredAt: Instant

    init(_ phase: StagePhase, at: Instant) {
        (self.phase, actions, conditions, retries, enteredAt) = (phase, [:], [:], Retries(), at)
    }

    /// A stored stage as it was.
    public init(
        restoring phase: StagePhase, actions: [String: ActionExecution],
        conditions: [ConditionKind: ConditionExecution],
        retries: Retries, enteredAt: Instant
    ) {
        self.phase = phase
        self.actions = actions
        self.conditions = conditions
        self.retries = retries
        self.enteredAt = enteredAt
    }

    /// An action or a rule.
    subscript(place: PlacedAction.Place) -> ActionExecution? {
        guard let condition = place.condition else { return actions[place.name] }
        return conditions[condition]?.rules[place.name]
    }

    /// Its actions and rules, in the order of declaration, in which they begin.
    public func every(of declared: Stage) -> [PlacedAction] {
        func rules(_ kind: ConditionKind, _ guarded: StageConditions?) -> [PlacedAction.Place] {
            let rules = guarded?.conditions.flatMap(\.rules) ?? []
            return rules.map { .init(stage: declared.name, condition: kind, name: $0.name) }
        }
        let actions = declared.actions.map {
            PlacedAction.Place(stage: declared.name, condition: nil, name: $0.name)
        }
        let places =
            rules(.beforeEntry, declared.beforeEntry) + actions + rules(.onSuccess, declared.onSuccess)
            + rules(.onFailure, declared.onFailure)
        return places.compactMap { place in self[place].map { PlacedAction(place: place, execution: $0) } }
    }

    /// The action or rule of an attempt.
    subscript(attempt: Attempt) -> ActionExecution? {
        get {
            guard let condition = attempt.condition else { return actions[attempt.action] }
            return conditions[condition]?.rules[attempt.action]
        }
        _modify {
            if let condition = attempt.condition {
                // Only what has begun is changed.
                yield &conditions[condition]!.rules[attempt.action]
            } else {
                yield &actions[attempt.action]
            }
        }
    }
}

/// One admission of an action or a rule, with where it stands in its pipeline.
public struct PlacedAction: Hashable, Sendable {
    public struct Place: Hashable, Sendable, CustomStringConvertible {
        public let stage: String
        /// Of which it is a rule; nil for an action.
        public let condition: ConditionKind?
        public let name: String

        public init(stage: String, condition: ConditionKind?, name: String) {
            (self.stage, self.condition, self.name) = (stage, condition, name)
        }

        /// `Stage/Action`, or `Stage/beforeEntry/Rule`.
        public var description: String { [stage, condition?.rawValue, name].compactMap { $0 }.joined(separator: "/") }
    }
    public let place: Place
    public let execution: ActionExecution

    public init(place: Place, execution: ActionExecution) { (self.place, self.execution) = (place, execution) }
}

/// How often a stage was begun again (RTY-7).
public struct Retries: Hashable, Sendable, Codable {
    public init() {}

    public internal(set) var automatic = 0
    public internal(set) var manual = 0
    /// Nil when there was none.
    public internal(set) var latest: Trigger?

    public enum Trigger: String, Hashable, Sendable, Codable {
        case automatic = "AutomatedStageRetry"
        case manual = "ManualStageRetry"
    }
}

/// What a stage is doing.
///
///     entering ──▶ acting ──▶ leaving ──▶ over
///         │           └──▶ failing ──▶ over
///         └──▶ over (skipped, failed)
public enum StagePhase: Hashable, Sendable, Codable {
    /// The rules of `beforeEntry` are evaluated (CND-6).
    case entering
    case acting
    /// All actions have succeeded; the rules of `onSuccess` are evaluated (CND-7).
    case leaving
    /// An action has failed; the rules of `onFailure` are evaluated.
    case failing(reason: String)
    case over(StageOutcome)
}

public enum StageOutcome: Hashable, Sendable, Codable {
    case succeeded
    /// - Parameter rollsBack: whether the stage is to go back to what succeeded last (RBK-5).
    case failed(reason: String, rollsBack: Bool)
    /// CND-5
    case skipped
    case stopped
}

public enum ConditionKind: String, Hashable, Sendable, Codable, CodingKeyRepresentable, CaseIterable {
    case beforeEntry, onSuccess, onFailure
}

/// One evaluation of a condition.
public struct ConditionExecution: Hashable, Sendable, Codable {
    /// By name.
    public internal(set) var rules: [String: ActionExecution]
    public internal(set) var state: ConditionState

    public init(rules: [String: ActionExecution], state: ConditionState) {
        self.rules = rules
        self.state = state
    }
}

/// Where a condition stands (STS-4).
public enum ConditionState: Hashable, Sendable, Codable {
    case inProgress
    case succeeded
    case failed
    /// A rule could not be run, and no other failed: nobody knows.
    case errored
    case overridden(by: String)
    case abandoned

    /// The API's word.
    public var name: String {
        switch self {
        case .inProgress: "InProgress"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .errored: "Errored"
        case .overridden: "Overridden"
        case .abandoned: "Abandoned"
        }
    }
}
