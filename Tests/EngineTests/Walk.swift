import Dice
import Engine
import Pipelines
import Testing

extension Dice {
    mutating func seed() -> Seed { Seed(high: Int64(bitPattern: next()), low: Int64(bitPattern: next())) }
}

/// A pipeline to which anything happens, likely or not, with the laws looked at after each step.
struct Walk {
    private(set) var state: PipelineState
    /// Of every execution that ever was, as it is now.
    private(set) var executions: [ExecutionID: Execution] = [:]
    var dice: Dice
    private let first: Pipeline
    private var versions: [Int: Pipeline]
    private var facts: [(fact: PipelineFact, past: Execution?)] = []
    private var journals: [ExecutionID: [Fact]] = [:]
    private var asked: [Attempt] = []
    private var tokens: [Attempt: String] = [:]
    private var clock: Int64 = 0
    private var wasParallel: Bool

    init(seed: Int) {
        dice = Dice(state: UInt64(seed))
        first = .random(&dice, mode: ExecutionMode.allCases.randomElement(using: &dice)!)
        versions = [1: first]
        wasParallel = first.executionMode == .parallel
        state = PipelineState(
            first, version: 1, limits: PipelineLimits(concurrentExecutions: 4, concurrentActions: 2, waitingDays: 30))
    }

    // MARK: What happens

    mutating func step() {
        clock += Int64(dice.number(0...2_000_000))
        take(event())
    }

