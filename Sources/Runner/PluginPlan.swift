import Engine
import Glibc
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Settings
import Workspaces

/// What is decided about one job before anything is made: which plugin, with what, and what must not be shown.
struct PluginPlan: Sendable {
    let plugin: Plugin
    let grants: Grants
    let masker: Masker
    private let dispatch: Dispatch
    private let setup: RunnerSetup
    private let type: PluginProtocol.ActionType
    private let providerSettings: JSON?
    private let environmentVariables: [ComputeAction.EnvironmentVariable]

    /// - Throws: `Failure` for whatever keeps the job from being started, before anything is made.
    init(_ dispatch: Dispatch, _ setup: RunnerSetup) throws(Failure) {
        let action = dispatch.action
        let provision = Provision(
            action, catalogue: setup.catalogue, settings: setup.settings, shippedPlugins: setup.shippedPlugins)
        if let failure = provision.failures.first { throw failure }
        guard let plugin = provision.plugin, let type = provision.type, let grants = provision.grants else {
            preconditionFailure("where nothing is missing, everything is there")
        }
        let secretKeys = type.configurationProperties.filter(\.secret).map(\.name)
        var masker = Masker(secrets: action.configuration.filter { secretKeys.contains($0.key) })
        for (name, value) in provision.entry?.secrets ?? [:] { masker.register(value, name: name) }
        for (index, value) in provision.secrets {
            masker.register(value, name: action.environmentVariables[index].name)
        }
        providerSettings = provision.entry?.value
        environmentVariables = action.environmentVariables.enumerated().map {
            .init(name: $1.name, value: provision.secrets[$0] ?? $1.value, type: $1.kind.rawValue)
        }
        self.grants = grants
        self.masker = masker
        self.plugin = plugin
        self.type = type
        self.dispatch = dispatch
        self.setup = setup
    }

    var hostPaths: [Workspaces.HostPath] {
        plugin.manifest.permissions.hostPaths.flatMap { slot in
            (grants.hostPaths[slot.name] ?? []).map { .init($0, writable: slot.mode == .readWrite) }
        }
    }

    func environment(of job: Job) -> [String: String] {
        var host: [String: String] = [:]
        for name in grants.environment {
            if let value = getenv(name) { host[name] = String(cString: value) }
        }
        return job.environment(lifecycle: .oneShot, granted: grants.environment, host: host)
    }

    /// Where this action of this pipeline finds what it kept; nil when its plugin keeps nothing.
    var cache: String? {
        let names = [dispatch.pipeline, dispatch.attempt.stage, dispatch.attempt.action]
        // Both are names that an action may have, and no names that a folder may have.
        guard plugin.manifest.run.cache, !names.contains("."), !names.contains("..") else { return nil }
        return "\(setup.caches)/\(names.joined(separator: "/"))"
    }

    /// - Throws: `Failure` when the plugin cannot be given this job (HST-23).
    func job(_ id: String, _ root: String, hasCache: Bool) throws(Failure) -> Job {
        let (run, action, attempt) = (plugin.manifest.run, dispatch.action, dispatch.attempt)
        let secondsLeft = Int((dispatch.deadline.milliseconds - setup.now().milliseconds) / 1_000)
        guard secondsLeft > 0 else {
            throw Failure(.timedOut, "the action as a whole has reached its time limit")
        }
        let data = JobData(
            actionTypeId: type.id, configuration: action.configuration,
            pipelineContext: .init(
                pipelineName: dispatch.pipeline, pipelineExecutionId: attempt.execution.text, stageName: attempt.stage,
                actionName: attempt.action, actionExecutionId: attempt.id.text),
            inputArtifacts: dispatch.inputs.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, revision: dispatch.revisions[$0.key], path: "in/\($0.key)")
            },
            outputArtifacts: action.outputArtifacts.map { .init(name: $0.name, path: "out/\($0.name)") },
            continuationToken: dispatch.continuationToken, action: computeAction, providerSettings: providerSettings,
            sourceRevision: dispatch.sourceRevision.map { .init(revisionType: $0.type, revisionValue: $0.value) })
        let job = Job(
            jobId: id, attempt: attempt.number, timeoutSeconds: min(run.timeoutSeconds, secondsLeft),
            cancelGraceSeconds: run.cancelGraceSeconds,
            secretConfigurationKeys: type.configurationProperties.filter(\.secret).map(\.name),
            workspace: .init(root: root, cache: hasCache ? "cache" : nil),
            host: .init(name: "penstock", version: setup.version), data: data)
        try plugin.manifest.admit(job)
        return job
    }

    private var computeAction: ComputeAction? {
        let action = dispatch.action
        guard !action.commands.isEmpty else { return nil }
        return ComputeAction(
            commands: action.commands, environmentVariables: environmentVariables,
            outputVariables: action.outputVariables,
            outputArtifacts: action.outputArtifacts.map { .init(name: $0.name, files: $0.files) })
    }
}
