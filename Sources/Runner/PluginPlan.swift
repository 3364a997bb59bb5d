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
    /// The secrets that the masker knows and those that are too short for it, and the texts that hold some.
    private let secrets: Set<String>
    private let assignment: Assignment
    /// With its secrets in place.
    private let action: Action
    private let secretKeys: Set<String>
    private let setup: RunnerSetup
    private let type: PluginProtocol.ActionType
    private let providerSettings: JSON?
    /// A worker's process has its own, whatever is said of an action.
    let limits: Limits

    /// - Throws: `Failure` for whatever keeps the job from being started, before anything is made.
    init(_ assignment: Assignment, _ setup: RunnerSetup) throws(Failure) {
        let provision = Provision(
            assignment.action, assignment.secretPlaces, assignment.operation, catalogue: setup.catalogue,
            settings: setup.settings,
            shippedPlugins: setup.shippedPlugins, locks: setup.locks)
        if let failure = provision.failures.first { throw failure }
        guard let plugin = provision.plugin, let type = provision.type, var grants = provision.grants else {
            preconditionFailure("where nothing is missing, everything is there")
        }
        if setup.replay?.network == false { grants.network = false }
        var masker = Masker()
        for (name, value) in provision.secrets { masker.register(value, name: name) }
        let declared = type.configurationProperties.filter(\.secret).map(\.name)
        action = provision.action
        secretKeys = provision.secretKeys.union(declared)
        let texts =
            action.configuration.filter { provision.secretKeys.contains($0.key) }.map(\.value)
            + action.environmentVariables.filter { $0.kind == .secretsManager }.map(\.value)
        secrets = Set(provision.secrets.map(\.value) + texts)
        providerSettings = provision.entry?.value
        limits = setup.limits.limits(
            plugin: plugin.manifest.name, pipeline: assignment.pipeline, stage: assignment.stage, action: action.name)
        self.grants = grants
        self.masker = masker
        self.plugin = plugin
        self.type = type
        self.assignment = assignment
        self.setup = setup
    }

    var hostPaths: [Workspaces.HostPath] {
        let granted = plugin.manifest.permissions.hostPaths.flatMap { slot in
            (grants.hostPaths[slot.name] ?? []).map { Workspaces.HostPath($0, writable: slot.mode == .readWrite) }
        }
        guard let scratch = setup.replay?.scratch else { return granted }
        return granted.enumerated().map { index, path in
            Workspaces.HostPath("\(scratch)/\(index)", inside: path.path, writable: path.writable)
        }
    }

    /// The user as whom the job runs, who can write what it may write; nil when it runs as we do.
    /// - Parameter tell: is told whom it waits for, when it takes long.
    func slot(of slots: SlotPool?, tell: (String) -> Void) async throws -> Slot? {
        guard setup.replay?.scratch != nil else {
            return try await slots?.slot(writing: hostPaths.filter(\.writable).map(\.path), tell: tell)
        }
        let slot = try await slots?.slot(tell: tell)
        for path in hostPaths.map(\.path) {
            // Of a worker that is started again they are there.
            mkdir(path, 0o755)
            if let user = slot?.identity { chown(path, user.uid, user.gid) }
        }
        return slot
    }

    /// The job as a person may see it: without its secrets.
    func masked(_ job: Job) -> JSON { masked(HostMessage.job(job).json) }

    private func masked(_ json: JSON) -> JSON {
        switch json {
        case .string(let text):
            .string(!text.isEmpty && secrets.contains(text) ? Masker.replacement : masker.mask(text))
        case .array(let elements): .array(elements.map(masked))
        case .object(let members): .object(members.mapValues(masked))
        case .null, .bool, .integer, .real: json
        }
    }

    /// - Parameter root: of the workspace, as the plugin sees it.
    func environment(_ root: String) -> [String: String] {
        var host: [String: String] = [:]
        for name in grants.environment {
            if let value = getenv(name) { host[name] = String(cString: value) }
        }
        return plugin.manifest.run.lifecycle.environment(root: root, granted: grants.environment, host: host)
    }

    /// Where this action of this pipeline finds what it kept; nil when its plugin keeps nothing.
    var cache: String? {
        let names = [assignment.pipeline, assignment.stage, assignment.action.name]
        // Both are names that an action may have, and no names that a folder may have.
        guard plugin.manifest.run.cache, assignment.operation == .run, !names.contains("."), !names.contains("..")
        else { return nil }
        return "\(setup.caches)/\(names.joined(separator: "/"))"
    }

    /// - Throws: `Failure` when the plugin cannot be given this job (HST-23).
    func job(_ id: String, in workspace: Workspace, hasCache: Bool) throws(Failure) -> Job {
        let run = plugin.manifest.run
        let secondsLeft = assignment.secondsLeft(setup.now())
        guard secondsLeft > 0 else {
            throw Failure(.timedOut, "the action as a whole has reached its time limit")
        }
        let data = JobData(
            actionTypeId: type.id, configuration: action.configuration,
            pipelineContext: .init(
                pipelineName: assignment.pipeline, pipelineExecutionId: assignment.execution,
                stageName: assignment.stage, actionName: action.name, actionExecutionId: assignment.actionExecution),
            inputArtifacts: assignment.inputs.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, revision: assignment.revisions[$0.key], path: workspace.inputPath($0.key))
            },
            outputArtifacts: assignment.outputs.map { .init(name: $0.name, path: workspace.outputPath($0.name)) },
            continuationToken: assignment.continuationToken, cursor: assignment.cursor, event: assignment.event,
            action: computeAction, providerSettings: providerSettings, sourceRevision: assignment.sourceRevision)
        let job = Job(
            jobId: id, operation: assignment.operation, attempt: assignment.attempt,
            timeoutSeconds: min(run.timeoutSeconds, secondsLeft, limits.seconds ?? .max),
            cancelGraceSeconds: run.cancelGraceSeconds, secretConfigurationKeys: secretKeys.sorted(),
            workspace: .init(
                root: setup.sandbox.root(of: workspace), tmp: workspace.tmpPath,
                cache: hasCache ? workspace.cachePath : nil),
            host: .init(name: "penstock", version: setup.version), data: data)
        try plugin.manifest.admit(job)
        return job
    }

    private var computeAction: ComputeAction? {
        guard !action.commands.isEmpty else { return nil }
        return ComputeAction(
            commands: action.commands,
            environmentVariables: action.environmentVariables.map {
                .init(name: $0.name, value: $0.value, type: $0.kind.rawValue)
            },
            outputVariables: action.outputVariables,
            outputArtifacts: action.outputArtifacts.map { .init(name: $0.name, files: $0.files) })
    }
}
