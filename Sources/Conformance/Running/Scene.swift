import Glibc
import Jansson
import PluginProtocol
import Processes
import Workspaces

/// One scenario with one fixture: an outside world of its own, and one or several processes of the plugin in it.
public actor Scene {
    /// How one process is started.
    public struct Start: Sendable {
        public var layout = Layout.plain
        public var lifecycle = Manifest.Run.Lifecycle.oneShot
        /// Its standard input is a terminal, and nothing says that a host has started it.
        public var byHand = false
        /// Its standard input is a pipe, and it has a terminal and the variables of a person's login.
        public var isGenerous = false

        /// Nothing can be written to its `tmp/` and `home/`.
        public var isScarce = false

        /// Another instance has the usual root.
        var isBeside = false

        public init() {}

        /// Of a workspace by its folder's name: the root that the plugin is told, and what of it is the job's own.
        func place(_ name: String) -> (root: String, prefix: String) {
            if lifecycle == .worker { return (Layout.plain.root, "jobs/\(name)/") }
            return (isBeside ? "/jobs/\(name)" : layout.root, "")
        }
    }

    nonisolated let bench: Bench
    public nonisolated let probe: String
    public nonisolated let fixture: Fixture
    nonisolated let folder: String
    private nonisolated let slot: Slot?
    private var random: SeededNumbers
    private var isPrepared = false
    /// Of the action that all jobs of this scenario belong to.
    private nonisolated let execution: (pipeline: String, action: String)

    init(_ bench: Bench, _ fixture: Fixture, probe: String) async throws {
        self.bench = bench
        self.fixture = fixture
        self.probe = probe
        let (number, random) = await bench.newScene()
        var numbers = random
        execution = (numbers.uuid(), numbers.uuid())
        self.random = numbers
        slot = try await bench.slots?.slot()
        folder = "\(bench.base)/\(number)"
        let slots = bench.setting.manifest.permissions.hostPaths.map { "outside/\($0.name)" }
        for name in ["", "outside", "tmp", "home", "jobs"] + slots { try makeFolder(name) }
    }

    private nonisolated func makeFolder(_ name: String) throws {
        let path = name.isEmpty ? folder : "\(folder)/\(name)"
        let isOurs = ["jobs", "pipes"].contains(name)
        let mode: mode_t = name.isEmpty ? 0o711 : isOurs ? 0o755 : 0o777
        guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else {
            throw KitFault("cannot make \(path): \(message(ofError: errno))")
        }
        if let identity = slot?.identity, !isOurs, !name.isEmpty { chown(path, identity.uid, identity.gid) }
    }

    // MARK: Jobs

    /// A fresh workspace for a job of a fixture.
    /// - Parameter inputs: other artifacts than the fixture's: name to the folder to copy, nil for an empty one.
    func place(
        for fixture: Fixture, _ start: Start, inputs: [String: String?]? = nil, outputs: [String]? = nil
    ) throws -> Place {
        let sources: [String: String?] =
            inputs ?? fixture.inputArtifacts.mapValues { $0.hasPrefix("/") ? $0 : "\(bench.plugin)/\($0)" }
        return try Place(
            in: "\(folder)/jobs", inside: start.place,
            layout: start.layout, owner: slot?.identity, sources: sources, outputs: outputs ?? fixture.outputArtifacts,
            random: &random)
    }

    /// The job of a fixture in a workspace, as a host would make it.
    func job(_ fixture: Fixture, at place: Place, token: String? = nil) -> Job {
        let type = bench.setting.manifest.actionTypes.first { $0.id == fixture.actionType }
        let secretKeys = type?.configurationProperties.filter(\.secret).map(\.name) ?? []
        var configuration = fixture.configuration.mapValues(filled)
        for key in secretKeys where configuration[key] == nil {
            configuration[key] = bench.setting.secrets[key] ?? canary()
        }
        var action = fixture.action
        action?.commands = fixture.action?.commands.map(filled) ?? []
        let data = JobData(
            actionTypeId: fixture.actionType, configuration: configuration,
            pipelineContext: JobData.PipelineContext(
                pipelineName: "shop", pipelineExecutionId: execution.pipeline, stageName: "Stage",
                actionName: fixture.name, actionExecutionId: execution.action),
            inputArtifacts: place.artifacts(place.inputs, below: "in", in: place.inputs.keys.sorted()),
            outputArtifacts: place.artifacts(place.outputs, below: "out", in: place.outputs.keys.sorted()),
            continuationToken: token, cursor: fixture.cursor, event: fixture.event.map(filled), action: action,
            providerSettings: fixture.providerSettings.map { filled(withSecrets($0)) })
        return Job(
            jobId: random.uuid(), operation: fixture.operation,
            timeoutSeconds: fixture.timeoutSeconds, cancelGraceSeconds: bench.setting.manifest.run.cancelGraceSeconds,
            secretConfigurationKeys: secretKeys.filter { configuration[$0] != nil }, workspace: place.job,
            host: Self.host, data: data)
    }

    /// A plugin is not to behave better because it is judged: the name is an ordinary host's.
    private static let host = Job.Host(name: "penstock", version: "1.0")

    /// What no other job has.
    func newIdentifier() -> String { random.uuid() }

    /// The operator's settings with a value for each `{"secret": NAME}`.
    private func withSecrets(_ json: JSON) -> JSON {
        if let name = json.secretName { return .string(bench.setting.secrets[name] ?? canary()) }
        return switch json {
        case .array(let elements): .array(elements.map(withSecrets))
        case .object(let members): .object(members.mapValues(withSecrets))
        case .string, .null, .bool, .integer, .real: json
        }
    }

    /// A secret that stands nowhere else, with characters that every way of writing it changes.
    private func canary() -> String {
        "canary-\(String(random.next(), radix: 36))+/=\"&\\\(String(random.next(), radix: 36))"
    }

    /// A text of a fixture with its placeholders filled in.
    private nonisolated func filled(_ text: String) -> String {
        text.replacing("{outside}", with: "/outside").replacing(/\{hostPath:([0-9A-Za-z_-]+)\}/) { "/outside/\($0.1)" }
    }

    private nonisolated func filled(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(filled(text))
        case .array(let elements): .array(elements.map(filled))
        case .object(let members): .object(members.mapValues(filled))
        case .null, .bool, .integer, .real: json
        }
    }

    // MARK: Processes

    /// Starts the plugin.
    /// - Parameter place: the workspace that it works in; nil for a worker, or where it gets no job.
    func start(_ start: Start = Start(), at place: Place?) async throws -> Subject {
        let place = try place ?? self.place(for: fixture, start)
        let child = try await spawn(start, place, [])
        let subject = Subject(
            child, fixture: fixture.name, probe: probe, lifecycle: start.lifecycle, scale: bench.setting.scale,
            allowance: bench.allowance, watch: bench.setting.watch, endsFloods: bench.setting.endsFloods)
        Task { await subject.listen() }
        Task { await watchDisk(subject) }
        return subject
    }

    /// Starts the plugin twice in one sandbox, each with a workspace of its own, and gives both their jobs.
    func startPair() async throws -> (Subject, Subject) {
        var beside = Start()
        beside.isBeside = true
        let (first, second) = (try place(for: fixture, Start()), try place(for: fixture, beside))
        // Not where the plugin may write: what opens them outside must not be led elsewhere by a link.
        try makeFolder("pipes")
        let names = ["input", "output", "error"]
        let pipes = names.map { "\(folder)/pipes/\($0)" }
        for pipe in pipes {
            guard mkfifo(pipe, 0o666) == 0, chmod(pipe, 0o666) == 0 else {
                throw KitFault("cannot make \(pipe): \(message(ofError: errno))")
            }
        }
        let inside = names.map { "/pipes/\($0)" }
        let child = try await spawn(
            Start(), first, ["--second"] + inside + [second.root],
            besides: [HostPath("\(folder)/pipes", inside: "/pipes")])
        // Named pipes, because a process is started with one set of pipes only: cat carries the second.
        let relay = try await Reactor.shared.spawn(
            Command(
                executable: "/bin/sh",
                arguments: ["-c", "cat <\"$2\" & cat <\"$3\" >&2 & exec cat >\"$1\"", "sh"] + pipes,
                environment: ["PATH": "/usr/bin:/bin"]))
        func subject(_ child: Child, _ instance: Int, _ sandbox: Int32) -> Subject {
            Subject(
                child, fixture: fixture.name, sandbox: sandbox, instance: instance, probe: probe, lifecycle: .oneShot,
                scale: bench.setting.scale, allowance: bench.allowance)
        }
        let pair = (subject(child, 0, child.pid), subject(relay, 1, child.pid))
        Task { await pair.0.listen(partner: pair.1) }
        Task { await pair.1.listen() }
        Task { await watchDisk(pair.0) }
        await pair.0.give(job(fixture, at: first), of: fixture, at: first)
        await pair.1.give(job(fixture, at: second), of: fixture, at: second)
        await pair.0.endInput()
        await pair.1.endInput()
        return pair
    }

    private func spawn(
        _ start: Start, _ place: Place, _ options: [String], besides paths: [HostPath] = []
    ) async throws -> Child {
        var supervision = options
        if !isPrepared { supervision += fixture.setup.flatMap { ["--before", $0] } }
        isPrepared = true
        if start.byHand || start.isGenerous { supervision.append(start.byHand ? "--terminal" : "--login") }
        if start.lifecycle == .worker {
            // What is bound there has to find a folder: here the plugin's user may make none.
            mkdir("\(place.workspace.root)/jobs", 0o755)
        }
        return try await run(
            bench.setting.manifest.run.command, at: place, root: place.root,
            environment: environment(start, place.root),
            exposure: .init(tmp: "\(folder)/tmp", supervision: supervision, isScarce: start.isScarce), besides: paths)
    }

    private func run(
        _ command: [String], at place: Place, root: String, environment: [String: String],
        exposure: Sandbox.Exposure, besides paths: [HostPath] = []
    ) async throws -> Child {
        let outside = HostPath("\(folder)/outside", inside: "/outside", writable: true)
        // A worker's jobs are below its own root.
        let jobs = HostPath("\(folder)/jobs", inside: "\(place.prefix.isEmpty ? "" : root)/jobs", writable: true)
        let launch = Launch(
            plugin: bench.plugin, command: command, workspace: place.workspace, environment: environment,
            network: bench.setting.network && fixture.needsNetwork, hostPaths: [outside, jobs] + home + paths)
        var sandbox = Sandbox(.bubblewrap, launcher: bench.launcher, etc: bench.etc)
        sandbox.insideRoot = root
        sandbox.exposure = exposure
        try Interruption.check()
        let child: Child
        do {
            child = try await Reactor.shared.spawn(sandbox.command(for: launch))
        } catch {
            throw KitFault("the kit's sandbox: \(error)")
        }
        // It may have come between the look and the start.
        if Interruption.wasRequested { await child.finish() }
        try Interruption.check()
        return child
    }

    /// Where a plugin that ignores `HOME` would write: what the sandbox and what this machine call its user's home.
    private nonisolated var home: [HostPath] {
        let real = getenv("HOME").map { String(cString: $0) }.flatMap { home in
            home == "/root" || home.hasPrefix("/home/") && home != Bench.home ? home : nil
        }
        return ([Bench.home] + [real].compactMap { $0 }).map { HostPath("\(folder)/home", inside: $0, writable: true) }
    }

    nonisolated func environment(_ start: Start, _ root: String) -> [String: String] {
        var environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "\(root)/home", "TMPDIR": "\(root)/tmp",
            "LANG": "C.UTF-8", "TZ": "UTC", "CI": "true", "PYTHONUNBUFFERED": "1",
        ]
        if !start.byHand {
            environment["PENSTOCK_PROTOCOL"] = WireProtocol.version
            environment["PENSTOCK_LIFECYCLE"] = start.lifecycle.rawValue
        }
        if start.isGenerous {
            environment.merge(["USER": "penstock", "LOGNAME": "penstock", "SHELL": "/bin/sh", "TERM": "dumb"]) { $1 }
        }
        for name in bench.setting.manifest.permissions.environment {
            environment[name] = environment[name] ?? bench.setting.environment[name]
        }
        return environment
    }

    /// Ends a process that fills the disk.
    private nonisolated func watchDisk(_ subject: Subject) async {
        let limit = Usage(bytes: 4 << 30, entries: 500_000)
        let scene = Workspace(root: folder, owner: nil)
        // Looking costs more the more there is, so it is not done all the time.
        while await !subject.isOver, (try? await Task.sleep(for: .seconds(1))) != nil {
            guard let usage = try? scene.usage(), usage.bytes > limit.bytes || usage.entries > limit.entries else {
                continue
            }
            let what = "it has written \(usage.bytes >> 20) MiB in \(usage.entries) entries, and was ended"
            await subject.give(up: KitFault(what, fixture: fixture.name))
            return
        }
    }

    // MARK: Ending

    /// Ends a process and keeps its record.
    @discardableResult
    func finish(_ subject: Subject) async throws -> Recording {
        var recording = try await subject.finish()
        recording.strewn =
            Snapshot(of: "\(folder)/tmp").entries.keys.sorted().map { "/tmp/\($0)" }
            + Snapshot(of: "\(folder)/home").entries.keys.sorted().map { "~/\($0)" }
        // Each process is told only of its own.
        for name in ["tmp", "home"] {
            try? Workspace(root: "\(folder)/\(name)", owner: nil).remove()
            try makeFolder(name)
        }
        await bench.keep(recording)
        return recording
    }

    /// Runs the fixture's `verify`.
    /// - Returns: nil when it is content or there is none, else what it said.
    func verify() async throws -> String? {
        guard let verify = fixture.verify else { return nil }
        let (status, words) = try await runOutside(verify)
        return status == 0 ? nil : "`\(verify)` ended with status \(status)\(words.isEmpty ? "" : ": \(words)")"
    }

    /// Runs the fixture's teardown and removes what belongs to the scenario.
    func close() async throws {
        defer { try? Workspace(root: folder, owner: nil).remove() }
        for command in fixture.teardown {
            let (status, words) = try await runOutside(command)
            guard status == 0 else {
                throw KitFault("teardown `\(command)` ended with status \(status): \(words)", fixture: fixture.name)
            }
        }
    }

    /// Runs a command of the fixture beside a plugin that does nothing, in the same outside world.
    private func runOutside(_ command: String) async throws -> (status: Int, words: String) {
        let place = try place(for: fixture, Start(), inputs: [:], outputs: [])
        let child = try await run(
            ["/bin/sh", "-c", "cd /plugin; \(command)"], at: place, root: place.root,
            environment: environment(Start(), place.root).merging(["OUTSIDE": "/outside"]) { $1 },
            exposure: .init(tmp: "\(folder)/tmp"))
        let subject = Subject(
            child, fixture: fixture.name, probe: probe, lifecycle: .oneShot, scale: bench.setting.scale,
            allowance: bench.allowance)
        Task { await subject.listen() }
        Task { await watchDisk(subject) }
        await subject.endInput()
        try await subject.awaitExit(within: .seconds(30))
        let recording = try await subject.finish()
        let words = (recording.output + recording.log).map(\.heard.text).joined(separator: "; ")
        guard case .code(let code)? = recording.exit else { return (128, words) }
        return (Int(code), words)
    }
}
