import Dice
import Engine
import Pipelines

extension World {
    /// The next thing that plugins, reviewers or operators of a pipeline say.
    mutating func event(_ line: Int) -> PipelineEvent {
        for _ in 0..<20 {
            switch dice.number(0...99) {
            case 0...7: return .started(start(line))
            case 8...14: return transition(line)
            case 15...17: if let rollback = rollback(line) { return rollback }
            case 18...25: if let order = order(line) { return order }
            case 26...40: if let answer = review(line) { return answer }
            default: if let word = work(line) { return word }
            }
        }
        return .started(start(line))
    }

    private mutating func start(_ line: Int) -> Start {
        let stage = dice.pick(lines[line].laws.pipeline.stages)!.name
        return Start(
            execution: nextExecution(), pipelineVersion: lines[line].laws.version,
            trigger: .init(type: "StartPipelineExecution", detail: "ann"),
            variables: dice.isOne(of: 2) ? ["level": "2"] : [:], stopAfterStage: dice.isOne(of: 20) ? stage : nil,
            sandbox: "none")
    }

    private mutating func transition(_ line: Int) -> PipelineEvent {
        let stage = dice.pick(lines[line].laws.pipeline.stages)!.name
        return .transitionChanged(
            TransitionChange(
                stage: stage, side: dice.pick(TransitionChange.Side.allCases)!,
                disabledReason: dice.isOne(of: 3) ? "freeze" : nil, by: "ann"))
    }

    private mutating func rollback(_ line: Int) -> PipelineEvent? {
        let stage = dice.pick(lines[line].laws.pipeline.stages)!.name
        let targets = lines[line].laws.latest.values.sorted { $0.id.text < $1.id.text }
        guard let target = dice.pick(targets.suffix(8)),
            let rollback = try? lines[line].state.rollback(of: stage, to: target)
        else { return nil }
        var start = start(line)
        (start.rollback, start.trigger.type, start.stopAfterStage) = (rollback, "ManualRollback", nil)
        return .started(start)
    }

    /// What an operator says of one execution.
    private mutating func order(_ line: Int) -> PipelineEvent? {
        guard let id = someExecution(of: line), let execution = lines[line].laws.latest[id] else { return nil }
        let stage =
            execution.stages.isEmpty || dice.isOne(of: 10)
            ? dice.pick(lines[line].laws.pipeline.stages)!.name
            : execution.pipeline.stages[execution.stages.count - 1].name
        let event: Event
        switch dice.number(0...11) {
        case 0: event = .stopRequested(StopRequest(kind: .wait, reason: "enough", by: "ann"))
        case 1: event = .stopRequested(StopRequest(kind: .abandon, reason: "enough", by: "ann"))
        case 2: event = .resumed(by: "ann")
        case 3...7:
            event = .stageRetried(
                StageRetry(stage: stage, mode: dice.pick(StageRetry.Mode.allCases)!, by: "ann"))
        case 8...9:
            event = .conditionOverridden(
                ConditionOverride(stage: stage, condition: dice.pick(ConditionKind.allCases)!, by: "ann"))
        case 10: event = .stageEntered(stage)
        default: event = .superseded(by: id)
        }
        return .execution(id, event)
    }
}

extension Line {
    // MARK: Plugins

    /// What a plugin at work says next, now or later, once or twice; or what arrives late.
    mutating func work(_ dice: inout Dice) -> PipelineEvent? {
        if !mail.isEmpty, dice.isOne(of: 2) {
            let index = dice.number(0...mail.count - 1)
            return dice.isOne(of: 6) ? mail[index] : mail.remove(at: index)
        }
        guard let dispatch = dice.pick(outside.jobs) else { return nil }
        let attempt = dispatch.attempt
        let (event, isEnd) = word(of: dispatch, &dice)
        if isEnd { outside.end(attempt) }
        guard dice.isOne(of: 3) else {
            if dice.isOne(of: 8) { mail.append(.execution(attempt.execution, event)) }
            return .execution(attempt.execution, event)
        }
        mail.append(.execution(attempt.execution, event))
        return nil
    }

