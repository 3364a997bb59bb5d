import Engine
import Pipelines
import Testing

@Suite("What is kept")
struct RetentionTests {
    private static let day: Int64 = 86_400_000
    private static let now = Instant(milliseconds: 1_000 * day)

    /// The newest has the highest number, and is as many days old as it is behind ten.
    private func holding(
        _ number: Int, _ pipeline: String = "shop", isOver: Bool = true, artifacts: Set<String> = [],
        succeededIn stages: [String] = []
    ) -> Holding {
        Holding(
            id: ExecutionID("\(pipeline)-\(number)"), pipeline: pipeline, isOver: isOver,
            updatedAt: Self.now.adding(seconds: -(10 - number) * 86_400), ordinal: Int64(number), artifacts: artifacts,
            succeededIn: stages)
    }

    private func excess(
        _ policy: RetentionPolicy, _ holdings: [Holding], gates: [Gate] = [], sizes: HoldingSizes = HoldingSizes()
    ) -> [String] {
        policy.excess(among: holdings, gates: gates, sizes: sizes, at: Self.now).map(\.id.text)
    }

    private func policy(_ each: Retention) -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.each = each
        return policy
    }

    @Test("without limits everything is kept")
    func unlimited() {
        #expect(excess(RetentionPolicy(), (1...10).map { holding($0) }) == [])
    }

    @Test("by age, by count, and what exceeds one of them goes, the newest first")
    func limits() {
        let all = (1...10).map { holding($0) }
        #expect(excess(policy(Retention(days: 7)), all) == ["shop-2", "shop-1"])
        #expect(excess(policy(Retention(executions: 8)), all) == ["shop-2", "shop-1"])
        #expect(excess(policy(Retention(days: 7, executions: 9)), all) == ["shop-2", "shop-1"])
        #expect(excess(policy(Retention(days: 9, executions: 7)), all) == ["shop-3", "shop-2", "shop-1"])
    }

    @Test("by bytes of logs and artifacts, of which one that several have counts once, and a history has no holes")
    func bytes() {
        let all = (1...5).map { holding($0, artifacts: ["shared", "own-\($0)"]) }
        var sizes = HoldingSizes()
        sizes.artifacts = ["shared": 100, "own-5": 10, "own-4": 10, "own-3": 1_000, "own-2": 1, "own-1": 1]
        sizes.logs = [ExecutionID("shop-5"): 5]
        #expect(excess(policy(Retention(bytes: 125)), all, sizes: sizes) == ["shop-3", "shop-2", "shop-1"])
        #expect(excess(policy(Retention(bytes: 124)), all, sizes: sizes) == ["shop-4", "shop-3", "shop-2", "shop-1"])
        #expect(excess(policy(Retention(bytes: 1_127)), all, sizes: sizes) == [])
    }

    @Test("whatever the limits: what runs, the newest, and the last two that succeeded in each stage stay")
    func safe() {
        let all = [
            holding(1, succeededIn: ["Build", "Ship"]), holding(2, succeededIn: ["Build"]),
            holding(3, succeededIn: ["Build", "Ship"]), holding(4, isOver: false), holding(5), holding(6),
        ]
        #expect(excess(policy(Retention(days: 1, executions: 1, bytes: 1)), all) == ["shop-5"])
        let more = all + [holding(7, succeededIn: ["Build", "Ship"]), holding(8)]
        #expect(excess(policy(Retention(executions: 1)), more) == ["shop-6", "shop-5", "shop-2", "shop-1"])
    }

    @Test("whom a gate knows stays: the last that entered may be retried, the last success be gone back to (RBK-5)")
    func gates() throws {
        var state = PipelineState(
            .init(
                name: "shop",
                stages: [
                    .init(
                        name: "Source",
                        actions: [
                            .init(
                                name: "Fetch",
                                type: .init(category: "Source", owner: "Custom", provider: "X", version: "1"))
                        ]), .init(name: "Gate", actions: [.init(name: "Ok", type: .manualApproval)]),
                ]), version: 1)
        let start = Start(
            execution: ExecutionID("shop-1"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none"
        )
        let seed = Seed(high: 1, low: 1)
        _ = try state.apply(PipelineFact(.started(start), at: Self.now, seed: seed))
        let holdings = [holding(1), holding(2), holding(3)]
        #expect(excess(policy(Retention(executions: 1)), holdings) == ["shop-2", "shop-1"])
        #expect(excess(policy(Retention(executions: 1)), holdings, gates: Array(state.gates.values)) == ["shop-2"])
    }

    @Test("one pipeline may have limits of its own, and all together others")
    func scopes() {
        var policy = policy(Retention(executions: 2))
        policy.pipelines = ["docs": Retention(executions: 4)]
        let all = [holding(1), holding(3), holding(5)] + [2, 4, 6, 8, 10].map { holding($0, "docs") }
        #expect(excess(policy, all) == ["docs-2", "shop-1"])
        policy.all = Retention(executions: 3)
        #expect(excess(policy, all) == ["docs-4", "shop-3", "docs-2", "shop-1"])
        policy = RetentionPolicy()
        policy.all = Retention(days: 3)
        #expect(excess(policy, all) == ["docs-6", "docs-4", "shop-3", "docs-2", "shop-1"])
    }
}
