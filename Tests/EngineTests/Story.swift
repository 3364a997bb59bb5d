import Engine
import Pipelines

/// One execution driven by the words of a transcript.
///
/// `pipeline` lines declare, the other words are facts. The answer to a command is what the engine asks for, then
/// whatever changed, one line each.
struct Story {
    private var pipeline = Pipeline(name: "p", stages: [])
    private(set) var execution: Execution?
    private(set) var facts: [Fact] = []
    private var start = Start(
        execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "StartPipelineExecution", detail: "test"),
        sandbox: "none")
    private var clock: Int64 = 0
    private var tokens: [String: String] = [:]

    mutating func perform(_ command: String) -> String {
        let words = command.split(separator: " ").map(String.init)
        switch words[0] {
        case "stage":
            return declareStage(words[1], command.split(separator: ":", maxSplits: 1).last.map(String.init) ?? "")
        case "variable":
            let pair = words[1].split(separator: "=", maxSplits: 1).map(String.init)
            pipeline.variables.append(PipelineVariable(name: pair[0], defaultValue: pair.count > 1 ? pair[1] : nil))
            return ""
        case "given":
            let pair = words[1].split(separator: "=", maxSplits: 1).map(String.init)
            start.variables[pair[0]] = pair[1]
            return ""
        case "stop-after":
            start.stopAfterStage = words[1]
            return ""
        case "start": return begin()
        case "replay": return replay()
        case "later":
            clock += Int64(words[1])! * 1_000
            return ""
        default:
            guard let event = event(words) else { return "no such command: \(command)" }
            return apply(event)
        }
    }

    // MARK: Declaring

    /// `stage Build: Compile Code -> App; 2 Lint Code; 2 Ok approval`
    private mutating func declareStage(_ name: String, _ actions: String) -> String {
        let name = name.replacing(":", with: "")
        pipeline.stages.append(
            Stage(name: name, actions: actions.split(separator: ";").map { action(String($0), name) }))
        return ""
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
            } else if let equal = word.firstIndex(of: "=") {
                action.configuration[String(word[..<equal])] = String(word[word.index(after: equal)...])
            } else {
                action.inputArtifacts.append(word)
            }
        }
        if sides.count > 1 {
            action.outputArtifacts = sides[1].split(separator: " ").map { OutputArtifact(name: String($0)) }
        }
        return action
    }

    // MARK: Facts

    private mutating func begin() -> String {
        let fact = Fact(.started(start), at: now, seed: seed)
        let (execution, effects) = Execution.starting(start, of: pipeline, at: fact.at, seed: fact.seed)
        facts.append(fact)
        self.execution = execution
        return answer(effects, before: nil)
    }

    private mutating func apply(_ event: Event) -> String {
        clock += 1
        let before = execution
        let fact = Fact(event, at: now, seed: seed)
        do {
            let effects = try execution!.apply(fact)
            facts.append(fact)
            return answer(effects, before: before)
        } catch {
            return execution == before ? "refused: \(error)" : "refused, and yet something changed: \(error)"
        }
    }

    private mutating func event(_ words: [String]) -> Event? {
        let rest = words.dropFirst(2).joined(separator: " ")
        let attempt = words.count > 1 ? attempt(words[1]) : nil
        switch (words[0], attempt) {
        case ("succeed", let attempt?): return .actionSucceeded(attempt, result(words.dropFirst(2), attempt))
        case ("fail", let attempt?): return .actionFailed(attempt, ActionFailure(code: "JobFailed", message: rest))
        case ("continue", let attempt?):
            return .actionContinues(attempt, Continuation(token: rest, notBefore: now.adding(seconds: 30)))
        case ("progress", let attempt?): return .actionProgressed(attempt, ExternalExecution(summary: rest))
        case ("lose", let attempt?): return .attemptLost(attempt, .coreEnded)
        case ("unavailable", let attempt?): return .attemptLost(attempt, .unavailable(rest))
        case ("approve", let attempt?): return .approvalAnswered(attempt, approval(.approved, rest, words[1]))
        case ("reject", let attempt?): return .approvalAnswered(attempt, approval(.rejected, rest, words[1]))
        case ("approve-with-wrong-token", let attempt?):
            return .approvalAnswered(attempt, ApprovalAnswer(token: "?", status: .approved, summary: "", by: "ann"))
        case ("expire", let attempt?): return .approvalExpired(attempt)
        case ("stop", _): return .stopRequested(StopRequest(kind: .wait, reason: "enough", by: "ann"))
        case ("abandon", _): return .stopRequested(StopRequest(kind: .abandon, reason: "now", by: "ann"))
        case ("resume", _): return .resumed(by: "ann")
        default: return nil
        }
    }

    private func approval(_ status: ApprovalAnswer.Status, _ summary: String, _ action: String) -> ApprovalAnswer {
        ApprovalAnswer(token: tokens[action] ?? "none", status: status, summary: summary, by: "ann")
    }

    private func result(_ words: ArraySlice<String>, _ attempt: Attempt) -> ActionResult {
        var result = ActionResult()
        for word in words {
            if word.hasPrefix("@") {
                result.revision = Revision(id: String(word.dropFirst()))
                continue
            }
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            result.outputVariables[pair[0]] = pair.count > 1 ? pair[1] : ""
        }
        let action = pipeline.stages.first { $0.name == attempt.stage }!.actions.first { $0.name == attempt.action }!
        for artifact in action.outputArtifacts { result.artifacts[artifact.name] = "digest-of-\(artifact.name)" }
        return result
    }

    /// `Compile` is its present attempt, `Compile#1` an earlier one.
    private func attempt(_ word: String) -> Attempt? {
        let parts = word.split(separator: "#").map(String.init)
        guard let execution else { return nil }
        for (index, stage) in execution.stages.enumerated().reversed() {
            guard let action = stage[parts[0]] else { continue }
            let number: Int
            switch action.state {
            case .running(let running): number = running.dispatch.attempt.number
            default: number = 1
            }
            return Attempt(
                execution: execution.id, stage: pipeline.stages[index].name, action: parts[0], id: action.id,
                number: parts.count > 1 ? Int(parts[1])! : number)
        }
        return nil
    }

    private var now: Instant { Instant(milliseconds: clock) }
    private var seed: Seed { Seed(high: clock, low: Int64(facts.count)) }

    // MARK: Answers

    private mutating func answer(_ effects: [Effect], before: Execution?) -> String {
        var lines = effects.map { effect -> String in
            switch effect {
            case .run(let dispatch): return describe(dispatch)
            case .cancel(let attempt): return "cancel \(attempt)"
            case .awaitApproval(let request):
                tokens[request.attempt.action] = request.token
                return "await approval \(request.attempt)\(request.customData.map { " \"\($0)\"" } ?? "")"
            }
        }
        lines += changes(since: before)
        return lines.joined(separator: "\n")
    }

    private func describe(_ dispatch: Dispatch) -> String {
        var line = "run \(dispatch.attempt)"
        for (key, value) in dispatch.action.configuration.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
        for (name, digest) in dispatch.inputs.sorted(by: { $0.key < $1.key }) { line += " \(name):\(digest)" }
        for (name, id) in dispatch.revisions.sorted(by: { $0.key < $1.key }) { line += " \(name)@\(id)" }
        if let token = dispatch.continuationToken { line += " token \"\(token)\"" }
        if let wait = dispatch.notBefore { line += " in \((wait.milliseconds - clock) / 1_000) s" }
        return line
    }

    private func changes(since before: Execution?) -> [String] {
        guard let execution else { return [] }
        var lines: [String] = []
        for (index, stage) in execution.stages.enumerated() {
            let old = before.flatMap { index < $0.stages.count ? $0.stages[index] : nil }
            for declared in pipeline.stages[index].actions {
                if let summary = stage[declared.name]?.external.summary,
                    summary != old?[declared.name]?.external.summary
                {
                    lines.append("\(declared.name) says: \(summary)")
                }
                guard let action = stage[declared.name], action.state.name != old?[declared.name]?.state.name else {
                    continue
                }
                if case .failed(let failure) = action.state {
                    lines.append("\(declared.name): Failed, \(failure.message)")
                } else {
                    lines.append("\(declared.name): \(action.state.name)")
                }
            }
            let status = execution.status(ofStage: index)
            if old == nil || before?.status(ofStage: index) != status {
                lines.append("stage \(pipeline.stages[index].name): \(status.rawValue)")
            }
        }
        if before?.status != execution.status {
            lines.append("execution: \(execution.status.name)\(reason(execution.status))")
        }
        return lines
    }

    private func reason(_ status: ExecutionStatus) -> String {
        switch status {
        case .failed(let reason), .stopped(let reason): ", \(reason)"
        case .inProgress, .stopping, .succeeded: ""
        }
    }

    private func replay() -> String {
        guard case .started(let start) = facts[0].event else { return "the first fact is no start" }
        var copy = Execution.starting(start, of: pipeline, at: facts[0].at, seed: facts[0].seed).execution
        for fact in facts.dropFirst() { _ = try? copy.apply(fact) }
        return copy == execution ? "the same" : "different"
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
