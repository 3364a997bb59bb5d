import Engine
import Glibc
import Pipelines
import Store
import Synchronization

/// Engine, driver and store together, beside the same commits given to the store alone.
struct StoreBench {
    /// On a disk.
    let directory: String

    func report() async throws {
        Bench.show("commits a second through engine, driver and store, beside the store alone")
        for (width, rounds) in [(1, 30), (16, 10), (256, 2)] {
            Bench.show(try await throughput(width: width, rounds: rounds))
        }
    }

    // MARK: Executions in flight

    /// - Parameter width: how many pipelines have an execution in flight, each `rounds` executions one after another.
    private func throughput(width: Int, rounds: Int) async throws -> String {
        var ratios = Series(), whole = Series(), alone = Series()
        for _ in 0..<5 {
            let lanes = try await inFolder { store in
                try await Self.drive(store, width: width, rounds: rounds)
            }
            let count = Double(lanes.commits.reduce(0) { $0 + $1.count })
            let raw = try await inFolder { store in
                try await Self.commit(lanes.commits, to: store)
            }
            whole.add(count / lanes.seconds)
            alone.add(count / raw)
            ratios.add(raw / lanes.seconds)
        }
        return "  "
            + pad("\(width) in flight", 47) + "\(whole.text), alone \(alone.text), ratio \(ratios.text)"
            + (width == 1 ? "   aim: at least 0.5" : "")
    }

    private func inFolder<Value>(_ body: (Store) async throws -> Value) async throws -> Value {
        let folder = try Folder(in: directory)
        defer { folder.remove() }
        let store = try Store(directory: folder.path, access: .writing)
        defer { store.close() }
        return try await body(store)
    }

    private static func drive(
        _ store: Store, width: Int, rounds: Int
    ) async throws -> (commits: [[Commit]], seconds: Double) {
        var lanes: [(driver: Driver, recorder: Recorder)] = []
        for lane in 0..<width {
            let pipeline = Shop.pipeline(.superseded, name: "shop\(lane)")
            _ = try await store.save(pipeline, at: Instant(milliseconds: 0))
            let recorder = Recorder(store)
            let state = PipelineState(pipeline, version: 1)
            lanes.append(
                (Driver(state, journal: recorder, handler: Success(), circumstance: .bench) { _ in }, recorder))
        }
        let all = lanes
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup { group in
                for (lane, (driver, _)) in all.enumerated() {
                    group.addTask {
                        for round in 0..<rounds {
                            try await driver.start(Shop.start(lane * 10_000 + round))
                            try await driver.ended()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        return (lanes.map { $0.recorder.commits.withLock { $0 } }, taken / .seconds(1))
    }

    /// - Returns: seconds.
    private static func commit(_ lanes: [[Commit]], to store: Store) async throws -> Double {
        for lane in lanes.indices {
            _ = try await store.save(Shop.pipeline(.superseded, name: "shop\(lane)"), at: Instant(milliseconds: 0))
        }
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup { group in
                for lane in lanes { group.addTask { for commit in lane { try await store.commit(commit) } } }
                try await group.waitForAll()
            }
        }
        return taken / .seconds(1)
    }
}

/// Everything succeeds at once.
struct Success: EffectHandler {
    func perform(_ effect: Effect, for driver: Driver) {
        guard case .run(let dispatch) = effect else { return }
        Task {
            let event = Event.actionSucceeded(dispatch.attempt, Shop.success(of: dispatch))
            try await driver.submit(event, of: dispatch.attempt.execution)
        }
    }
}

/// Nothing ends.
struct Standstill: EffectHandler {
    func perform(_ effect: Effect, for driver: Driver) {}
}

/// The store, with a copy of what it was given.
private final class Recorder: Journal {
    let commits = Mutex<[Commit]>([])
    private let store: Store

    init(_ store: Store) { self.store = store }

    func commit(_ commit: Commit) async throws {
        try await store.commit(commit)
        commits.withLock { $0.append(commit) }
    }

    func recall(_ id: ExecutionID) async throws -> Execution? { try await store.recall(id) }
}

extension Circumstance {
    static let bench = Circumstance(
        now: { Shop.moment }, seed: { Seed(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) })
}

/// A new folder.
struct Folder {
    let path: String

    init(in directory: String) throws {
        var template = Array("\(directory)/penstock-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw MeasurementFailed(description: "\(directory): cannot be written")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func remove() {
        for name in ["penstock.db", "penstock.db-wal", "penstock.db-shm", "lock"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
