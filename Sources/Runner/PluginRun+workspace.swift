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

    /// Names the limit that was exceeded where the kernel ended a process for it, and where it may have refused the
    /// process something those that it is limited to.
    /// - Parameter memory: what a control group says of that.
    func explained(_ verdict: Verdict, by limits: Limits, memory: String?) -> Verdict {
        guard case .failed(var failure) = verdict else {
            if let memory { warn("\(memory); the job went on without the process that the kernel ended") }
            return verdict
        }
        if let excess = memory ?? failure.signal.flatMap({ limits.excess(signal: $0) }) {
            failure.hostCode = .limitExceeded
            failure.type = HostCode.limitExceeded.failureType
            failure.message = "\(excess): \(failure.message)"
        } else if setup.sandbox.isConfined, let refusals = limits.refusals {
            failure.message += "\nThe settings limit it to \(refusals)."
        }
        return .failed(failure)
    }
}

extension RunnerSetup {
    /// Nil where memory is not limited.
    func controlGroup(named name: String, _ limits: Limits) throws(WorkspaceError) -> ControlGroup? {
        guard let memoryBytes = limits.memoryBytes else { return nil }
        return try controlGroups?.group(named: name, memoryBytes: memoryBytes)
    }
}

extension Limits {
    /// What a signal says that the kernel sends to a process that exceeds one of these; nil for any other signal.
    func excess(signal: Int32) -> String? {
        switch signal {
        case SIGXFSZ: "a file would have become larger than the limit fileBytes, \(fileBytes)"
        case SIGXCPU: cpuSeconds.map { "it took more processor time than the limit cpuSeconds, \($0)" }
        default: nil
        }
    }

    /// Those that were set of which only the plugin is told that they are reached, by an error of a call; nil for none.
    var refusals: String? {
        let all = [
            ("processes", processes), ("openFiles", openFiles == Limits().openFiles ? nil : openFiles),
            ("addressSpaceBytes", addressSpaceBytes),
        ]
        let texts = all.compactMap { name, value in value.map { "\(name) \($0)" } }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
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
