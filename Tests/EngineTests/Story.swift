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
    private(set) var state: PipelineState?
    /// As they are now, those that are over too, in the order of their beginning.
    private(set) var executions: [Execution] = []
    private var facts: [(fact: PipelineFact, past: Execution?)] = []
    private var journals: [ExecutionID: [Fact]] = [:]
    private var declared = Pipeline(name: "p", stages: [])
    var start = Start(
        execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "StartPipelineExecution", detail: "test"),
        sandbox: "none")
    var clock: Int64 = 0
    private var tokens: [Attempt: String] = [:]
    /// Of executions that nobody named.
    private var names: [ExecutionID: String] = [:]

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

    private var now: Instant { Instant(milliseconds: clock) }

    private func id(_ name: String) -> ExecutionID {
        names.first { $0.value == name }?.key ?? ExecutionID(name)
    }

    func name(of id: ExecutionID) -> String { names[id] ?? id.text }

    // MARK: Answers

    private mutating func answer(_ change: PipelineChange) -> String {
        for change in change.executions {
            let id = change.after.id
            if change.before == nil, change.after.start.trigger.type == "AutomatedRollback" {
                names[id] = "auto\(names.count + 1)"
            }
            journals[id, default: []] += change.facts
            if let index = executions.firstIndex(where: { $0.id == id }) {
                executions[index] = change.after
            } else {
                executions.append(change.after)
            }
        }
        var lines: [String] = []
        for effect in change.effects {
            if case .awaitApproval(let request) = effect { tokens[request.attempt] = request.token }
            lines.append(prefix(effect.attempt.execution) + describe(effect))
        }
        for change in change.executions {
            lines += Story.changes(change.before, change.after, name).map { prefix(change.after.id) + $0 }
        }
        return lines.joined(separator: "\n")
    }

    private func prefix(_ id: ExecutionID) -> String { id.text == "e" ? "" : "\(name(of: id)): " }

    private func describe(_ effect: Effect) -> String {
        switch effect {
        case .run(let dispatch): describe(dispatch)
        case .cancel(let attempt): "cancel \(attempt)"
        case .awaitApproval(let request):
            "await approval \(request.attempt)\(request.customData.map { " \"\($0)\"" } ?? "")"
        }
    }

    private func describe(_ dispatch: Dispatch) -> String {
        var line = "run \(dispatch.attempt)"
        for (key, value) in dispatch.action.configuration.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
        for (name, digest) in dispatch.inputs.sorted(by: { $0.key < $1.key }) { line += " \(name):\(digest)" }
        for (name, id) in dispatch.revisions.sorted(by: { $0.key < $1.key }) { line += " \(name)@\(id)" }
        if let revision = dispatch.sourceRevision { line += " at \(revision.type) \(revision.value)" }
        if let token = dispatch.continuationToken { line += " token \"\(token)\"" }
        if let wait = dispatch.notBefore { line += " in \((wait.milliseconds - clock) / 1_000) s" }
        return line
    }

    private func counters(of id: ExecutionID) -> String {
        guard let execution = executions.first(where: { $0.id == id }), let retries = execution.stages.last?.retries
        else { return "nothing has been entered" }
        return "attempt \(execution.attempt), of the stage \(retries.automatic) automatic and \(retries.manual) manual"
            + (retries.latest.map { ", the last \($0.rawValue)" } ?? "")
    }

    /// Where its time went until now, in seconds.
    private func timing(of id: ExecutionID) -> String {
        guard let execution = executions.first(where: { $0.id == id }) else { return "no execution" }
        let arrival = state?.gates.values.flatMap(\.waiting).first { $0.execution == id }
        guard
            let timing = try? Timing(
                of: execution.declaration, journal: journals[id]!, until: now,
                heldMilliseconds: arrival?.held(at: now) ?? 0)
        else { return "no timing" }
        func words(_ uses: [TimeUse: Int64]) -> String {
            TimeUse.allCases.compactMap { use in
                uses[use].map { " \(use.rawValue) \($0 / 1_000)" }
            }.filter { !$0.hasSuffix(" 0") }.joined()
        }
        var lines = timing.stages.flatMap { stage in
            ["\(stage.name): \(stage.insideMilliseconds / 1_000) inside\(words(stage.waits))"]
                + stage.actions.map { "  \($0.place.name): \($0.totalMilliseconds / 1_000)\(words($0.uses))" }
        }
        lines.append("total \(timing.totalMilliseconds / 1_000), over \(timing.overMilliseconds / 1_000)")
        return lines.joined(separator: "\n")
    }

    private func gates() -> String {
        guard let state else { return "no gates yet" }
        return state.pipeline.stages.map { stage in
            let gate = state.gates[stage.name]!
            var parts: [String] = []
            if let reason = gate.inbound.disabledReason { parts.append("closed (\(reason))") }
            if let reason = gate.outbound.disabledReason { parts.append("exit closed (\(reason))") }
            if let inside = gate.inside { parts.append("\(name(of: inside)) inside") }
            if !gate.waiting.isEmpty {
                parts.append(gate.waiting.map { name(of: $0.execution) }.joined(separator: ", ") + " waiting")
            }
            return "\(stage.name): \(parts.isEmpty ? "free" : parts.joined(separator: ", "))"
        }.joined(separator: "\n")
    }

    /// Folds everything again: the pipeline's facts, and the facts of each execution alone (law 4).
    private func replay() -> String {
        var copy = PipelineState(declared, version: 1, limits: limits)
        var versions = [1: declared]
        for (fact, past) in facts {
            if case .declared(let pipeline, let version) = fact.event { versions[version] = pipeline }
            _ = try? copy.apply(fact, recalling: past)
        }
        guard copy == state ?? copy else { return "different" }
        for execution in executions {
            let pipeline = versions[execution.start.pipelineVersion]!
            guard (try? Execution.folding(journals[execution.id]!, of: pipeline)) == execution else {
                return "\(execution.id) is different by its own facts"
            }
        }
        return "the same"
    }
}

extension Effect {
    fileprivate var attempt: Attempt {
        switch self {
        case .run(let dispatch): dispatch.attempt
        case .cancel(let attempt): attempt
        case .awaitApproval(let request): request.attempt
        }
    }
}
