import Artifacts
import Engine
import PluginHost
import Synchronization
import Workspaces

/// How a job of the past is run again, of which nothing may be left.
public struct Replay: Hashable, Sendable {
    /// Whether a plugin that is granted the network has it.
    public var network: Bool
    /// Folder of ours that users of the sandbox can enter, in which empty folders stand for all granted host paths; nil
    /// for the paths themselves.
    public var scratch: String?
    /// Takes what is made.
    public var outputs: ArtifactStore

    public init(network: Bool, scratch: String?, outputs: ArtifactStore) {
        self.network = network
        self.scratch = scratch
        self.outputs = outputs
    }
}

extension Runner {
    /// Runs one recorded job again, by a setup with a `replay`: in a workspace of its own, for no execution.
    ///
    /// The plugin is given what it was given, with the settings, secrets and limits of today, and an empty cache.
    /// - Parameters:
    ///   - cancel: gives it up.
    ///   - log: is told each line of the plugin's log.
    /// - Returns: the fact that would have ended the attempt; nil when it was given up.
    /// - Throws: `Failure` for what keeps it from being started: its plugin, a grant, a secret or an input is gone.
    public func replay(
        _ dispatch: Dispatch, cancel: CancelSignal = CancelSignal(), log: @escaping @Sendable (LogLine) -> Void
    ) async throws(Failure) -> Event? {
        precondition(setup.replay != nil, "only a setup for it replays")
        _ = try PluginPlan(Assignment(again: dispatch), setup)
        for (name, text) in dispatch.inputs.sorted(by: { $0.key < $1.key }) {
            guard let digest = ArtifactDigest(text), setup.artifacts.contains(digest) else {
                throw Failure(
                    .inputArtifactUnavailable, "the input artifact \(name) (\(text)) is no longer in the store")
            }
        }
        let run = ActionRun(
            dispatch, setup, slots, workers, cancel, Stopwatch(setup.now), watch: log, progress: { _ in })
        let end = Mutex<Event?>(nil)
        await run.run { event in end.withLock { $0 = event } }
        return end.withLock { $0 }
    }
}
