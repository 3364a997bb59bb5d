import Engine
import Pipelines
import Testing

@Suite("Stubs in the engine")
struct StubTests {
    private let moment = Instant(milliseconds: 0)
    private let deploy = Action(
        name: "A", type: ActionTypeID(category: "Deploy", owner: "AWS", provider: "S3", version: "1"))
    private let ask = Action(name: "A", type: .manualApproval)

    private func start(_ action: Action, _ stub: Stub?) -> (execution: Execution, effects: [Effect]) {
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none",
            stubs: stub.map { ["S/A": $0, "T/A": .approval(.expires(afterSeconds: 1))] } ?? [:])
        let pipeline = Pipeline(name: "p", stages: [Stage(name: "S", actions: [action])])
        return Execution.entering(start, of: pipeline)
    }

    @Test("a stub travels with every dispatch of its action: again after a loss, and again when it is run anew (STP-5)")
    func travels() throws {
        let stub = ActionStub(.fails(ActionFailure(code: "JobFailed", message: "x")), delaySeconds: 3)
        var (execution, effects) = start(deploy, .action(stub))
        func dispatch() throws -> Dispatch {
            guard case .run(let dispatch) = try #require(effects.first) else { throw Unexpected() }
            return dispatch
        }
        #expect(try dispatch().stub == stub)
        effects = try execution.apply(
            Fact(.attemptLost(try dispatch().attempt, .coreEnded), at: moment, seed: Seed(high: 2, low: 1)))
        #expect(try dispatch().stub == stub && dispatch().attempt.number == 2)
        let abandon = StopRequest(kind: .abandon, reason: "", by: "")
        _ = try execution.apply(Fact(.stopRequested(abandon), at: moment, seed: Seed(high: 3, low: 1)))
        effects = try execution.apply(Fact(.resumed(by: ""), at: moment, seed: Seed(high: 4, low: 1)))
        #expect(try dispatch().stub == stub)
        #expect(start(deploy, nil).effects.count == 1)
    }

    private struct Unexpected: Error {}

    @Test("an action whose stub is of the wrong kind fails: it is never run for real")
    func wrongKind() {
        let approval = ApprovalStub.answers(.approved, summary: "", afterSeconds: 0)
        let succeeds = ActionStub(.succeeds(outputVariables: [:], files: [:]))
        for (execution, effects) in [start(deploy, .approval(approval)), start(ask, .action(succeeds))] {
            #expect(effects.isEmpty && execution.status == .failed(reason: "action S/A failed"))
        }
    }

    @Test(
        "an approval that expires does so in its own time, or sooner; never later (APR-2)",
        arguments: [(nil, 604_800), (60, 60), (0, 0), (1_000_000, 604_800)] as [(Int?, Int64)])
    func expiry(afterSeconds: Int?, seconds: Int64) throws {
        let stub = ApprovalStub.expires(afterSeconds: afterSeconds)
        var (execution, effects) = start(ask, .approval(stub))
        guard case .awaitApproval(let request) = try #require(effects.first) else { throw Unexpected() }
        let at = stub.moment(for: request, from: moment)
        #expect(request.stub == stub && at.milliseconds == seconds * 1_000)
        effects = try execution.apply(Fact(stub.event(for: request, at: at), at: at, seed: Seed(high: 2, low: 1)))
        #expect(execution.status == .failed(reason: "action S/A failed"))
    }
}
