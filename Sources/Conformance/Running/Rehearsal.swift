import Glibc
import PluginProtocol
import Processes
import Workspaces

/// One job of a plugin, run to be looked at: as a host would run it, with all that the kit sees.
public struct Rehearsal: Sendable {
    /// A moment in a job: so long after it was given, but not before the plugin has sent so many lines. How soon a plugin
    /// begins is the machine's business.
    public struct Cancel: Hashable, Sendable {
        public var after: Duration
        public var lines: Int

        public init(after: Duration, lines: Int) { (self.after, self.lines) = (after, lines) }
    }

    /// What is to be other than usual.
    public struct Wish: Sendable {
        /// A job that was given once: all of it is given again but for where its workspace is.
        public var job: Job?
        /// When the job is cancelled; nil when it is not.
        public var cancel: Cancel?
        /// Whether an action that answers with a token goes on with it.
        public var goesOn = true
        /// Folder into which the output artifacts are copied, a folder each; it must not be there yet.
        public var out: String?

        public init() {}
    }

    /// The job, and one more for each continuation.
    public let steps: [Recording]
    /// How it ended otherwise than the fixture expects; nil when it did not, and when there was a wish against that.
    public let disappointment: String?

    public var last: Recording { steps.last! }
    /// What the rules that are looked for in every run say.
    public var findings: [Finding] { steps.flatMap(\.findings) }

    /// The valid result of the last job.
    public var terminal: PluginMessage.Body? { last.errands.first.flatMap { last.terminal(of: $0.job.jobId) } }
}

extension Bench {
    /// So many continuations of one action are run.
    private static let mostContinuations = 100

    /// Runs a fixture, in the lifecycle that the manifest says.
    /// - Throws: `KitFault` when the kit cannot do its work, or the fixture's setup fails.
    public nonisolated func rehearse(_ fixture: Fixture, _ wish: Rehearsal.Wish = .init()) async throws -> Rehearsal {
        let scene = try await Scene(self, fixture, probe: "rehearsal")
        return try await scene.closing {
            var steps: [Recording] = []
            var token: String?
            repeat {
                steps.append(try await step(of: scene, token: token, wish))
                token = wish.goesOn ? steps.last!.givenToken : nil
            } while token != nil && steps.count <= Self.mostContinuations
            let expectsOther = wish.cancel != nil || wish.job != nil
            let objection = expectsOther ? nil : try await scene.verify()
            return Rehearsal(
                steps: steps, disappointment: expectsOther ? nil : steps.last!.disappointment ?? objection)
        }
    }

    private nonisolated func step(of scene: Scene, token: String?, _ wish: Rehearsal.Wish) async throws -> Recording {
        var start = Scene.Start()
        start.lifecycle = setting.manifest.run.lifecycle
        let fixture = scene.fixture
        let place = try await scene.place(for: fixture, start)
        var job = await scene.job(fixture, at: place, token: token)
        if let given = wish.job { job.become(given) }
        if let token { job.data.continuationToken = token }
        let subject = try await scene.start(start, at: isWorker ? nil : place)
        await subject.give(job, of: fixture, at: place)
        if !isWorker { await subject.endInput() }
        let cancel = Task { [id = job.jobId, grace = job.cancelGraceSeconds] in
            guard let moment = wish.cancel, (try? await Task.sleep(for: moment.after)) != nil else { return }
            // A plugin that never says so much is cancelled all the same.
            _ = try? await subject.wait(.seconds(10)) { $0.hasEnded || $0.output.count >= moment.lines }
            if isWorker { await subject.cancel(job: id, graceSeconds: grace) } else { await subject.cancel() }
        }
        defer { cancel.cancel() }
        if isWorker {
            try await subject.awaitResult(within: job.timeoutSeconds)
        } else if wish.cancel == nil {
            try await subject.awaitEnd()
        } else {
            try await subject.awaitCancelled(job)
        }
        let recording = try await scene.finish(subject)
        if let out = wish.out { try place.copyOutputs(to: out) }
        return recording
    }
}

extension Job {
    /// Takes over all of another job but its workspace.
    fileprivate mutating func become(_ other: Job) {
        let (here, inputs, outputs) = (workspace, data.inputArtifacts, data.outputArtifacts)
        self = other
        workspace = here
        (data.inputArtifacts, data.outputArtifacts) = (inputs, outputs)
    }
}

extension Recording {
    /// Of a success that is none yet.
    fileprivate var givenToken: String? {
        guard let errand = errands.first, case .jobSuccessResult(let result)? = terminal(of: errand.job.jobId)
        else { return nil }
        return result.continuationToken
    }
}

extension Subject {
    /// Waits for the terminal message of a worker's only job, and lets the worker end.
    fileprivate func awaitResult(within seconds: Int) async throws {
        let ended = try await wait(.seconds(seconds)) { $0.hasEnded || $0.errands[0].terminalAt != nil }
        guard ended else { return markOverdue() }
        endInput()
        try await awaitExit(within: .seconds(5))
    }

    /// Waits for the end of a job that is to be cancelled: as long as it may take, and then for its grace.
    fileprivate func awaitCancelled(_ job: Job) async throws {
        let limit = Duration.seconds(job.timeoutSeconds)
        try await wait(limit) { $0.hasEnded || $0.errands[0].terminalAt != nil || $0.faults.contains(.cancelled) }
        try await awaitExit(within: .seconds(job.cancelGraceSeconds) + .milliseconds(500))
    }
}

extension Place {
    fileprivate func copyOutputs(to folder: String) throws {
        guard mkdir(folder, 0o777) == 0 else {
            throw KitFault("cannot make \(folder) for the output artifacts: \(message(ofError: errno))")
        }
        for (artifact, name) in outputs {
            let limit = Usage(bytes: 2 << 30, entries: 200_000)
            try copyTree(workspace.output(name), to: "\(folder)/\(artifact)", limit: limit)
        }
    }
}
