import ArgumentParser
import Artifacts
import Conformance
import Dispatch
import Engine
import Glibc
import Jansson
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Synchronization
import Workspaces

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Runs the recorded job of an action again, offline, and compares.",
        discussion: """
            The plugin is given what it was given: the inputs from the artifact store, the first job of the newest \
            admission of the action, without a continuation token; with the settings and the secrets of today. It has no \
            network, and empty directories in place of the host paths, unless --network and --grants give it what it \
            is granted. Nothing of the execution changes, and nothing is stored. Exit code 0 says that it ended as it \
            did, 1 that it did not.
            """)

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @Argument(help: "The action: NAME or STAGE/NAME.")
    var action: String

    @Flag(help: "The plugin has the network if it is granted.")
    var network = false

    @Flag(help: "The plugin has the host paths that it is granted, and may change what it may write there.")
    var grants = false

    @Option(help: "How the plugin is kept from this machine; as the execution's actions were, if absent.")
    var sandbox: Sandbox.Profile?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wiring = try Wiring(common)
        let recorded = try await RecordedAction(action, of: execution, in: common.history())
        try recorded.requirePlugin()
        let sandbox = try sandbox ?? recorded.execution.sandbox()
        guard sandbox != .none || network && grants else {
            throw Answer(
                .usage,
                "\(recorded.name): without a sandbox nothing can be kept from a plugin: say --sandbox namespaces, or"
                    + " --network --grants")
        }
        let job = recorded.firstJob
        let folder = try makeTemporaryFolder()
        defer { try? Workspace(root: folder, owner: nil).remove() }
        let setup = try setup(wiring, sandbox, folder)
        introduce(recorded, job, wiring)
        let end = try await replay(job.dispatch, try Runner(setup) { _ in }, recorded)
        guard let replay = setup.replay else { preconditionFailure("it was set up here") }
        let differences = replay.differences(job.end, end, artifacts: setup.artifacts)
        show(job, end, differences)
        throw Answer(differences.isEmpty ? .yes : .no)
    }

    private func setup(_ wiring: Wiring, _ sandbox: Sandbox.Profile, _ folder: String) throws -> RunnerSetup {
        // The sandbox's users must reach their workspaces in it, and see nothing on the way.
        for path in [folder] + ["workspaces", "scratch"].map({ "\(folder)/\($0)" }) {
            guard mkdir(path, 0o711) == 0 || errno == EEXIST, chmod(path, 0o711) == 0 else {
                throw Answer(.fault, "\(path): \(String(cString: strerror(errno)))")
            }
        }
        var setup = try wiring.setup(wiring.sandbox(sandbox))
        setup.workspaces = "\(folder)/workspaces"
        setup.caches = "\(folder)/caches"
        setup.logs = ActionLogs(directory: "\(folder)/logs")
        setup.replay = Replay(
            network: network, scratch: grants ? nil : "\(folder)/scratch",
            outputs: try ArtifactStore(directory: "\(folder)/artifacts"))
        return setup
    }

    /// - Throws: an answer when it cannot be started, or a signal asked to end.
    private func replay(_ dispatch: Engine.Dispatch, _ runner: Runner, _ recorded: RecordedAction) async throws
        -> Event?
    {
        let cancel = CancelSignal()
        // The runner, too, cancels what grows too large.
        let interruption = Request()
        let signals = endingSignals().map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                interruption.set()
                cancel.cancel(.user)
            }
            source.resume()
            return source
        }
        defer { for signal in signals { signal.cancel() } }
        let outcome: Result<Event?, Failure>
        do throws(Failure) {
            outcome = .success(try await runner.replay(dispatch, cancel: cancel) { show($0, of: dispatch.attempt) })
        } catch {
            outcome = .failure(error)
        }
        await runner.shutdown()
        if interruption.isSet { throw Answer(.stopped, "interrupted") }
        do throws(Failure) {
            return try outcome.get()
        } catch {
            throw Answer(.usage, "\(recorded.name): \(error.message)")
        }
    }

    // MARK: What is shown

    private func introduce(_ recorded: RecordedAction, _ job: RecordedJob, _ wiring: Wiring) {
        guard let plugin = wiring.catalogue.plugin(for: ActionTypeIdentifier(recorded.action.type)) else { return }
        if let path = plugin.change(since: job.dispatchedAt) {
            complain("plugin \(plugin.manifest.name) has changed since it ran: \(path)")
        }
        guard common.format == .human, !common.quiet else { return }
        let manifest = plugin.manifest
        print(
            "\(recorded.name) of \(recorded.execution.id), attempt \(job.dispatch.attempt.number), by plugin"
                + " \(manifest.name) \(manifest.version)")
        fflush(standardOutput)
    }

    private func show(_ line: LogLine, of attempt: Attempt) {
        guard !common.quiet else { return }
        switch common.format {
        case .json:
            guard case .object(var members) = line.json else { return }
            members["event"] = "log"
            members["time"] = .string(rfc3339(line.time))
            members["stage"] = .string(attempt.stage)
            members["action"] = .string(attempt.action)
            print(JSON.object(members).text)
        case .human: print("\(timeOfDay(line.time)) \(printable(line.text))")
        }
        fflush(standardOutput)
    }

    private func show(_ job: RecordedJob, _ end: Event?, _ differences: [ReplayDifference]) {
        switch common.format {
        case .json:
            print(
                JSON.object([
                    "event": "replay", "same": .bool(differences.isEmpty), "recorded": .string(job.end.endingWord),
                    "replayed": .string(end.endingWord), "differences": .array(differences.map(\.json)),
                ]).text)
        case .human:
            let isSame = differences.isEmpty
            print("\(end.endingWord), \(isSame ? "the same as recorded" : "which differs from what was recorded:")")
            for difference in differences { print(printableLines(difference.text)) }
        }
    }
}

private final class Request: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

extension RecordedAction {
    /// That of the newest admission without a token; of several, because a core or a machine failed, the one with a
    /// result. There is one, as `requirePlugin` has said.
    fileprivate var firstJob: RecordedJob {
        let first = jobs.filter { $0.dispatch.attempt.id == jobs.last?.dispatch.attempt.id }
            .filter { $0.dispatch.continuationToken == nil }
        guard let last = first.last else { preconditionFailure("an action is first asked without a token") }
        return first.last { job in
            if case .attemptLost? = job.end { false } else { job.end != nil }
        } ?? last
    }
}

extension ReplayDifference {
    /// The longest list of files that a person reads.
    private static let shownFiles = 20

    fileprivate var text: String {
        let more = files.count - Self.shownFiles
        let list =
            files.prefix(Self.shownFiles).map { "\n      \($0)" } + (more > 0 ? ["\n      and \(more) more"] : [])
        return "- \(what)\n    recorded: \(recorded ?? "(none)")\n    replayed: \(replayed ?? "(none)")\(list.joined())"
    }

    fileprivate var json: JSON {
        .object(present: [
            "what": .string(what), "recorded": recorded.map { .string($0) }, "replayed": replayed.map { .string($0) },
            "files": files.isEmpty ? nil : .strings(files),
        ])
    }
}
