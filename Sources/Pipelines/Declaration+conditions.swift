/// What guards a stage: `beforeEntry`, `onSuccess` or `onFailure`.
public struct StageConditions: Hashable, Sendable {
    /// The plain result of `onFailure` (`ROLLBACK`, `RETRY`), without conditions.
    public var result: String?
    public var retryMode: String?
    public var conditions: [Condition]

    public init(result: String? = nil, retryMode: String? = nil, conditions: [Condition] = []) {
        self.result = result
        self.retryMode = retryMode
        self.conditions = conditions
    }
}

public struct Condition: Hashable, Sendable {
    public var result: String?
    public var rules: [Rule]

    public init(result: String? = nil, rules: [Rule]) {
        self.result = result
        self.rules = rules
    }
}

public struct Rule: Hashable, Sendable {
    public var name: String
    public var type: ActionTypeID
    public var configuration: [String: String]
    public var inputArtifacts: [String]
    public var commands: [String]
    public var roleArn: String?
    public var region: String?
    public var timeoutInMinutes: Int?

    public init(
        name: String, type: ActionTypeID, configuration: [String: String] = [:], inputArtifacts: [String] = [],
        commands: [String] = [], roleArn: String? = nil, region: String? = nil, timeoutInMinutes: Int? = nil
    ) {
        self.name = name
        self.type = type
        self.configuration = configuration
        self.inputArtifacts = inputArtifacts
        self.commands = commands
        self.roleArn = roleArn
        self.region = region
        self.timeoutInMinutes = timeoutInMinutes
    }
}

extension Action {
    /// What is run for a rule.
    public init(_ rule: Rule) {
        self.init(name: rule.name, type: rule.type, configuration: rule.configuration)
        inputArtifacts = rule.inputArtifacts
        commands = rule.commands
        timeoutInMinutes = rule.timeoutInMinutes
    }
}
