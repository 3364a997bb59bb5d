import Engine
import Pipelines
import Testing

/// SplitMix64, so that a failing walk can be walked again.
private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

@Suite("Laws of the state machine")
struct LawTests {
    /// 1 to 4 stages of 1 to 4 actions in up to 3 run orders; every sixth is an approval.
    private func randomPipeline(_ dice: inout Dice) -> Pipeline {
        let stages = (0..<Int.random(in: 1...4, using: &dice)).map { stage in
            Stage(
                name: "S\(stage)",
                actions: (0..<Int.random(in: 1...4, using: &dice)).map { index in
                    let custom = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
                    return Action(
                        name: "A\(index)", type: Int.random(in: 0..<6, using: &dice) == 0 ? .manualApproval : custom,
                        runOrder: Int.random(in: 1...3, using: &dice))
                })
        }
        return Pipeline(name: "p", stages: stages)
    }

    /// Any event about any attempt that was ever handed out, likely or not.
    private func randomEvent(_ seen: [Attempt], _ tokens: [Attempt: String], _ dice: inout Dice) -> Event {
        let attempt = seen.randomElement(using: &dice)!
        switch Int.random(in: 0..<40, using: &dice) {
        case 0: return .stopRequested(StopRequest(kind: .wait, reason: "", by: ""))
        case 1: return .stopRequested(StopRequest(kind: .abandon, reason: "", by: ""))
        case 2: return .resumed(by: "")
        case 3: return .attemptLost(attempt, .coreEnded)
        case 4: return .attemptLost(attempt, .unavailable("x"))
        case 5: return .approvalExpired(attempt)
        case 6...8: return .actionContinues(attempt, Continuation(token: "t", notBefore: Instant(milliseconds: 0)))
        case 9...10: return .actionProgressed(attempt, ExternalExecution(summary: "x"))
        case 11...13: return .actionFailed(attempt, ActionFailure(code: "JobFailed", message: "x"))
        case 14...24:
            let status: ApprovalAnswer.Status = Bool.random(using: &dice) ? .approved : .rejected
            return .approvalAnswered(
                attempt, ApprovalAnswer(token: tokens[attempt] ?? "?", status: status, summary: "", by: ""))
        default: return .actionSucceeded(attempt, ActionResult())
        }
    }

    @Test("random walks keep the laws", arguments: 0..<300)
    func walk(seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        let pipeline = randomPipeline(&dice)
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
        let first = Fact(.started(start), at: Instant(milliseconds: 0), seed: Seed(high: dice.nextSigned(), low: 1))
        var (execution, effects) = Execution.starting(start, of: pipeline, at: first.at, seed: first.seed)
        var facts: [Fact] = []
        var asked: [Attempt] = []
        var tokens: [Attempt: String] = [:]
        for step in 0..<400 {
            for effect in effects {
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
            checkInvariants(execution, pipeline)
            let fact = Fact(
                randomEvent(asked, tokens, &dice), at: Instant(milliseconds: Int64(step) * 1_000_000_000),
                seed: Seed(high: dice.nextSigned(), low: 1))
            let before = execution
            do {
                effects = try execution.apply(fact)
                facts.append(fact)
                if before.status.isOver {
                    // Law 5: what is over stays over, but for a stopped execution that is resumed.
                    guard case .resumed = fact.event, case .stopped = before.status else {
                        Issue.record("\(before.status) accepted \(fact.event)")
                        return
                    }
                }
            } catch {
                #expect(execution == before, "a refusal changes nothing")
                effects = []
            }
            if execution.status.isOver {
                #expect(execution.runningDispatches.isEmpty && execution.pendingApprovals.isEmpty)
            }
        }
        // Law 4: folding the facts again gives the same value.
        var replayed = Execution.starting(start, of: pipeline, at: first.at, seed: first.seed).execution
        for fact in facts { _ = try replayed.apply(fact) }
        #expect(replayed == execution)
        let jobs = try Execution.jobs(of: pipeline, journal: [first] + facts)
        for case .run(let dispatch) in effects { asked.append(dispatch.attempt) }
        #expect(jobs.map(\.dispatch.attempt) == asked.filter { tokens[$0] == nil }, "the journal tells every job")
        for job in jobs where job.end != nil {
            #expect(facts.contains { $0.event == job.end }, "what ended it was accepted")
        }
        let running = Set(execution.runningDispatches.map(\.attempt))
        #expect(jobs.allSatisfy { $0.end == nil || !running.contains($0.dispatch.attempt) })
    }

    private func checkInvariants(_ execution: Execution, _ pipeline: Pipeline) {
        for index in execution.stages.indices.dropLast() {
            #expect(
                execution.status(ofStage: index) == .succeeded, "a later stage is entered only after success (STR-5)")
        }
        guard let last = execution.stages.indices.last else { return }
        let actions = pipeline.stages[last].actions
        let open = actions.filter { execution.stages[last][$0.name]?.state.isOver == false }
        for action in open {
            for earlier in actions where earlier.runOrder < action.runOrder {
                guard case .succeeded = execution.stages[last][earlier.name]?.state else {
                    Issue.record("\(action.name) runs before \(earlier.name) has succeeded (ACT-3)")
                    continue
                }
            }
            for peer in actions where peer.runOrder == action.runOrder {
                #expect(execution.stages[last][peer.name] != nil, "a group is admitted whole (ACT-4)")
            }
        }
        #expect(execution.status.isOver || !open.isEmpty, "an execution in progress waits for something")
    }

