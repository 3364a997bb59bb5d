import Glibc
import PluginProtocol
import Processes

extension Probe {
    static let ofProcess: [Probe] = [lateJob, noJob, garbage, terminal, earlyClose, moved, scarce, pair, stopped]

    static let lateJob = Probe(
        "late-job", "the job does not come for a second, and then SIGTERM comes instead",
        judging: ["LIF-02", "CAN-06"]
    ) { bench in
        try await bench.withoutJob("late-job") { subject in
            try await subject.awaitStart()
            try await subject.wait(.seconds(1)) { $0.hasEnded || $0.saidAnything }
            let early = await subject.recording
            if early.hasEnded { return [early.finding(of: "LIF-02", "without a job \(early.endDescription)")] }
            if let said = early.firstMessage { return [early.finding(of: "LIF-02", "before any job: \(said.quoted)")] }
            await subject.cancel()
            let ended = try await subject.wait(.seconds(2), until: \.hasEnded)
            let late = await subject.recording
            if let success = late.success { return [late.finding(of: "CAN-06", "after SIGTERM: \(success.quoted)")] }
            return ended ? [] : [late.finding(of: "CAN-06", "it still ran 2 seconds after SIGTERM")]
        }
    }

    static let noJob = Probe("no-job", "the input ends before any job", judging: ["LIF-03"]) { bench in
        let findings = try await bench.endedInput(after: .zero)
        // It may still have been starting: a runtime that loads for seconds is not one that waits.
        return findings.isEmpty ? [] : try await bench.endedInput(after: .seconds(5))
    }

    static let garbage = Probe(
        "garbage", "the input is text, an empty object, a list, or half a job", judging: ["LIF-11"]
    ) { bench in
        let fixture = bench.anyFixture
        for garbage in ["hello", "{}", "[]", nil] {
            let findings = try await bench.withoutJob("garbage") { subject in
                let half =
                    "{\"protocol\": \"penstock/1\", \"type\": \"job\", \"jobId\": \"\(fixture.name)\", \"data\": {"
                await subject.send((garbage ?? half).utf8)
                await subject.endInput()
                try await subject.awaitStart()
                let ended = try await subject.wait(.seconds(5), until: \.hasEnded)
                let (recording, input) = (await subject.recording, garbage.map { "\"\($0)\"" } ?? "half a job")
                if let success = recording.success {
                    return [recording.finding(of: "LIF-11", "after \(input): \(success.quoted)")]
                }
                guard !ended || recording.exit == .code(0) else { return [] }
                return [recording.finding(of: "LIF-11", "after \(input) \(recording.endDescription)")]
            }
            guard findings.isEmpty else { return findings }
        }
        return []
    }

    static let terminal = Probe(
        "terminal", "it is started on a terminal, without a host's variables", judging: ["LIF-12"]
    ) { bench in
        let fixture = bench.anyFixture
        let scene = try await Scene(bench, fixture, probe: "terminal")
        return try await scene.closing {
            var start = Scene.Start()
            start.byHand = true
            let subject = try await scene.start(start, at: nil)
            try await subject.awaitStart()
            let ended = try await subject.wait(.seconds(3), until: \.hasEnded)
            // Not kept: the rules of every run are about runs by a host.
            let recording = try await subject.finish()
            guard ended else { return [recording.finding(of: "LIF-12", "it still ran after 3 seconds")] }
            guard recording.exit == .code(64) else {
                return [recording.finding(of: "LIF-12", recording.endDescription)]
            }
            return recording.log.isEmpty
                ? [recording.finding(of: "LIF-12", "it exited with status 64, and said nothing on standard error")] : []
        }
    }

    static let earlyClose = Probe(
        "early-close", "nobody reads what it writes", judging: ["LIF-08"]
    ) { bench in
        guard let fixture = try await bench.examples([.succeeds]).first else { return [] }
        let usual = try await bench.plainRun(of: fixture)
        let limit = usual.workingTime + .seconds(5)
        let scene = try await Scene(bench, fixture, probe: "early-close")
        return try await scene.closing {
            let place = try await scene.place(for: fixture, Scene.Start())
            let subject = try await scene.start(at: place)
            await subject.closeOutput()
            await subject.give(await scene.job(fixture, at: place), of: fixture, at: place)
            await subject.endInput()
            try await subject.awaitStart()
            let ended = try await subject.wait(limit, until: \.hasEnded)
            let recording = try await scene.finish(subject)
            let cpu = recording.cpuSeconds - usual.cpuSeconds
            if cpu > 2 {
                return [recording.finding(of: "LIF-08", "it took \(rounded(cpu)) seconds of CPU more than usual")]
            }
            return ended
                ? [] : [recording.finding(of: "LIF-08", "it still ran after \(rounded(limit / .seconds(1))) seconds")]
        }
    }
}

private func rounded(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }

extension Bench {
    /// Where it does not matter which job is not given.
    nonisolated var anyFixture: Fixture {
        primary ?? setting.fixtures.first ?? Fixture(standingInFor: setting.manifest.actionTypes[0].id)
    }

    /// What it does wrong when its input ends some time after its start.
    fileprivate func endedInput(after span: Duration) async throws -> [Finding] {
        try await withoutJob("no-job") { subject in
            try await subject.awaitStart()
            try await subject.pause(span)
            await subject.endInput()
            let ended = try await subject.wait(.seconds(2), until: \.hasEnded)
            let recording = await subject.recording
            if let said = recording.firstMessage { return [recording.finding(of: "LIF-03", said.quoted)] }
            return ended ? [] : [recording.finding(of: "LIF-03", "it still ran 2 seconds after the end of its input")]
        }
    }

    /// Starts the plugin and gives it no job.
    fileprivate func withoutJob(
        _ probe: String, play: @Sendable (Subject) async throws -> [Finding]
    ) async throws -> [Finding] {
        let fixture = anyFixture
        let scene = try await Scene(self, fixture, probe: probe)
        return try await scene.closing {
            let subject = try await scene.start(at: nil)
            await subject.note(.noJob)
            let findings = try await play(subject)
            try await scene.finish(subject)
            return findings
        }
    }
}

extension Recording {
    fileprivate var saidAnything: Bool { firstMessage != nil }

    /// What was meant as a message, though there was no job for it.
    fileprivate var firstMessage: Heard? { output.map(\.heard).first(where: \.namesProtocol) }

    fileprivate var success: Heard? {
        output.map(\.heard).first { $0.namesProtocol && $0.text.contains("\"jobSuccessResult\"") }
    }

    /// From the start, or from the job if that came later, to the exit.
    fileprivate var workingTime: Duration {
        guard let exitedAt, let startedAt else { return .zero }
        return exitedAt - max(startedAt, errands.first?.at ?? .zero)
    }
}
