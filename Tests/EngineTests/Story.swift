import Engine
import Pipelines

/// One pipeline driven by the words of a transcript.
///
/// Words that declare shape the draft, which the first fact and `declare` put into force; the other words are facts.
/// The first execution is `e`; words for another begin with its name and a colon, and so do the lines about it. The
/// answer to a command is what the engine asks for, then whatever changed, one line each.
struct Story {
    var draft = Pipeline(name: "p", stages: [])
    var limits = PipelineLimits()
    var state: PipelineState?
    /// As they are now, those that are over too, in the order of their beginning.
    var executions: [Execution] = []
    var facts: [(fact: PipelineFact, past: Execution?)] = []
    var journals: [ExecutionID: [Fact]] = [:]
    var declared = Pipeline(name: "p", stages: [])
    var start = Start(
        execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "StartPipelineExecution", detail: "test"),
        sandbox: "none")
    var clock: Int64 = 0
    var tokens: [Attempt: String] = [:]
    /// Of executions that nobody named.
    var names: [ExecutionID: String] = [:]

    mutating func perform(_ command: String) -> String {
        var words = command.split(separator: " ").map(String.init)
        if declare(words, command) { return "" }
        var name = "e"
        if words[0].hasSuffix(":") { name = String(words.removeFirst().dropLast()) }
        switch words[0] {
        case "start":
            if words.count > 1 { start.execution = ExecutionID(words[1]) }
            return apply(.started(start))
        case "rollback": return rollBack(words)
        case "declare": return apply(.declared(draft, version: (state?.version ?? 0) + 1))
        case "declare-again": return apply(.declared(state!.pipeline, version: state!.version))
        case "delete": return apply(.deleted(by: "ann"))
        case "disable", "enable": return apply(transition(words))
        case "replay": return replay()
        case "gates": return gates()
        case "counters": return counters(of: id(name))
        case "timing": return timing(of: id(name))
        case "later":
            clock += Int64(words[1])! * 1_000
            return ""
        default:
            guard let event = event(words, of: id(name)) else { return "no such command: \(command)" }
            return apply(.execution(id(name), event))
        }
    }

    // MARK: Facts

    private mutating func apply(_ event: PipelineEvent) -> String {
        if state == nil {
            declared = draft
            state = PipelineState(draft, version: 1, limits: limits)
        } else if case .started = event {
        } else {
            clock += 1
        }
        let before = state
        let fact = PipelineFact(event, at: now, seed: Seed(high: clock, low: Int64(facts.count)))
        var past: Execution?
        if case .execution(let id, _) = event { past = executions.first { $0.id == id && $0.status.isOver } }
        do {
            let change = try state!.apply(fact, recalling: past)
            facts.append((fact, past))
            return answer(change)
        } catch {
            return state == before ? "refused: \(error)" : "refused, and yet something changed: \(error)"
        }
    }

    private func transition(_ words: [String]) -> PipelineEvent {
        let side: TransitionChange.Side = words.dropFirst(2).first == "outbound" ? .outbound : .inbound
        let reason = words.dropFirst(side == .outbound ? 3 : 2).joined(separator: " ")
        return .transitionChanged(
            TransitionChange(
                stage: words[1], side: side, disabledReason: words[0] == "disable" ? reason : nil, by: "ann"))
    }

    /// `rollback Deploy to e as r1`
    private mutating func rollBack(_ words: [String]) -> String {
        guard let target = executions.first(where: { $0.id == id(words[3]) }) else { return "no execution \(words[3])" }
        do {
            let rollback = try state!.rollback(of: words[1], to: target)
            return apply(
                .started(
                    Start(
                        execution: ExecutionID(words[5]), pipelineVersion: state!.version,
                        trigger: .init(type: "ManualRollback", detail: "ann"), rollback: rollback, sandbox: "none")))
        } catch {
            return "refused: \(error)"
        }
    }

    private func event(_ words: [String], of id: ExecutionID) -> Event? {
        let rest = words.dropFirst(2).joined(separator: " ")
        switch words[0] {
        case "stop": return .stopRequested(StopRequest(kind: .wait, reason: "enough", by: "ann"))
        case "abandon": return .stopRequested(StopRequest(kind: .abandon, reason: "now", by: "ann"))
        case "resume": return .resumed(by: "ann")
        case "retry":
            return StageRetry.Mode(rawValue: words[2]).map {
                .stageRetried(StageRetry(stage: words[1], mode: $0, by: "ann"))
            }
        case "override":
            return ConditionKind(rawValue: words[2]).map {
                .conditionOverridden(ConditionOverride(stage: words[1], condition: $0, by: "ann"))
            }
        default: break
        }
        guard words.count > 1, let attempt = attempt(words[1], of: id) else { return nil }
        func answer(_ status: ApprovalAnswer.Status) -> ApprovalAnswer {
            ApprovalAnswer(token: tokens[attempt] ?? "none", status: status, summary: rest, by: "ann")
        }
        switch words[0] {
        case "succeed": return .actionSucceeded(attempt, result(words.dropFirst(2), attempt))
        case "fail": return .actionFailed(attempt, ActionFailure(code: "JobFailed", message: rest))
        case "break":
            let failure = ActionFailure(code: "JobFailed", hostCode: "NoResult", message: rest)
            return .actionFailed(attempt, failure)
        case "time-out":
            return .actionFailed(attempt, ActionFailure(code: "JobFailed", hostCode: "TimedOut", message: rest))
        case "continue":
            return .actionContinues(attempt, Continuation(token: rest, notBefore: now.adding(seconds: 30)))
        case "progress": return .actionProgressed(attempt, ExternalExecution(summary: rest))
        case "lose": return .attemptLost(attempt, .coreEnded)
        case "unavailable": return .attemptLost(attempt, .unavailable(rest, hostCode: "SpawnFailed"))
        case "approve": return .approvalAnswered(attempt, answer(.approved))
        case "reject": return .approvalAnswered(attempt, answer(.rejected))
        case "approve-with-wrong-token":
            return .approvalAnswered(attempt, ApprovalAnswer(token: "?", status: .approved, summary: "", by: "ann"))
        case "expire": return .approvalExpired(attempt)
        default: return nil
        }
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
        let execution = executions.first { $0.id == attempt.execution }!
        let stage = execution.pipeline.stages.first { $0.name == attempt.stage }!
        let action = attempt.condition == nil ? stage.actions.first { $0.name == attempt.action } : nil
        let prefix = attempt.execution.text == "e" ? "digest-of" : "\(name(of: attempt.execution))-digest-of"
        for artifact in action?.outputArtifacts ?? [] { result.artifacts[artifact.name] = "\(prefix)-\(artifact.name)" }
        return result
    }

    /// `Compile` is its present attempt, `Compile#1` an earlier one; rules are named as actions are.
    private func attempt(_ word: String, of id: ExecutionID) -> Attempt? {
        let parts = word.split(separator: "#").map(String.init)
        guard let execution = executions.first(where: { $0.id == id }) else { return nil }
        for (index, stage) in execution.stages.enumerated().reversed() {
            var found = stage.actions[parts[0]].map { (action: $0, condition: ConditionKind?.none) }
            for (kind, condition) in stage.conditions where found == nil {
                found = condition.rules[parts[0]].map { (action: $0, condition: kind) }
            }
            guard let (action, condition) = found else { continue }
            let number: Int
            switch action.state {
            case .running(let running): number = running.dispatch.attempt.number
            default: number = 1
            }
            return Attempt(
                execution: execution.id, stage: execution.pipeline.stages[index].name, action: parts[0], id: action.id,
                number: parts.count > 1 ? Int(parts[1])! : number, condition: condition)
        }
        return nil
    }

    var now: Instant { Instant(milliseconds: clock) }

    private func id(_ name: String) -> ExecutionID {
        names.first { $0.value == name }?.key ?? ExecutionID(name)
    }

    func name(of id: ExecutionID) -> String { names[id] ?? id.text }
}
