import PluginProtocol
import Processes

/// One worker process of the plugin, and the jobs that it is given.
struct Shift: Sendable {
    let bench: Bench
    let scene: Scene
    let subject: Subject

    static let start: Scene.Start = {
        var start = Scene.Start()
        start.lifecycle = .worker
        return start
    }()

    /// Gives a job of an action of its own, in a workspace of its own.
    func give(_ fixture: Fixture, change: @Sendable (inout Job) -> Void = { _ in }) async throws -> String {
        let place = try await scene.place(for: fixture, Self.start)
        var job = await scene.job(fixture, at: place)
        job.data.pipelineContext.actionExecutionId = await scene.newIdentifier()
        change(&job)
        await subject.give(job, of: fixture, at: place)
        return job.jobId
    }

    /// Waits until all of these jobs have their terminal messages, or the process ends.
    /// - Returns: whether they have.
    @discardableResult
    func awaitEnds(of jobs: [String], within limit: Duration) async throws -> Bool {
        try await subject.wait(limit) { $0.hasEnded || jobs.allSatisfy($0.hasTerminal) }
        return await jobs.allSatisfy(subject.recording.hasTerminal)
    }

    /// Gives a job and waits for its end.
    func run(_ fixture: Fixture) async throws -> Bool {
        try await awaitEnds(of: [give(fixture)], within: bench.patience(for: [fixture]))
    }
}

extension Recording {
    func errand(_ job: String) -> Errand? { errands.first { $0.job.jobId == job } }
    func hasTerminal(_ job: String) -> Bool { errand(job)?.terminalAt != nil }
}

extension Bench {
    nonisolated var isWorker: Bool { setting.manifest.run.lifecycle == .worker }

    /// How many jobs at once are tried.
    nonisolated var width: Int { min(setting.manifest.run.maxConcurrentJobs, 4) }

    /// How long jobs may take in a worker: what they take alone, one after the other, and then some.
    func patience(for fixtures: [Fixture]) async throws -> Duration {
        var limit = Duration.seconds(5)
        for fixture in fixtures {
            let recording = try await plainRun(of: fixture)
            limit += recording.duration(of: recording.errands[0])
        }
        return limit
    }

    /// Starts a worker, plays with it, ends its input and waits for its exit.
    /// - Parameter fixtures: whose jobs it is given: their commands make the outside world.
    nonisolated func work<Value: Sendable>(
        on fixtures: [Fixture], probe: String, play: @Sendable (Shift) async throws -> Value
    ) async throws -> (value: Value, recording: Recording) {
        var whole = fixtures[0]
        for other in fixtures.dropFirst() where other.name != whole.name {
            whole.setup += other.setup
            whole.teardown += other.teardown
            whole.needsNetwork = whole.needsNetwork || other.needsNetwork
        }
        let scene = try await Scene(self, whole, probe: probe)
        return try await scene.closing {
            let subject = try await scene.start(Shift.start, at: nil)
            let value = try await play(Shift(bench: self, scene: scene, subject: subject))
            await subject.endInput()
            // LIF-04 has a probe of its own.
            try await subject.awaitExit(within: .seconds(2))
            return (value, try await scene.finish(subject))
        }
    }
}
