import Artifacts
import Conformance
import Definitions
import Engine
import Glibc
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Settings
import Store
import Workspaces

/// What is installed here: the sandbox's launcher and the plugins.
struct Installation {
    let launcher: String
    let shippedPlugins: String?
    let catalogue: PluginCatalogue

    init(_ options: PluginOptions) {
        launcher = Self.launcher
        shippedPlugins = Self.shippedPlugins
        let installed: [String] = access(defaultPlugins(), F_OK) == 0 ? [defaultPlugins()] : []
        let byDefault = installed + [shippedPlugins].compactMap { $0 }
        catalogue = PluginCatalogue(
            searching: options.directories.map(absolute) + byDefault, byDefault: Set(byDefault))
    }

    /// `../lib/penstock/NAME` of an installation, or its path in the checkout that holds the build folder.
    private static func shipped(
        _ name: String, inCheckout path: String? = nil, beside directory: String
    ) -> String? {
        let installed = "\(directory)/../lib/penstock/\(name)"
        if access(installed, F_OK) == 0 { return realpath(of: installed) }
        let components = directory.split(separator: "/")
        guard let build = components.lastIndex(where: { $0.hasPrefix(".build") }) else { return nil }
        return "/\(components[..<build].joined(separator: "/"))/\(path ?? name)"
    }

    /// `penstock-sandbox`, beside this program.
    static var launcher: String { "\(executablePath().directory)/penstock-sandbox" }

    /// What new plugins begin with.
    /// - Throws: a fault of the installation.
    static func templates() throws -> String {
        let program = executablePath()
        guard
            let directory = shipped("templates", inCheckout: "Sources/Authoring/Templates", beside: program.directory),
            access(directory, F_OK) == 0
        else {
            throw Answer(.fault, "\(program.directory)/../lib/penstock/templates: is not there; install Penstock again")
        }
        return directory
    }

    /// The plugins that came with Penstock.
    static var shippedPlugins: String? { shipped("plugins", beside: executablePath().directory) }

    /// What asks AWS for secrets.
    static var awsProgram: String? {
        shipped(
            "providers/aws/secret", inCheckout: "Sources/Settings/Providers/aws/secret",
            beside: executablePath().directory)
    }

    /// What plugins are judged by.
    /// - Throws: a fault of the installation.
    static func specification() throws -> Specification {
        let program = executablePath()
        guard let directory = shipped("spec", beside: program.directory) else {
            throw Answer(.fault, "\(program.directory)/../lib/penstock/spec: is not there; install Penstock again")
        }
        do {
            return try Specification(directory: directory)
        } catch {
            throw Answer(.fault, "\(error); install Penstock again")
        }
    }

    /// What a definition may use: AWS's types and those of the installed plugins.
    var actionTypes: ActionTypeCatalogue {
        let aws = ActionTypeCatalogue.aws
        // Where AWS says what a type takes, a definition is judged by that, whatever serves it here.
        let ours = catalogue.plugins.flatMap(\.manifest.actionTypes).map(Pipelines.ActionType.init).filter {
            aws[$0.id] == nil
        }
        return aws.adding(ours, searchedPlaces: catalogue.searched)
    }
}

/// The one place that knows where everything is and puts it together.
struct Wiring {
    let state: String
    let logs: ActionLogs
    let installation: Installation
    let settings: Settings
    let limits: LimitPolicy
    /// One for the whole process: no plugin is digested twice.
    let locks = PluginLocks()

    var launcher: String { installation.launcher }
    var shippedPlugins: String? { installation.shippedPlugins }
    var catalogue: PluginCatalogue { installation.catalogue }
    var actionTypes: ActionTypeCatalogue { installation.actionTypes }

    /// - Parameter settingsMayBeMade: whether a settings file that is not there, or empty, is none that is missed.
    init(_ options: CommonOptions, settingsMayBeMade: Bool = false) throws {
        state = options.stateDirectory
        logs = options.logs
        installation = Installation(options.plugins)
        settings = try Self.settings(options.settings, installation.catalogue, mayBeMade: settingsMayBeMade)
        do {
            limits = try LimitPolicy(
                settings: settings.limits, plugins: Set(installation.catalogue.plugins.map(\.manifest.name)))
        } catch {
            throw DocumentError(file: settings.path ?? "", problem: error.description)
        }
    }