    @Test("a walk in which everything succeeds ends in success", arguments: 0..<50)
    func happy(seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        let pipeline = randomPipeline(&dice)
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
        var (execution, pending) = Execution.starting(
            start, of: pipeline, at: Instant(milliseconds: 0), seed: Seed(high: 1, low: 2))
        var count = 0
        while let effect = pending.randomElement(using: &dice) {
            pending.removeAll { $0 == effect }
            count += 1
            let event: Event
            switch effect {
            case .run(let dispatch): event = .actionSucceeded(dispatch.attempt, ActionResult())
            case .awaitApproval(let request):
                event = .approvalAnswered(
                    request.attempt, ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "a"))
            case .cancel: continue
            }
            pending += try execution.apply(
                Fact(event, at: Instant(milliseconds: 1), seed: Seed(high: Int64(count), low: dice.nextSigned())))
        }
        #expect(execution.status == .succeeded)
        #expect(count == pipeline.stages.reduce(0) { $0 + $1.actions.count })
    }

    @Test("ids are version 4 UUIDs and differ")
    func identifiers() throws {
        let actions = (0..<100).map {
            Action(name: "A\($0)", type: ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1"))
        }
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
        let pipeline = Pipeline(name: "p", stages: [Stage(name: "S", actions: actions)])
        let (execution, _) = Execution.starting(
            start, of: pipeline, at: Instant(milliseconds: 0), seed: Seed(high: -1, low: .min))
        let ids = Set(execution.stages[0].values.map(\.id.text))
        #expect(ids.count == 100)
        for id in ids {
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }

    @Test("the resolved configuration has a limit (VAR-7)")
    func configurationLimit() {
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        let long = Action(name: "A", type: type, configuration: ["K": String(repeating: "#{variables.V}", count: 110)])
        let pipeline = Pipeline(
            name: "p", stages: [Stage(name: "S", actions: [long])],
            variables: [PipelineVariable(name: "V", defaultValue: String(repeating: "v", count: 1_000))])
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
        let (execution, effects) = Execution.starting(
            start, of: pipeline, at: Instant(milliseconds: 0), seed: Seed(high: 1, low: 1))
        #expect(effects.isEmpty)
        guard case .failed(let failure) = execution.stages[0]["A"]?.state else {
            Issue.record("it must fail")
            return
        }
        #expect(failure.message.contains("110001 bytes") && failure.message.contains("102400"))
    }
}

extension Dice {
    fileprivate mutating func nextSigned() -> Int64 { Int64(bitPattern: next()) }
}
