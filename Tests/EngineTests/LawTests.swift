import Dice
import Engine
import Pipelines
import Testing

@Suite("Laws of the state machines")
struct LawTests {
    @Test("random walks keep the laws, and when everything answers, everything ends", arguments: 0..<200)
    func walk(seed: Int) throws {
        var walk = Walk(seed: seed)
        for _ in 0..<250 { walk.step() }
        walk.finish()
        try walk.checkReplay()
    }

    @Test("a walk in which everything succeeds ends in success", arguments: 0..<50)
    func happy(seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        var pipeline = Pipeline.random(&dice, mode: .superseded)
        for index in pipeline.stages.indices { pipeline.stages[index].beforeEntry = nil }
        var (execution, pending) = Execution.entering(.plain, of: pipeline)
        var state = PipelineState(
            restoring: pipeline, version: 1, gates: [:], executions: [execution])
        var count = 0
        while let effect = pending.randomElement(using: &dice) {
            pending.removeAll { $0 == effect }
            count += 1
            let event: Event
            switch effect {
            case .run(let dispatch):
                let names = dispatch.action.outputArtifacts.map(\.name)
                let result = ActionResult(artifacts: Dictionary(names.map { ($0, "d") }) { $1 })
                event = .actionSucceeded(dispatch.attempt, result)
            case .awaitApproval(let request):
                event = .approvalAnswered(
                    request.attempt, ApprovalAnswer(token: request.token, status: .approved, summary: "", by: "a"))
            case .cancel: continue
            }
            let fact = PipelineFact(
                .execution(execution.id, event), at: Instant(milliseconds: 1), seed: dice.seed())
            let change = try state.apply(fact)
            execution = change.executions[0].after
            pending += change.effects
        }
        #expect(execution.status == .succeeded)
        let rules = pipeline.stages.compactMap(\.onSuccess).flatMap(\.conditions).flatMap(\.rules)
        #expect(count == pipeline.stages.reduce(0) { $0 + $1.actions.count } + rules.count)
    }

    @Test("ids are version 4 UUIDs and differ")
    func identifiers() throws {
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        let stages = (0..<4).map { stage in
            Stage(name: "S\(stage)", actions: (0..<100).map { Action(name: "A\($0)", type: type) })
        }
        var ids: Set<String> = []
        for (high, low) in [(-1, .min), (-1, .max), (0, 0)] as [(Int64, Int64)] {
            let seed = Seed(high: high, low: low)
            for stage in stages {
                let pipeline = Pipeline(name: "p", stages: [stage])
                let (execution, _) = Execution.entering(.plain, of: pipeline, seed: seed)
                for action in execution.stages[0].actions.values { ids.insert(action.id.text) }
            }
        }
        // The same seed gives the same ids, whatever they are for.
        #expect(ids.count == 300)
        for id in ids {
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
    }

    @Test("what one fact begins in several stages and executions has ids of its own")
    func derivedIdentifiers() throws {
        let rule = Rule(name: "R", type: ActionTypeID(category: "Rule", owner: "AWS", provider: "X", version: "1"))
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        var stages = (0..<3).map { Stage(name: "S\($0)", actions: [Action(name: "A", type: type)]) }
        stages[1].beforeEntry = StageConditions(conditions: [Condition(result: "FAIL", rules: [rule])])
        var state = PipelineState(Pipeline(name: "p", stages: stages, executionMode: .queued), version: 1)
        var attempts: [Attempt] = []
        func take(_ event: PipelineEvent) throws {
            let change = try state.apply(
                PipelineFact(event, at: Instant(milliseconds: 0), seed: Seed(high: 1, low: Int64(attempts.count))))
            for case .run(let dispatch) in change.effects { attempts.append(dispatch.attempt) }
        }
        var start = Start.plain
        for name in ["a", "b"] {
            start.execution = ExecutionID(name)
            try take(.started(start))
        }
        try take(.execution(ExecutionID("a"), .actionSucceeded(attempts[0], ActionResult())))
        #expect(attempts.map(\.description) == ["S0/A#1", "S0/A#1", "S1/beforeEntry/R#1"])
        #expect(Set(attempts.map(\.id)).count == 3)
    }

    @Test("the resolved configuration has a limit (VAR-7)")
    func configurationLimit() {
        let type = ActionTypeID(category: "Build", owner: "Custom", provider: "X", version: "1")
        let long = Action(name: "A", type: type, configuration: ["K": String(repeating: "#{variables.V}", count: 110)])
        let pipeline = Pipeline(
            name: "p", stages: [Stage(name: "S", actions: [long])],
            variables: [PipelineVariable(name: "V", defaultValue: String(repeating: "v", count: 1_000))])
        let (execution, effects) = Execution.entering(.plain, of: pipeline)
        #expect(effects.isEmpty)
        guard case .failed(let failure) = execution.stages[0].actions["A"]?.state else {
            Issue.record("it must fail")
            return
        }
        #expect(failure.message.contains("110001 bytes") && failure.message.contains("102400"))
    }
}

extension Start {
    static let plain = Start(
        execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none")
}

extension Execution {
    /// The first execution of a pipeline, in its first stage.
    static func entering(
        _ start: Start, of pipeline: Pipeline, seed: Seed = Seed(high: 1, low: 1)
    ) -> (execution: Execution, effects: [Effect]) {
        var state = PipelineState(pipeline, version: 1)
        let fact = PipelineFact(.started(start), at: Instant(milliseconds: 0), seed: seed)
        guard let change = try? state.apply(fact) else { preconditionFailure("nothing stands in the way of the first") }
        return (change.executions[0].after, change.effects)
    }
}