    private static func settings(
        _ named: String?, _ catalogue: PluginCatalogue, mayBeMade: Bool
    ) throws -> Settings {
        guard let path = named ?? defaultSettings() else { return .none }
        var status = stat()
        let isMissing = stat(path, &status) != 0 && errno == ENOENT || status.st_size == 0
        let document = try mayBeMade && isMissing ? [:] : readDocument(at: path)
        let providers = Set(catalogue.plugins.flatMap(\.manifest.actionTypes).map(\.id.provider))
        do {
            let settings = try Settings(
                document, path: path, options: named.map { ["--settings", absolute($0)] } ?? [], providers: providers,
                awsProgram: Installation.awsProgram)
            _ = try RetentionPolicy(settings: settings.retention)
            return settings
        } catch {
            throw DocumentError(file: path, problem: error.description)
        }
    }

    func sandbox(_ profile: Sandbox.Profile) throws -> Sandbox {
        profile == .none ? .none : Sandbox(profile, launcher: launcher, etc: try Etc(in: state))
    }

    /// The one that was asked for, or the first that works; it is said when that is not the best.
    func sandbox(_ option: SandboxOption) async throws -> Sandbox {
        if let profile = option.sandbox { return try sandbox(profile) }
        let first = try sandbox(Sandbox.preferred[0])
        let slot = try await SlotPool.own()?.slot()
        try makeWorkspaces()
        let (chosen, lacks) = await first.firstAvailable(in: workspaces, owner: slot?.identity)
        guard let best = lacks.first else { return first }
        let causes = lacks.map { "\($0.profile.rawValue): \($0.lack.cause)" }.joined(separator: "; ")
        guard let chosen else {
            complain("no sandbox works here, so actions that need one will fail (\(causes)). \(best.lack.remedy)")
            return first
        }
        complain("uses the sandbox \(chosen.profile.rawValue)\(chosen.weakness), because of \(causes)")
        return chosen
    }

    var workspaces: String { "\(state)/workspaces" }
    /// Nothing in it is removed at a start.
    var kept: KeptWorkspaces { KeptWorkspaces(directory: "\(state)/kept") }

    /// The parts that run actions; whatever an earlier core left behind is ended first.
    func runner(
        _ sandbox: Sandbox, _ running: WidthOptions, news: @escaping @Sendable (ActionNews) -> Void
    ) async throws -> Runner {
        try makeWorkspaces()
        try await endSurvivors(in: workspaces)
        var setup = setup(sandbox)
        setup.artifacts = try ArtifactStore(directory: artifacts)
        setup.kept = running.keepFailed ? kept : nil
        setup.width = running.jobs
        if limits.areOfMemory, sandbox.isConfined { setup.controlGroups = try controlGroups() }
        return try Runner(setup, news: news)
    }

    private func controlGroups() throws -> ControlGroups {
        do {
            return try ControlGroups()
        } catch {
            throw Answer(
                .usage,
                "\(settings.path ?? ""): limits: memoryBytes needs control groups, and none can be made: \(error). Limit"
                    + " the memory of the container or service that Penstock is, or set addressSpaceBytes instead")
        }
    }

    func makeWorkspaces() throws {
        guard mkdir(workspaces, 0o711) == 0 || errno == EEXIST else {
            throw Answer(.usage, "\(workspaces): cannot make it: \(String(cString: strerror(errno)))")
        }
    }

    var artifacts: String { "\(state)/artifacts" }

    /// To look at jobs of the past: nothing is made, and nothing stored.
    func setup(_ sandbox: Sandbox) -> RunnerSetup {
        var setup = RunnerSetup(
            catalogue: catalogue, shippedPlugins: shippedPlugins, settings: settings,
            artifacts: ArtifactStore(reading: artifacts), logs: logs, workspaces: workspaces,
            caches: "\(state)/caches", sandbox: sandbox, version: Penstock.version, now: now)
        setup.locks = locks
        setup.limits = limits
        return setup
    }

    func store(_ access: Store.Access) throws -> Store {
        let store = try Store(directory: state, access: access)
        for remark in store.remarks { complain(remark) }
        return store
    }
}

@Sendable func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
}

let circumstance = Circumstance(
    now: now, seed: { Seed(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) })

private func realpath(of path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
}

private func executablePath() -> (path: String, directory: String) {
    let path = realpath(of: "/proc/self/exe") ?? CommandLine.arguments[0]
    return (path, path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
}

extension Pipelines.ActionType {
    /// A plugin's declaration as the definition's rules need it.
    fileprivate init(_ type: PluginProtocol.ActionType) {
        self.init(
            id: ActionTypeID(
                category: type.id.category, owner: type.id.owner, provider: type.id.provider, version: type.id.version),
            properties: type.configurationProperties.map {
                .init(
                    name: $0.name, required: $0.required, key: $0.key, secret: $0.secret, queryable: $0.queryable,
                    type: .init(rawValue: $0.type.rawValue)!, description: $0.description)
            }, inputArtifacts: type.inputArtifacts, outputArtifacts: type.outputArtifacts)
    }
}
