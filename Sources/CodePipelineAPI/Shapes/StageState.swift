import Engine
import Jansson
import Pipelines

/// What has become of a stage: by its latest execution, and by the one before where that has not come so far.
struct StageState {
    private let stage: Stage
    private let latest: Execution?
    private let entered: StageExecution?
    private let actions: [PlacedAction.Place: ActionExecution]

    /// - Parameter actions: the newest admissions, of whatever execution.
    init(_ stage: Stage, _ latest: Execution?, _ actions: [PlacedAction.Place: ActionExecution]) {
        self.stage = stage
        self.latest = latest
        self.actions = actions
        let index = latest?.pipeline.stages.firstIndex { $0.name == stage.name }
        entered = index.flatMap { index in latest.flatMap { index < $0.stages.count ? $0.stages[index] : nil } }
    }

    var json: [String: JSON] {
        var members: [String: JSON] = ["actionStates": .array(stage.actions.map(state))]
        members["latestExecution"] = latestExecution
        for kind in ConditionKind.allCases {
            members["\(kind.rawValue)ConditionState"] = conditionState(kind)
        }
        if let retries = entered?.retries, let trigger = retries.latest {
            // An attempt is at least 1 in AWS's model.
            func count(_ attempts: Int) -> JSON? { attempts > 0 ? .integer(Int64(attempts)) : nil }
            members["retryStageMetadata"] = .object(present: [
                "autoStageRetryAttempt": count(retries.automatic), "manualStageRetryAttempt": count(retries.manual),
                "latestRetryTrigger": .string(trigger.rawValue),
            ])
        }
        return members
    }

    private var latestExecution: JSON? {
        guard let latest, let index = latest.pipeline.stages.firstIndex(where: { $0.name == stage.name }),
            index < latest.stages.count
        else { return nil }
        return [
            "pipelineExecutionId": .string(latest.id.text),
            "status": .string(latest.status(ofStage: index).rawValue), "type": .string(latest.start.executionType),
        ]
    }

    private func state(of action: Action) -> JSON {
        let place = PlacedAction.Place(stage: stage.name, condition: nil, name: action.name)
        let execution = entered?.actions[action.name] ?? actions[place]
        return .object(present: [
            "actionName": .string(action.name), "currentRevision": execution?.currentRevision,
            "latestExecution": execution.map { JSON.object($0.actionState) },
        ])
    }

    private func conditionState(_ kind: ConditionKind) -> JSON? {
        guard let declared = stage.condition(kind), let condition = entered?.conditions[kind] else { return nil }
        let status: JSON = ["status": .string(condition.state.name)]
        let rules = declared.rules.map { rule in
            JSON.object(present: [
                "ruleName": .string(rule.name),
                "latestExecution": condition.rules[rule.name].map { .object($0.state(idName: "ruleExecutionId")) },
            ])
        }
        return [
            "latestExecution": status,
            "conditionStates": [["latestExecution": status, "ruleStates": .array(rules)]],
        ]
    }
}

extension ActionExecution {
    fileprivate var actionState: [String: JSON] {
        var members = state(idName: "actionExecutionId")
        members["percentComplete"] = external.percentComplete.map { .integer(Int64($0)) }
        return members
    }

    /// What actions and rules have in common.
    fileprivate func state(idName: String) -> [String: JSON] {
        var token: String?
        if case .awaitingApproval(let request) = state { token = request.token }
        let members: [String: JSON?] = [
            idName: .string(id.text), "status": .string(state.name), "summary": external.summary.map(JSON.string),
            "lastStatusChange": updatedAt.timestamp, "token": token.map(JSON.string),
            "lastUpdatedBy": updatedBy.map(JSON.string), "externalExecutionId": external.id.map(JSON.string),
            "errorDetails": errorDetails,
        ]
        return members.compactMapValues { $0 }
    }

    fileprivate var currentRevision: JSON? {
        guard case .succeeded(let result) = state, let revision = result.revision else { return nil }
        return [
            "revisionId": .string(revision.id),
            "revisionChangeId": .string(revision.changeIdentifier ?? revision.id),
            "created": (revision.created ?? updatedAt).timestamp,
        ]
    }
}
