import ArgumentParser
import Artifacts
import Client
import CodePipelineAPI
import Engine
import Failpoints
import Glibc
import Jansson
import PluginHost
import Runner
import Settings
import Store
import Synchronization
import Workspaces

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs pipelines for others, who speak CodePipeline's API over a Unix socket.",
        discussion: """
            Goes on with all executions that are not over, those of an interrupted `penstock run` too. SIGTERM and \
            Ctrl-C end it at once; what runs then is run again by the next one. Only its own user and root may call.
            """)

    @OptionGroup var socket: SocketOption

    @OptionGroup var sandboxing: SandboxOption
    @OptionGroup var running: WidthOptions

    @Option(
        help: ArgumentHelp(
            "How many executions of a pipeline may be in progress, but in SUPERSEDED.", valueName: "count"))
    var concurrentExecutions: Int = PipelineLimits().concurrentExecutions

    @Option(help: ArgumentHelp("How many actions of one execution run at once, in PARALLEL.", valueName: "count"))
    var concurrentActions: Int = PipelineLimits().concurrentActions

    @Option(
        help: ArgumentHelp(
            "How long an execution may wait at a disabled transition and still go on.", valueName: "days"))
    var waitingDays: Int = PipelineLimits().waitingDays

    @OptionGroup var common: CommonOptions

    func validate() throws {
        for (name, value) in [
            ("--concurrent-executions", concurrentExecutions), ("--concurrent-actions", concurrentActions),
            ("--waiting-days", waitingDays),
        ] {
            guard 1...10_000 ~= value else { throw ValidationError("\(name) must be from 1 to 10000, found \(value)") }
        }
    }

    func run() async throws {
        let path = try socket.path(common.stateDirectory)
        try await refuseUsedPath(path)
        let wiring = try Wiring(common)
        let store = try wiring.store(.writing)
        let sandbox = try await wiring.sandbox(sandboxing)
        try await refuseWeakerSandbox(than: sandbox.profile, store)
        let runner = try await wiring.runner(sandbox, running) { news in
            // A log that cannot be written cannot tell so itself.
            guard case .log(let attempt, let line) = news, line.stream == "host", line.level == "warning" else {
                return
            }
            complain("\(attempt.place) of \(attempt.execution): \(line.text)")
        }
        let journalFault = JournalFault()
        let view = ServeView(common.format, quiet: common.quiet)
        let registry = PipelineRegistry(
            store, handler: runner, circumstance: circumstance,
            limits: PipelineLimits(
                concurrentExecutions: concurrentExecutions, concurrentActions: concurrentActions,
                waitingDays: waitingDays)
        ) {
            view.show($0)
        } failed: {
            journalFault.note($0)
        }
        try await registry.recover()
        reach(.recovered)
        let endpoint = Endpoint(
            CodePipeline(
                registry, catalogue: wiring.actionTypes, sandbox: sandbox.profile.rawValue,
                newID: { ExecutionID(randomUUID()) }, now: now), users: [geteuid(), 0], complain: { complain($0) })
        let pruning = Task { await prune(store, registry, wiring, view) }
        defer { pruning.cancel() }
        // What a daemon left that was killed.
        unlink(path)
        do {
            try await endpoint.serve(on: path) {
                chmod(path, 0o600)
                journalFault.arm()
                view.say("serves \(path)")
            }
        } catch {
            await runner.shutdown()
            throw Answer(.fault, "\(path): cannot listen there: \(error)")
        }
        unlink(path)
        await runner.shutdown()
        if let fault = journalFault.message { throw Answer(.fault, "ended, because nothing can be recorded: \(fault)") }
    }

    /// At the start and every hour, if the settings say how much is kept.
    private func prune(_ store: Store, _ registry: PipelineRegistry, _ wiring: Wiring, _ view: ServeView) async {
        guard wiring.settings.retention != nil else { return }
        while !Task.isCancelled {
            do {
                let report = try await wiring.pruning(store) { try await registry.forget($0, of: $1) }
                    .run(wiring.retention, at: now())
                if report.bytes > 0 || !report.executions.isEmpty { view.say(report.sentence(isRehearsal: false)) }
            } catch {
                complain("cannot prune: \(error)")
            }
            // Limits count in days, and a look at everything that is kept takes its time. A cancel ends the loop.
            try? await Task.sleep(for: .seconds(3_600))
        }
    }

    private func refuseUsedPath(_ path: String) async throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Answer(.usage, "\(path): is there already, and is no socket; give another --socket")
        }
        do {
            _ = try await Client(socket: path).call("ListPipelines", [:])
        } catch ClientError.unreachable {
            return
        } catch {}
        throw Answer(.usage, "\(path): another daemon answers there; give another --socket, or end that one")
    }

    /// What was begun in a sandbox never goes on without one, and in another not without a word.
    private func refuseWeakerSandbox(than sandbox: Sandbox.Profile, _ store: Store) async throws {
        for name in try await store.pipelinesInProgress() {
            for execution in try await store.load(name, limits: PipelineLimits())?.state.executions.values.map(\.self)
                ?? []
            where execution.start.sandbox != sandbox.rawValue {
                guard sandbox != .none else {
                    throw Answer(
                        .usage,
                        "--sandbox \(sandbox.rawValue): execution \(execution.id) of \(name) was started with the sandbox"
                            + " \(execution.start.sandbox); end it first by `\(common.resumption(of: execution.id.text))`"
                    )
                }
                let before = Sandbox.Profile(rawValue: execution.start.sandbox)
                complain(
                    "execution \(execution.id) of \(name) goes on in the sandbox \(sandbox.rawValue), and was started"
                        + (before == Sandbox.Profile.none ? " without one" : " in \(execution.start.sandbox)"))
            }
        }
    }
}

/// The first commit that could not be stored: it ends the daemon, and what is on disk goes on when it is started again.
private final class JournalFault: Sendable {
    private let state = Mutex((message: String?.none, isArmed: false))

    var message: String? { state.withLock { $0.message } }

    func note(_ error: any Error) {
        state.withLock { state in
            guard state.message == nil else { return }
            state.message = "\(error)"
            if state.isArmed { kill(getpid(), SIGTERM) }
        }
    }

    /// From now on there is somebody who takes SIGTERM for a wish.
    func arm() {
        state.withLock { state in
            state.isArmed = true
            if state.message != nil { kill(getpid(), SIGTERM) }
        }
    }
}
