import ArgumentParser
import Dispatch
import Engine
import Failpoints
import Glibc
import Pipelines
import PluginHost
import Runner
import Store
import Synchronization

/// Something that whoever watches an execution is told, in order.
enum Moment: Sendable {
    /// An earlier core's execution goes on, from here.
    case takenUp(Execution)
    case committed(Commit)
    case log(Attempt, LogLine)
    /// So many log lines came faster than they could be shown.
    case skipped(Int)
    case approval(ApprovalRequest, Driver)
    case interrupt(Int32)
    /// Nobody is there to answer an approval.
    case inputEnded
    case tick
}

/// Sees one execution through to its end: shows it, has approvals answered, obeys signals.
struct Conduct {
    private let moments: AsyncStream<Moment>
    private let sender: AsyncStream<Moment>.Continuation
    private let backlog = Backlog()
    /// Signals that are not taken up yet.
    private let interrupts = Interrupts()
    private let options: CommonOptions
    private let running: RunningOptions
    /// A thread of its own, because reading the terminal blocks; one question at a time.
    private static let asking = DispatchQueue(label: "approvals")

    init(_ options: CommonOptions, _ running: RunningOptions) {
        (moments, sender) = AsyncStream.makeStream()
        self.options = options
        self.running = running
    }

    var news: @Sendable (ActionNews) -> Void {
        { [sender, backlog] news in
            switch news {
            case .log(let attempt, let line): if backlog.admit() { sender.yield(.log(attempt, line)) }
            case .approval(let request, let driver): sender.yield(.approval(request, driver))
            }
        }
    }

    func takeUp(_ execution: Execution) { sender.yield(.takenUp(execution)) }

    func driver(_ state: PipelineState, _ store: Store, _ runner: Runner) -> Driver {
        Driver(state, journal: store, handler: runner, circumstance: circumstance) { [sender] in
            sender.yield(.committed($0))
        }
    }

    /// Sees an execution through, and the rollback that may follow from it.
    /// - Throws: always: the answer of the whole command.
    func end(_ id: ExecutionID, _ driver: Driver, _ runner: Runner) async throws -> Never {
        let signals = endingSignals().map { source(of: $0) }
        defer { for signal in signals { signal.cancel() } }
        let ending = Task { [sender] in
            defer { sender.finish() }
            try await driver.ended()
        }
        let view = makeView()
        let ticking = Task { [sender] in
            while (try? await Task.sleep(for: .milliseconds(100))) != nil { sender.yield(.tick) }
        }
        defer { ticking.cancel() }
        var waitingForAnswers = false
        var ids = [id]
        for await moment in moments {
            if case .interrupt = moment { interrupts.count.store(0, ordering: .relaxed) }
            view.show(moment)
            switch moment {
            case .approval(let request, let driver): answer(request, driver)
            case .interrupt(SIGTERM), .interrupt(SIGHUP): try await suspend(driver, runner, view, "was asked to end")
            case .interrupt: await stop(driver)
            case .inputEnded: waitingForAnswers = true
            case .log: if case let skipped = backlog.shown(), skipped > 0 { view.show(.skipped(skipped)) }
            case .committed(let commit): ids += commit.executions.map(\.after.id).filter { !ids.contains($0) }
            case .takenUp, .skipped, .tick: break
            }
            if waitingForAnswers, await isWaitingForAnswers(driver) {
                try await suspend(driver, runner, view, "nobody is there to answer the approval")
            }
        }
        let outcome = await ending.result
        reach(.executionEnded)
        await runner.shutdown()
        try outcome.get()
        for id in ids {
            guard let execution = try await driver.execution(id) else { continue }
            view.end(execution, options.resumption(of: id.text), shells: shells(of: execution))
        }
        switch try await driver.execution(id)?.status {
        case .succeeded: throw Answer(.yes)
        case .stopped: throw Answer(.stopped)
        case .failed, .superseded, .cancelled, .inProgress, .stopping, .cancelling, nil: throw Answer(.no)
        }
    }

    /// For each action that failed and of which something is kept, now or by an earlier core.
    private func shells(of execution: Execution) -> [(action: String, command: String)] {
        let kept = KeptWorkspaces(directory: "\(options.stateDirectory)/kept")
        return execution.stages.enumerated().flatMap { index, entered in
            let stage = execution.pipeline.stages[index]
            return stage.actions.filter { action in
                guard let admitted = entered.actions[action.name], case .failed = admitted.state else { return false }
                return kept.hasAny(of: execution.id, admitted.id)
            }.map { action in
                let name = "\(stage.name)/\(action.name)"
                return (name, options.shell(execution.id.text, name))
            }
        }
    }

    private func makeView() -> any View {
        if options.format == .json { return JSONView(quiet: options.quiet) }
        guard isatty(STDOUT_FILENO) == 1, !options.quiet else { return PlainView(quiet: options.quiet) }
        return LiveView(asks: running.approve == .ask)
    }

