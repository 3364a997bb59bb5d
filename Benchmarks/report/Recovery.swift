import Engine
import Pipelines
import Store

/// A core that begins again among thousands of executions, and one more action on top of a long history.
struct Recovery {
    /// On a disk.
    let directory: String

    func report() async throws {
        Bench.show("seconds until 10000 executions go on, each with two lost actions")
        Bench.show("  50 of each of 200 pipelines                    \(try await recovery(200, 50))   aim: at most 2")
        Bench.show("  all of one pipeline                            \(try await recovery(1, 10_000))")
        try await history()
    }

    private func recovery(_ pipelines: Int, _ executions: Int) async throws -> String {
        var series = Series()
        for _ in 0..<3 { series.add(try await recoverOnce(pipelines, executions)) }
        return series.text
    }

    private func recoverOnce(_ pipelines: Int, _ executions: Int) async throws -> Double {
        let folder = try Folder(in: directory)
        defer { folder.remove() }
        let names = (0..<pipelines).map { "shop\($0)" }
        let limits = PipelineLimits(concurrentExecutions: executions)
        let store = try Store(directory: folder.path, access: .writing)
        for (index, name) in names.enumerated() {
            try await fill(store, name, index, executions, limits)
        }
        store.close()
        let taken = try await ContinuousClock().measure {
            let store = try Store(directory: folder.path, access: .writing)
            defer { store.close() }
            try await withThrowingTaskGroup { group in
                for name in names {
                    group.addTask {
                        guard let stored = try await store.load(name, limits: limits) else { return }
                        let driver = Driver(
                            stored.state, journal: store, handler: Standstill(), circumstance: .bench
                        ) { _ in }
                        try await driver.recover(outbox: stored.outbox)
                    }
                }
                try await group.waitForAll()
            }
        }
        return taken / .seconds(1)
    }

    /// Executions that have their source, and wait for the two actions of their second stage.
    private func fill(
        _ store: Store, _ name: String, _ index: Int, _ executions: Int, _ limits: PipelineLimits
    ) async throws {
        let pipeline = Shop.pipeline(.parallel, name: name)
        _ = try await store.save(pipeline, at: Instant(milliseconds: 0))
        let driver = Driver(
            PipelineState(pipeline, version: 1, limits: limits), journal: store, handler: Standstill(),
            circumstance: .bench
        ) { _ in }
        try await withThrowingTaskGroup { group in
            for number in 0..<executions {
                let start = Shop.start(index * executions + number)
                group.addTask {
                    try await driver.start(start)
                    let dispatch = try await driver.execution(start.execution)?.runningDispatches.first
                    guard let dispatch else { return }
                    let event = Event.actionSucceeded(dispatch.attempt, Shop.success(of: dispatch))
                    try await driver.submit(event, of: start.execution)
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: History

    /// What one more action costs when so many are there already.
    private func history() async throws {
        let folder = try Folder(in: directory)
        defer { folder.remove() }
        let store = try Store(directory: folder.path, access: .writing)
        defer { store.close() }
        let pipeline = Shop.pipeline(.superseded)
        _ = try await store.save(pipeline, at: Instant(milliseconds: 0))
        Bench.show("milliseconds an action, when the history holds")
        var count = 0
        for size in [100, 10_000, 1_000_000] {
            while count * 7 < size { count += try await fillHistory(store, pipeline, from: count, size) }
            let driver = Driver(
                PipelineState(pipeline, version: 1), journal: store, handler: Success(), circumstance: .bench
            ) { _ in }
            var series = Series()
            for round in 0..<30 {
                let start = Shop.start(10_000_000 + size + round)
                let taken = try await ContinuousClock().measure {
                    try await driver.start(start)
                    try await driver.ended()
                }
                series.add(taken / .milliseconds(1) / 7)
            }
            Bench.show("  " + pad("\(size) actions", 47) + series.text)
        }
    }

    /// Executions that are over, some hundreds in one commit.
    private func fillHistory(_ store: Store, _ pipeline: Pipeline, from first: Int, _ size: Int) async throws -> Int {
        let count = min(500, (size - first * 7 + 6) / 7)
        let changes = try (first..<first + count).map { number in
            let start = Shop.start(number)
            var execution = Execution.starting(start, of: pipeline, at: Shop.moment)
            let facts = try Shop.facts(of: start, pipeline)
            for fact in facts { _ = try execution.apply(fact) }
            let started = Fact(.started(start), at: Shop.moment, seed: Seed(high: Int64(number), low: 1))
            return ExecutionChange(before: nil, after: execution, facts: [started] + facts)
        }
        try await store.commit(Commit(executions: changes, pipeline: nil, effects: [], accepted: []))
        return count
    }
}
