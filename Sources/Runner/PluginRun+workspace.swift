import Artifacts
import Failpoints
import Glibc
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

    /// What the workspace holds too much of; nil also when it cannot be measured now.
    func excess(of workspace: Workspace?, _ limits: Limits) async -> String? {
        guard let workspace, let usage = try? await blocking({ try workspace.usage() }) else { return nil }
        if usage.bytes > limits.workspaceBytes {
            return "the workspace holds \(usage.bytes) bytes; the limit workspaceBytes is \(limits.workspaceBytes)"
        }
        if usage.entries > limits.workspaceEntries {
            return "the workspace holds \(usage.entries) files and folders; the limit workspaceEntries is"
                + " \(limits.workspaceEntries)"
        }
        return nil
    }

    /// Nil for a job whose memory is not limited, or that is in no sandbox and so without limits.
    /// - Throws: `Failure` when the limit cannot be kept.
    func controlGroup(_ limits: Limits) throws -> ControlGroup? {
        guard let memoryBytes = limits.memoryBytes, setup.sandbox.isConfined else { return nil }
        guard let groups = setup.controlGroups else {
            throw Failure(
                .sandboxFailed,
                "the limit memoryBytes needs a control group, and none can be made here: limit the container itself, or"
                    + " set addressSpaceBytes instead")
        }
        do {
            return try groups.group(named: id, memoryBytes: memoryBytes)
        } catch {
            throw Failure(.sandboxFailed, "the limit memoryBytes cannot be set: \(error)")
        }
    }
}

extension Limits {
    /// What a signal says that the kernel sends to a process that exceeds one of these.
    var signals: [Int32: String] {
        var signals = [SIGXFSZ: "a file would have become larger than the limit fileBytes, \(fileBytes)"]
        if let cpuSeconds {
            signals[SIGXCPU] = "it took more processor time than the limit cpuSeconds, \(cpuSeconds)"
        }
        return signals
    }

    var hasOwnWorkspace: Bool {
        (workspaceBytes, workspaceEntries) != (Limits().workspaceBytes, Limits().workspaceEntries)
    }
}

extension Sandbox {
    /// Whether the inputs of a job may be the store's own files: where they are mounted read-only, unless all is to be
    /// seen that a plugin does. Landlock does not govern modes.
    var sharing: Sharing { hasOwnMounts && exposure == nil ? .links : .copies }
}