    private func word(of dispatch: Dispatch, _ dice: inout Dice) -> (event: Event, isEnd: Bool) {
        let attempt = dispatch.attempt
        switch dice.number(0...19) {
        case 0...2: return (.actionFailed(attempt, ActionFailure(code: "JobFailed", message: "no")), true)
        case 3:
            let external = ExternalExecution(id: "x", percentComplete: 50)
            return (.actionProgressed(attempt, external), false)
        case 4...5:
            let moment = Instant(milliseconds: 1_700_000_000_000)
            return (.actionContinues(attempt, Continuation(token: "more", notBefore: moment)), true)
        case 6...7: return (.attemptLost(attempt, .unavailable("no process")), true)
        default: return (.actionSucceeded(attempt, .success(of: dispatch)), true)
        }
    }

    /// What earlier processes' plugins had to say is lost, or comes too late.
    mutating func loseMail(_ dice: inout Dice) { mail = mail.filter { _ in dice.isOne(of: 2) } }

    // MARK: Reviewers

    mutating func review(_ dice: inout Dice, _ now: Instant) -> PipelineEvent? {
        guard let request = dice.pick(outside.requests) else { return nil }
        let attempt = request.attempt
        if dice.isOne(of: 4) || now >= request.expires {
            return .execution(attempt.execution, .approvalExpired(attempt))
        }
        if dice.isOne(of: 10) { outside.forget(request) }
        let answer = ApprovalAnswer(
            token: dice.isOne(of: 10) ? "?" : request.token, status: dice.isOne(of: 4) ? .rejected : .approved,
            summary: "", by: "bob")
        return .execution(attempt.execution, .approvalAnswered(attempt, answer))
    }

    // MARK: What is to be expected

    /// Whether a word about an attempt has to be taken; nil where that is not so plain.
    func expectation(of event: PipelineEvent, at now: Instant) -> Bool? {
        guard case .execution(let id, let event) = event else { return nil }
        switch event {
        case .actionProgressed(let attempt, _), .actionSucceeded(let attempt, _), .actionContinues(let attempt, _),
            .actionFailed(let attempt, _), .attemptLost(let attempt, _):
            return isOpen(attempt)
        case .approvalAnswered(let attempt, let answer):
            let request = laws.latest[id]?.pendingApprovals.first { $0.attempt == attempt }
            return request != nil && request?.token == answer.token
        case .approvalExpired(let attempt):
            let request = laws.latest[id]?.pendingApprovals.first { $0.attempt == attempt }
            return request.map { now >= $0.expires } ?? false
        case .stageEntered, .superseded, .started: return false
        case .stopRequested, .resumed, .cancelled, .stageRetried, .conditionOverridden: return nil
        }
    }

    private func isOpen(_ attempt: Attempt) -> Bool { laws.open[attempt.execution]?.contains(attempt) == true }

    // MARK: The end

    var openAttempts: [Attempt] { laws.open.values.flatMap { $0 }.sorted { $0.sortKey < $1.sortKey } }

    func goodAnswer(to attempt: Attempt) -> PipelineEvent {
        let execution = laws.latest[attempt.execution]!
        if let request = execution.pendingApprovals.first(where: { $0.attempt == attempt }) {
            let answer = ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "bob")
            return .execution(execution.id, .approvalAnswered(attempt, answer))
        }
        let dispatch = execution.runningDispatches.first { $0.attempt == attempt }!
        return .execution(execution.id, .actionSucceeded(attempt, .success(of: dispatch)))
    }
}

extension ActionResult {
    /// Everything that is declared, under a digest that names its maker.
    fileprivate static func success(of dispatch: Dispatch) -> ActionResult {
        let names = dispatch.action.outputArtifacts.map(\.name)
        let artifacts = names.map { ($0, "\($0) of \(dispatch.attempt.id)#\(dispatch.attempt.number)") }
        return ActionResult(
            outputVariables: ["commit": dispatch.attempt.id.text], artifacts: Dictionary(artifacts) { $1 },
            revision: dispatch.action.type.category == "Source" ? Revision(id: dispatch.attempt.id.text) : nil)
    }
}