    /// Everything is let through and answered well, until nothing is left.
    mutating func finish() {
        for stage in state.pipeline.stages {
            for side in TransitionChange.Side.allCases {
                take(.transitionChanged(TransitionChange(stage: stage.name, side: side, disabledReason: nil, by: "")))
            }
        }
        for _ in 0..<2_000 {
            guard let execution = state.executions.values.max(by: { $0.id.text < $1.id.text }) else { break }
            if let dispatch = execution.runningDispatches.first {
                take(.execution(execution.id, .actionSucceeded(dispatch.attempt, result(dispatch.attempt))))
            } else if let request = execution.pendingApprovals.first {
                let answer = ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "")
                take(.execution(execution.id, .approvalAnswered(request.attempt, answer)))
            } else {
                let others = state.executions.values.flatMap(\.runningDispatches)
                guard let attempt = others.map(\.attempt).first else {
                    answerAnyApproval()
                    continue
                }
                take(.execution(attempt.execution, .actionSucceeded(attempt, result(attempt))))
            }
        }
        #expect(state.executions.isEmpty, "when everything answers, everything ends (law 5)")
        #expect(state.gates.values.allSatisfy { $0.inside == nil && $0.waiting.isEmpty })
    }

    private mutating func answerAnyApproval() {
        guard let request = state.executions.values.flatMap(\.pendingApprovals).first else { return }
        let answer = ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "")
        take(.execution(request.attempt.execution, .approvalAnswered(request.attempt, answer)))
    }

    private mutating func event() -> PipelineEvent {
        let stage = state.pipeline.stages.randomElement(using: &dice)!.name
        switch dice.number(0...99) {
        case 0...5: return .started(start())
        case 6...11:
            let change = TransitionChange(
                stage: stage, side: dice.isOne(of: 2) ? .inbound : .outbound,
                disabledReason: dice.isOne(of: 3) ? "x" : nil, by: "")
            return .transitionChanged(change)
        case 12 where dice.isOne(of: 3):
            let mode = ExecutionMode.allCases.randomElement(using: &dice)!
            return .declared(.random(&dice, mode: mode), version: state.version + 1)
        case 13...14:
            if let target = executions.values.sorted(by: { $0.id.text < $1.id.text }).randomElement(using: &dice),
                let rollback = try? state.rollback(of: stage, to: target)
            {
                var start = start()
                (start.rollback, start.trigger.type) = (rollback, "ManualRollback")
                return .started(start)
            }
        default: break
        }
        guard let execution = someExecution() else { return .started(start()) }
        return .execution(execution.id, event(of: execution, stage))
    }

    private mutating func start() -> Start {
        Start(
            execution: ExecutionID("e\(1_000 + facts.count)"), pipelineVersion: state.version,
            trigger: .init(type: "t", detail: ""), sandbox: "none")
    }

    /// Mostly one that is not over.
    private mutating func someExecution() -> Execution? {
        let all = (dice.isOne(of: 8) ? executions : state.executions).values.sorted { $0.id.text < $1.id.text }
        return all.randomElement(using: &dice)
    }

    /// Any event about any attempt that was ever handed out, mostly about one that runs.
    private mutating func event(of execution: Execution, _ stage: String) -> Event {
        let open = execution.runningDispatches.map(\.attempt) + execution.pendingApprovals.map(\.attempt)
        let past = asked.filter { $0.execution == execution.id }
        let attempt = (dice.isOne(of: 5) ? past : open).randomElement(using: &dice)
        let name = execution.stages.isEmpty ? stage : execution.pipeline.stages[execution.stages.count - 1].name
        switch (dice.number(0...49), attempt) {
        case (0, _): return .stopRequested(StopRequest(kind: .wait, reason: "", by: ""))
        case (1, _): return .stopRequested(StopRequest(kind: .abandon, reason: "", by: ""))
        case (2, _): return .resumed(by: "")
        case (3...6, _), (_, nil):
            return .stageRetried(
                StageRetry(stage: name, mode: StageRetry.Mode.allCases.randomElement(using: &dice)!, by: ""))
        case (7...8, _):
            let kind = ConditionKind.allCases.randomElement(using: &dice)!
            return .conditionOverridden(ConditionOverride(stage: name, condition: kind, by: ""))
        case (9, _): return .stageEntered(stage)
        case (10, let attempt?): return .attemptLost(attempt, .coreEnded)
        case (11, let attempt?): return .attemptLost(attempt, .unavailable("x"))
        case (12, let attempt?): return .approvalExpired(attempt)
        case (13...14, let attempt?):
            return .actionContinues(attempt, Continuation(token: "t", notBefore: Instant(milliseconds: 0)))
        case (15, let attempt?): return .actionProgressed(attempt, ExternalExecution(summary: "x"))
        case (16...21, let attempt?): return .actionFailed(attempt, ActionFailure(code: "JobFailed", message: "x"))
        case (22...32, let attempt?):
            let status: ApprovalAnswer.Status = dice.isOne(of: 4) ? .rejected : .approved
            return .approvalAnswered(
                attempt, ApprovalAnswer(token: tokens[attempt] ?? "?", status: status, summary: "", by: ""))
        case (_, let attempt?): return .actionSucceeded(attempt, result(attempt))
        }
    }

    private func result(_ attempt: Attempt) -> ActionResult {
        let name = attempt.stage + attempt.action
        return ActionResult(artifacts: attempt.condition == nil ? [name: "\(attempt.execution)/\(name)"] : [:])
    }

    private mutating func take(_ event: PipelineEvent) {
        let before = state
        let fact = PipelineFact(event, at: Instant(milliseconds: clock), seed: dice.seed())
        var past: Execution?
        if case .execution(let id, _) = event, before.executions[id] == nil { past = executions[id] }
        do {
            let change = try state.apply(fact, recalling: past)
            facts.append((fact, past))
            note(change, before)
        } catch {
            #expect(state == before, "a refusal changes nothing")
        }
        if case .declared(let pipeline, let version) = event {
            versions[version] = pipeline
            wasParallel = wasParallel || pipeline.executionMode == .parallel
        }
        checkState()
    }

    // MARK: The laws

    private mutating func note(_ change: PipelineChange, _ before: PipelineState) {
        for effect in change.effects {
            let attempt: Attempt
            switch effect {
            case .run(let dispatch): attempt = dispatch.attempt
            case .awaitApproval(let request):
                attempt = request.attempt
                tokens[attempt] = request.token
            case .cancel(let cancelled):
                #expect(asked.contains(cancelled), "only what was asked for is cancelled")
                continue
            }
            #expect(!asked.contains(attempt), "an attempt is asked for once")
            asked.append(attempt)
        }
        for change in change.executions {
            #expect(change.before == executions[change.after.id], "what it was before is what was told last")
            checkEnd(change)
            for case .stageEntered(let stage) in change.facts.map(\.event) {
                checkEntry(of: change.after, stage, before)
            }
            executions[change.after.id] = change.after
            journals[change.after.id, default: []] += change.facts
        }
    }

    /// Law 5: what is over stays over, but for what is run again.
    private func checkEnd(_ change: ExecutionChange) {
        guard let before = change.before, before.status.isOver else { return }
        switch (before.status, change.facts[0].event) {
        case (.stopped, .resumed), (.stopped, .stageRetried), (.failed, .stageRetried): break
        default: Issue.record("\(before.status) accepted \(change.facts[0].event)")
        }
    }

    private func checkEntry(of execution: Execution, _ stage: String, _ before: PipelineState) {
        guard execution.start.rollback == nil, let gate = state.gates[stage] else { return }
        #expect(gate.inbound.isEnabled, "nothing enters past a disabled transition (TRN-2)")
        if let index = state.pipeline.stages.firstIndex(where: { $0.name == stage }), index > 0 {
            #expect(state.gates[state.pipeline.stages[index - 1].name]!.outbound.isEnabled)
        }
        guard state.pipeline.executionMode == .queued, let waited = before.gates[stage]?.waiting else { return }
        let ahead = waited.prefix { $0.execution != execution.id }
        #expect(ahead.allSatisfy { !gate.waiting.contains($0) }, "nothing is overtaken (EXE-9)")
    }

    private func checkState() {
        let mode = state.pipeline.executionMode
        for (name, gate) in state.gates {
            let inside = state.executions.values.filter { $0.stageInside == name }
            if mode != .parallel, !wasParallel {
                #expect(inside.count <= 1, "at most one is inside a stage (EXE-5)")
            }
            if mode != .parallel { #expect(inside.isEmpty == (gate.inside == nil), "the gate knows who is inside") }
            if mode == .superseded { #expect(gate.waiting.count <= 1, "only the newest waits (EXE-6)") }
            for arrival in gate.waiting { #expect(state.executions[arrival.execution]?.awaitedStage != nil) }
            let index = state.pipeline.stages.firstIndex { $0.name == name }!
            let exit = index == 0 || state.gates[state.pipeline.stages[index - 1].name]!.outbound.isEnabled
            if gate.inbound.isEnabled, exit, mode == .parallel || gate.inside == nil {
                #expect(gate.waiting.isEmpty, "nobody waits for nothing")
            }
        }
        for execution in state.executions.values { check(execution) }
    }

    private func check(_ execution: Execution) {
        #expect(!execution.status.isOver)
        let waits = state.gates.values.contains { $0.waiting.contains { $0.execution == execution.id } }
        let open = execution.runningDispatches.map(\.attempt) + execution.pendingApprovals.map(\.attempt)
        #expect(
            waits == (execution.awaitedStage != nil) && waits == open.isEmpty, "who is not over waits for something")
        if let limit = execution.start.actionLimit {
            #expect(open.count { $0.condition == nil } <= limit, "EXE-10")
        }
        for dispatch in execution.runningDispatches {
            #expect(dispatch.action.inputArtifacts.allSatisfy { dispatch.inputs[$0] != nil }, "inputs exist (ACT-11)")
        }
        for index in execution.stages.indices.dropLast() {
            let status = execution.status(ofStage: index)
            #expect(status == .succeeded || status == .skipped, "a later stage is entered only after success (STR-5)")
        }
        guard let last = execution.stages.indices.last else { return }
        let (stage, declared) = (execution.stages[last], execution.pipeline.stages[last].actions)
        for action in declared where stage.actions[action.name]?.state.isOver == false {
            for earlier in declared where earlier.runOrder < action.runOrder {
                guard case .succeeded = stage.actions[earlier.name]?.state else {
                    Issue.record("\(action.name) runs before \(earlier.name) has succeeded (ACT-3)")
                    continue
                }
            }
        }
    }

    /// Law 4: the facts of the pipeline, and those of each execution alone, tell the same again.
    func checkReplay() throws {
        var copy = PipelineState(first, version: 1, limits: state.limits)
        for (fact, past) in facts { _ = try copy.apply(fact, recalling: past) }
        #expect(copy == state)
        for (id, execution) in executions {
            let pipeline = versions[execution.start.pipelineVersion]!
            let journal = journals[id]!
            #expect(try Execution.folding(journal, of: pipeline) == execution, "\(id) by its own facts")
            let jobs = try Execution.jobs(of: pipeline, journal: journal)
            #expect(jobs.map(\.dispatch.attempt) == asked.filter { $0.execution == id && tokens[$0] == nil })
            try checkTiming(of: journal, pipeline)
        }
    }

    /// Every millisecond of an execution went into something, and into one thing.
    private func checkTiming(of journal: [Fact], _ pipeline: Pipeline) throws {
        let (first, last) = (journal[0].at.milliseconds, journal.last!.at.milliseconds)
        let timing = try Timing(of: pipeline, journal: journal, until: journal.last!.at)!
        #expect(timing.totalMilliseconds == last - first)
        for stage in timing.stages {
            #expect(stage.waits.keys.allSatisfy { $0 == .lock || $0 == .transition })
            for action in stage.actions {
                #expect(action.totalMilliseconds <= last - first)
                #expect(action.uses.values.allSatisfy { $0 > 0 })
            }
        }
        // What is over has all the time from its beginning to its end, and that in which there was no room for it.
        for action in try Execution.recollection(of: journal, pipeline)!.actions where action.execution.state.isOver {
            let row = timing.stages.flatMap(\.actions).first { $0.id == action.execution.id }!
            let span = action.execution.updatedAt.milliseconds - action.execution.startedAt.milliseconds
            #expect(row.totalMilliseconds == span + (row.uses[.slot] ?? 0))
        }
    }
}

extension Execution {
    fileprivate var stageInside: String? {
        status.isOver || awaitedStage != nil ? nil : pipeline.stages[stages.count - 1].name
    }
}
