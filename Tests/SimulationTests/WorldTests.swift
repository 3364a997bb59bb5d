import Foundation
import Testing

/// Engine, driver and store as they are, with a simulated clock, simulated plugins, reviewers and operators, and faults.
///
/// `PENSTOCK_SEED=17` walks one seed, `PENSTOCK_SOAK_MINUTES=10` walks new ones until the time is over.
@Suite("The whole engine, simulated")
struct WorldTests {
    private static let stepsOfASeed = 500
    private static let environment = ProcessInfo.processInfo.environment

    /// With the other tests 200 walks, so 100,000 steps.
    static let seeds: [Int] = environment["PENSTOCK_SEED"].flatMap { Int($0) }.map { [$0] } ?? Array(0..<182)

    @Test("whatever happens, the laws hold, and when faults stop, everything ends", arguments: seeds)
    func simulation(seed: Int) async throws { try await Self.walk(seed) }

    @Test("a seed tells the same story again", arguments: 0..<3)
    func again(seed: Int) async throws {
        let (first, second) = (try await Self.walk(seed), try await Self.walk(seed))
        #expect(first.digest == second.digest)
    }

    @Test("whatever may happen does")
    func coverage() async throws {
        var seen: Set<String> = []
        for seed in 1_000..<1_012 { seen.formUnion(try await Self.walk(seed).seen) }
        #expect(Self.wanted.subtracting(seen) == [])
    }

    private static let wanted: Set<String> = [
        "writeFails", "killedBefore", "killedAfter", "killedPerforming", "trigger AutomatedRollback",
        "trigger ManualRollback", "AutomatedStageRetry", "ManualStageRetry", "fact actionContinues",
        "fact actionProgressed", "fact approvalExpired", "fact cancelled", "fact conditionOverridden", "fact resumed",
        "fact stopRequested", "execution Cancelled", "execution Failed", "execution Stopped", "execution Succeeded",
        "execution Superseded", "stage skipped", "stage stopped", "beforeEntry Overridden", "beforeEntry Failed",
        "onSuccess Failed", "onFailure Succeeded", "refused attemptIsOver", "refused approvalIsOver",
        "refused wrongApprovalToken", "refused tooManyExecutions", "refused retryConflict",
        "refused notLatestExecution", "refused stageNotRetryable",
    ]

    @Test("new seeds for as long as it is told", .enabled(if: environment["PENSTOCK_SOAK_MINUTES"] != nil))
    func soak() async throws {
        let minutes = try #require(Double(Self.environment["PENSTOCK_SOAK_MINUTES"]!))
        let end = Date(timeIntervalSinceNow: minutes * 60)
        let first = Int.random(in: 1_000...1 << 40)
        try await withThrowingTaskGroup { group in
            for lane in 0..<ProcessInfo.processInfo.activeProcessorCount {
                group.addTask {
                    var seed = first + lane * 1_000_000
                    while Date() < end {
                        try await Self.walk(seed)
                        seed += 1
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @discardableResult
    private static func walk(_ seed: Int) async throws -> World {
        var world = try await World(seed: seed)
        defer { world.remove() }
        do {
            for _ in 0..<stepsOfASeed { try await world.step() }
            try await world.finish()
        } catch {
            Issue.record("PENSTOCK_SEED=\(seed) swift test --filter WorldTests  # step \(world.steps): \(error)")
        }
        return world
    }
}
