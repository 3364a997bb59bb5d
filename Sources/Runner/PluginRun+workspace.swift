import Artifacts
import Failpoints
import PluginHost
import Workspaces

/// What a job finds in its workspace beside its own folders.
extension PluginRun {
    func materialiseInputs(into workspace: Workspace) async throws {
        guard !assignment.inputs.isEmpty else { return }
        let (inputs, store, sharing) = (
            assignment.inputs, setup.artifacts, setup.sandbox.sharing
        )
        try await blocking {
            for (name, text) in inputs {
                guard let digest = ArtifactDigest(text) else {
                    throw Failure(.inputArtifactUnavailable, "input artifact \(name): \"\(text)\" is no digest")
                }
                do throws(ArtifactError) {
                    try store.materialise(digest, into: workspace.input(name), sharing: sharing)
                } catch {
                    throw Failure(inputArtifact: name, error)
                }
                reach(.inputLaidOut)
            }
            try workspace.handOverInputs()
            reach(.inputsHandedOver)
        }
    }

    /// Nothing depends on a cache: one that cannot be had or kept is said, and the job goes on.
    /// - Returns: where it is to be kept; nil when the job has none.
    func borrowCache(_ plan: PluginPlan, _ workspace: Workspace) async throws -> String? {
        guard let path = plan.cache else { return nil }
        do {
            try await blocking { try workspace.borrowCache(from: path) }
            reach(.cacheBorrowed)
            return path
        } catch {
            warn("no cache for this job: \(error)")
            return nil
        }
    }

    func returnCache(to path: String, after verdict: Verdict?, _ workspace: Workspace) async {
        // What may have outgrown the workspace must not stand in the next one.
        if case .failed(let failure)? = verdict, failure.hostCode == .limitExceeded { return }
        do {
            try await blocking { try workspace.returnCache(to: path) }
            reach(.cacheReturned)
        } catch {
            warn("the cache of this job is lost: \(error)")
        }
    }
}

extension Sandbox {
    /// Whether the inputs of a job may be the store's own files: where they are mounted read-only, unless all is to be
    /// seen that a plugin does. Landlock does not govern modes.
    var sharing: Sharing { hasOwnMounts && exposure == nil ? .links : .copies }
}