    // MARK: Signals

    private func source(of number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { [sender, interrupts] in
            interrupts.count.wrappingAdd(1, ordering: .relaxed)
            sender.yield(.interrupt(number))
            // Whoever reads what we print may have stopped reading, which stops us. Nothing is lost by ending here.
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(10)) {
                guard interrupts.count.load(ordering: .relaxed) > 0 else { return }
                fputs("penstock: nobody reads what it prints; ended as if it were killed\n", standardError)
                _exit(4)
            }
        }
        source.resume()
        return source
    }

    /// The first Ctrl-C waits for what runs, the second gives it up (STP-1, STP-2). The view says so.
    private func stop(_ driver: Driver) async {
        for execution in await driver.state.executions.values {
            var kind = StopRequest.Kind.wait
            if case .stopping = execution.status { kind = .abandon }
            let request = StopRequest(kind: kind, reason: "interrupted", by: userName())
            reach(.stopAsked)
            // Refused only when the execution has ended meanwhile.
            try? await driver.submit(.stopRequested(request), of: execution.id)
            reach(.stopStored)
        }
    }

    /// Leaves the execution as it is, to be gone on with later.
    private func suspend(_ driver: Driver, _ runner: Runner, _ view: any View, _ reason: String) async throws -> Never {
        await runner.shutdown()
        view.suspend()
        let commands = await driver.state.executions.keys.map { "; `\(options.resumption(of: $0.text))` goes on" }
        throw Answer(.stopped, "\(reason)\(commands.joined())")
    }

    // MARK: Approvals

    private func isWaitingForAnswers(_ driver: Driver) async -> Bool {
        let executions = await driver.state.executions.values
        return executions.allSatisfy(\.runningDispatches.isEmpty)
            && executions.contains { !$0.pendingApprovals.isEmpty }
    }

    private func answer(_ request: ApprovalRequest, _ driver: Driver) {
        switch running.approve {
        case .always: submit(.approved, request, driver, by: "\(userName()), --approve always")
        case .never: submit(.rejected, request, driver, by: "\(userName()), --approve never")
        case .ask: Self.asking.async { ask(request, driver) }
        }
    }

    /// Until it is answered by yes or no; an empty line is a no. A person may try again, a file may not.
    private func ask(_ request: ApprovalRequest, _ driver: Driver) {
        let isPerson = isatty(STDIN_FILENO) == 1
        while true {
            say("\(question(request)) [y/N]\(isPerson ? " " : "\n")")
            guard let line = lineOfInput() else { return _ = sender.yield(.inputEnded) }
            switch line.lowercased().filter({ !$0.isWhitespace }) {
            case "y", "yes": return submit(.approved, request, driver, by: userName())
            case "", "n", "no": return submit(.rejected, request, driver, by: userName())
            default:
                say("The answer is y or n, found \"\(printable(line))\".\n")
                guard isPerson else { return _ = sender.yield(.inputEnded) }
            }
        }
    }

    /// Questions never stand among the events that a program reads.
    private func say(_ text: String) {
        let stream = isatty(STDOUT_FILENO) == 1 && options.format == .human ? standardOutput : standardError
        fputs(text, stream)
        fflush(stream)
    }

    private func question(_ request: ApprovalRequest) -> String {
        let parts = [request.customData, request.externalEntityLink].compactMap { $0 }.map(printable)
        let about = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
        return "Approve \(request.attempt.stage)/\(request.attempt.action)\(about)?"
    }

    private func submit(_ status: ApprovalAnswer.Status, _ request: ApprovalRequest, _ driver: Driver, by: String) {
        let answer = ApprovalAnswer(token: request.token, status: status, summary: "", by: by)
        // Refused only when the approval is over meanwhile, by a stop or its time.
        Task {
            reach(.approvalAnswered)
            try? await driver.submit(.approvalAnswered(request.attempt, answer), of: request.attempt.execution)
            reach(.approvalStored)
        }
    }
}

private final class Interrupts: Sendable {
    let count = Atomic<Int>(0)
}

/// The next line of the standard input, without its line feed, at most 1,000 bytes of it; nil at its end.
///
/// Byte by byte, because what follows answers another question, and not by `readLine`, which keeps the stream locked
/// while it waits, so that nothing else could end the program.
private func lineOfInput() -> String? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while true {
        let count = read(STDIN_FILENO, &byte, 1)
        if count < 0 && errno == EINTR { continue }
        guard count == 1 else { return line.isEmpty ? nil : String(decoding: line, as: UTF8.self) }
        if byte == UInt8(ascii: "\n") || line.count == 1_000 { return String(decoding: line, as: UTF8.self) }
        line.append(byte)
    }
}
