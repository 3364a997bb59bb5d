import Engine
import Pipelines

extension Story {
    /// Takes a word that declares.
    mutating func declare(_ words: [String], _ command: String) -> Bool {
        switch words[0] {
        case "stage":
            declareStage(words[1], command.split(separator: ":", maxSplits: 1).last.map(String.init) ?? "")
        case "drop": draft.stages.removeAll { $0.name == words[1] }
        case "condition": declareCondition(words)
        case "on-failure":
            update(words[1]) { $0.onFailure = StageConditions(result: words[2], retryMode: words.dropFirst(3).first) }
        case "variable":
            let (name, value) = pair(words[1])
            draft.variables.removeAll { $0.name == name }
            draft.variables.append(PipelineVariable(name: name, defaultValue: value))
        case "mode": draft.executionMode = ExecutionMode(rawValue: words[1])!
        case "limits": (limits.concurrentExecutions, limits.concurrentActions) = (Int(words[1])!, Int(words[2])!)
        case "given": start.variables[pair(words[1]).0] = pair(words[1]).1
        case "stop-after": start.stopAfterStage = words[1]
        case "revision": start.sourceRevisions[words[1]] = SourceRevision(type: words[2], value: words[3])
        default: return false
        }
        return true
    }

    /// `stage Build: Compile Code -> App; 2 Lint Code; 2 Ok approval`
    private mutating func declareStage(_ name: String, _ actions: String) {
        let name = name.replacing(":", with: "")
        let stage = Stage(name: name, actions: actions.split(separator: ";").map { action(String($0), name) })
        if let index = draft.stages.firstIndex(where: { $0.name == name }) {
            draft.stages[index] = stage
        } else {
            draft.stages.append(stage)
        }
    }

    private func action(_ text: String, _ stage: String) -> Action {
        let sides = text.components(separatedBy: "->")
        var words = sides[0].split(separator: " ").map(String.init)
        let order = Int(words[0])
        if order != nil { words.removeFirst() }
        let category = stage == "Source" ? "Source" : "Build"
        var action = Action(
            name: words.removeFirst(),
            type: ActionTypeID(category: category, owner: "Custom", provider: "X", version: "1"))
        action.runOrder = order ?? 1
        for word in words {
            if word == "approval" {
                action.type = .manualApproval
            } else if word.hasPrefix("ns=") {
                action.namespace = String(word.dropFirst(3))
            } else if case (let key, let value?) = pair(word) {
                action.configuration[key] = value
            } else {
                action.inputArtifacts.append(word)
            }
        }
        if sides.count > 1 {
            action.outputArtifacts = sides[1].split(separator: " ").map { OutputArtifact(name: String($0)) }
        }
        return action
    }

    /// `condition Deploy beforeEntry FAIL: Alarm Window Cron=#{variables.When}`; what has an equals sign belongs to the
    /// rule before it.
    private mutating func declareCondition(_ words: [String]) {
        var rules: [Rule] = []
        for word in words.dropFirst(4) {
            if case (let key, let value?) = pair(word) {
                rules[rules.count - 1].configuration[key] = value
            } else {
                let type = ActionTypeID(category: "Rule", owner: "AWS", provider: "X", version: "1")
                rules.append(Rule(name: word, type: type))
            }
        }
        let conditions = StageConditions(
            conditions: [Condition(result: words[3].replacing(":", with: ""), rules: rules)])
        update(words[1]) { stage in
            switch ConditionKind(rawValue: words[2])! {
            case .beforeEntry: stage.beforeEntry = conditions
            case .onSuccess: stage.onSuccess = conditions
            case .onFailure: stage.onFailure = conditions
            }
        }
    }

    private mutating func update(_ stage: String, _ change: (inout Stage) -> Void) {
        change(&draft.stages[draft.stages.firstIndex { $0.name == stage }!])
    }

    private func pair(_ word: String) -> (String, String?) {
        guard let equal = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<equal]), String(word[word.index(after: equal)...]))
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
