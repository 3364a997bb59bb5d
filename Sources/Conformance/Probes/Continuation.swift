import PluginProtocol
import Processes

extension Probe {
    static let ofContinuation: [Probe] = [chain, unknownToken]

    private static let chain = Probe(
        "chain",
        "an action is continued to its end, each time in a new process and workspace; then a token comes twice",
        judging: ["CNT-03", "CNT-04", "CNT-05", "CNT-07", "RES-02", "RES-11"]
    ) { bench in
        var findings: [Finding] = []
        for fixture in bench.setting.fixtures where fixture.traits.contains(.continues) {
            let scene = try await Scene(bench, fixture, probe: "chain")
            findings += try await scene.closing {
                var chain = Chain(scene: scene, scale: bench.setting.scale)
                return try await chain.judge()
            }
        }
        return findings
    }

    private static let unknownToken = Probe(
        "unknown-token", "a job comes with a token that the plugin has never given", judging: ["CNT-06"]
    ) { bench in
        guard let fixture = bench.fixture(.continues) else { return [] }
        let recording = try await bench.run(fixture, probe: "unknown-token") {
            $0.data.continuationToken = "penstock-unknown-token"
        }
        let evidence: String
        switch recording.terminal(of: recording.errands[0].job.jobId) {
        case .jobFailureResult?: return []
        case .jobSuccessResult?: evidence = "it answered a token that it cannot know with a success"
        case .jobAbandonedResult?: return []
        default:
            guard !recording.holdsWrongMessage(of: recording.errands[0]) else { return [] }
            // One that never answers must not be blamed for this besides.
            let usual = try await bench.run(fixture, probe: "unknown-token")
            guard usual.terminal(of: usual.errands[0].job.jobId) != nil else { return [] }
            evidence = "it did not answer a token that it cannot know; \(recording.endDescription)"
        }
        return [Finding("CNT-06", in: recording, evidence)]
    }
}

/// One action with all its continuations.
private struct Chain {
    let scene: Scene
    let scale: Double
    /// So many continuations are tried where the case allows for more, or says nothing.
    private static let mostTried = 20
    private var steps: [Recording] = []

    init(scene: Scene, scale: Double) {
        self.scene = scene
        self.scale = scale
    }

    private var expect: Fixture.Expectation { scene.fixture.expect }

    mutating func judge() async throws -> [Finding] {
        var tokens: [String] = []
        while tokens.count <= min(expect.maxContinuations ?? Self.mostTried, Self.mostTried) {
            // A host waits as long as the plugin asks, which a case cannot: the outside world is given a moment.
            if !tokens.isEmpty { try await Task.sleep(for: .seconds(1)) }
            let result = try await step(tokens.last)
            guard let token = result?.continuationToken else { break }
            tokens.append(token)
        }
        let findings = endFindings(continuations: tokens.count) + slowFindings
        guard findings.isEmpty, let first = tokens.first else { return findings }
        return try await effectFindings(token: first)
    }

    /// Runs one job of the action.
    private mutating func step(_ token: String?) async throws -> JobSuccessResult? {
        let place = try await scene.place(for: scene.fixture, Scene.Start())
        let job = await scene.job(scene.fixture, at: place, token: token)
        let subject = try await scene.start(at: place)
        await subject.give(job, of: scene.fixture, at: place)
        await subject.endInput()
        try await subject.awaitEnd()
        let recording = try await scene.finish(subject)
        steps.append(recording)
        guard case .jobSuccessResult(let result)? = recording.terminal(of: job.jobId) else { return nil }
        return result
    }

    /// How the action as a whole ended. Spec: CNT-03, CNT-04, RES-02, RES-11
    private func endFindings(continuations: Int) -> [Finding] {
        let last = steps.last!
        if continuations == steps.count {
            // Nothing can be said of one that may go on for longer than is tried.
            guard expect.maxContinuations ?? 0 <= Self.mostTried else { return [] }
            let allowed = expect.maxContinuations.map { "maxContinuations is \($0)" } ?? "no maxContinuations is named"
            return [Finding("CNT-04", in: last, "still a token after \(continuations - 1) continuations; \(allowed)")]
        }
        let errand = last.errands[0]
        if errand.isOverdue {
            let evidence = "no terminal message within the \(errand.job.timeoutSeconds) seconds of the job"
            return [Finding("RES-02", in: last, evidence)]
        }
        guard !last.holdsWrongMessage(of: errand) else { return [] }
        guard let mismatch = last.mismatch(of: errand) else {
            let isShown = continuations > 0
            return isShown ? [] : [Finding("RES-11", in: last, "it ended without a token, and the case continues")]
        }
        let isLost = continuations > 0 && expect.status == .succeeded && !last.isFinalSuccess(errand)
        guard isLost else { return [Finding("RES-11", in: last, mismatch)] }
        let evidence = "continuation \(continuations), in a new process and workspace: \(mismatch)"
        return [Finding("CNT-03", in: last, evidence)]
    }

    /// Jobs that answered with a token and did not end at once. Spec: CNT-07
    private var slowFindings: [Finding] {
        let (mostToAnswer, mostToExit) = (Duration.seconds(5) * scale, Duration.seconds(2) * scale)
        return steps.compactMap { step in
            let errand = step.errands[0]
            guard let terminalAt = errand.terminalAt, !step.isFinalSuccess(errand),
                case .jobSuccessResult? = step.terminal(of: errand.job.jobId)
            else { return nil }
            let (toAnswer, toExit) = (terminalAt - errand.at, (step.exitedAt ?? terminalAt) - terminalAt)
            guard toAnswer > mostToAnswer || toExit > mostToExit else { return nil }
            let evidence = "it answered with a token \(toAnswer.shown) after the job, and exited \(toExit.shown) later"
            return Finding("CNT-07", in: step, evidence)
        }
    }

    /// One name and one effect for the whole action, also when a token comes twice. Spec: CNT-05
    private mutating func effectFindings(token: String) async throws -> [Finding] {
        var names: [String] = []
        for step in steps {
            let told = step.messages(of: step.errands[0].job.jobId).compactMap {
                $0.body.executionDetails?.externalExecutionId
            }
            for name in told where !names.contains(name) { names.append(name) }
        }
        if names.count > 1 {
            let evidence = "externalExecutionId is first \(quote(names[0].utf8)) and then \(quote(names[1].utf8))"
            return [Finding("CNT-05", in: steps.last!, evidence)]
        }
        guard scene.fixture.verify != nil else { return [] }
        _ = try await step(token)
        guard let words = try await scene.verify() else { return [] }
        return [Finding("CNT-05", in: steps.last!, "after its first token came a second time, verify: \(words)")]
    }
}
