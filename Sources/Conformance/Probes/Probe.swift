import PluginProtocol

/// A scenario in which the plugin is started in some particular way, and the rules that are judged by it.
struct Probe: Sendable {
    let name: String
    /// What is done, as the end of "To find it, …".
    let about: String
    /// Beside those that are judged in every run.
    let rules: [String]
    let run: @Sendable (Bench) async throws -> [Finding]

    init(
        _ name: String, _ about: String, judging rules: [String],
        run: @escaping @Sendable (Bench) async throws -> [Finding]
    ) {
        self.name = name
        self.about = about
        self.rules = rules
        self.run = run
    }

    /// All of them, in the order in which they are run.
    static let all: [Probe] =
        [fixtures] + ofMessages + ofProcess + ofCancel + ofArtifacts + ofSecrets + ofProgress + ofContinuation
        + ofWorkers
}

extension Bench {
    /// The first fixture that has a trait, and is no chain and not long unless that is asked for; of `run`, if there is
    /// one.
    nonisolated func fixture(_ trait: Fixture.Trait) -> Fixture? {
        let slow: Set<Fixture.Trait> = [.longRunning, .continues]
        let all = setting.fixtures.filter { $0.traits.contains(trait) }
        let ofRun = all.filter { $0.operation == .run }
        let having = ofRun.isEmpty ? all : ofRun
        return having.first { $0.traits.isDisjoint(with: slow.subtracting([trait])) } ?? having.first
    }

    /// The fixture that most scenarios are played with.
    nonisolated var primary: Fixture? { fixture(.succeeds) }

    /// Runs one job of a fixture from the start of a process to its exit.
    /// - Parameters:
    ///   - change: what is other than usual in the job.
    ///   - during: what is done while it runs; waits for its end unless given.
    ///   - verifying: whether the fixture's `verify` looks at the world outside in the end.
    func run(
        _ fixture: Fixture, probe: String, start: Scene.Start = Scene.Start(),
        change: @Sendable (inout Job) -> Void = { _ in },
        during: @Sendable (Subject) async throws -> Void = { try await $0.awaitEnd() }, verifying: Bool = false
    ) async throws -> Recording {
        let scene = try await Scene(self, fixture, probe: probe)
        return try await scene.closing {
            let place = try await scene.place(for: fixture, start)
            var job = await scene.job(fixture, at: place)
            change(&job)
            let subject = try await scene.start(start, at: place)
            await subject.give(job, of: fixture, at: place)
            await subject.endInput()
            try await during(subject)
            var recording = try await scene.finish(subject)
            if verifying { recording.objection = try await scene.verify() }
            return recording
        }
    }
}

extension Scene {
    /// Plays in this scene, and clears it away whatever happens.
    nonisolated func closing<Value: Sendable>(_ play: () async throws -> Value) async throws -> Value {
        let value: Value
        do {
            value = try await play()
        } catch {
            try? await close()
            throw error
        }
        try await close()
        return value
    }
}
