import PluginProtocol
import Processes

/// One job of a one-shot plugin, as a pure machine: what happens goes in, what is to be done comes out.
///
/// It reads no clock and starts nothing. Two things are kept apart: what is known of the result (`Conversation`) and
/// how far the process is on its way out (`Process`). The verdict is told once, when the process has ended and its
/// pipes are drained (protocol, section 4.4):
///
///     running ──exited──▶ draining ──pipes ended, 1 s──▶ finished
struct PluginSession: Hashable, Sendable {
    enum Timer: Hashable, Sendable {
        case job(Conversation.Timer)
        /// From the terminal message to SIGTERM.
        case exitGrace
        /// From SIGTERM to SIGKILL.
        case kill
        /// From the exit to the verdict, for pipes that somebody else keeps open.
        case drain

        static let timeout = job(.timeout)
        static let heartbeat = job(.heartbeat)
        static let rate = job(.rate)
    }

    enum Input: Hashable, Sendable {
        /// The process runs and has its job.
        case began
        case line(Line)
        case ended(Stream)
        case exited(Exit)
        /// - Parameter after: measured since the timer was set.
        case fired(Timer, after: Duration)
        case cancel(CancelReason)
    }

    enum Effect: Hashable, Sendable {
        case tell(JobReport)
        /// Starts the timer, or starts it anew.
        case set(Timer, Duration)
        case clear(Timer)
        case signal(Int32, SignalTarget)
        case closeInput
        /// The end; exactly one a session.
        case finish(Verdict)
    }

    enum Teardown: Hashable, Sendable {
        case none, terminated, killed
    }

    enum Process: Hashable, Sendable {
        case running(Teardown)
        case draining(Exit, Teardown)
        case finished
    }

    static let exitGrace = Duration.seconds(5)
    static let drain = Duration.seconds(1)

    var conversation: Conversation
    var text: OutputText
    var process = Process.running(.none)
    /// The pipes that are not read to their end yet.
    var openStreams: Set<Stream>
    /// Nil when there is none.
    var sandbox: SandboxStatus?
    /// What the signals mean by which the kernel ends a process that exceeds a limit.
    let fatalSignals: [Int32: String]
    /// The beginning of a message that the end of the stream cut off.
    var cutOff: Diagnosis.Quote?

    /// - Parameter reportsStatus: whether the command is a sandbox that tells its child's pid and exit status.
    init(
        plugin: String, job: Job, heartbeatSeconds: Int? = nil, reportsStatus: Bool = false,
        fatalSignals: [Int32: String] = [:], masker: Masker
    ) {
        self.fatalSignals = fatalSignals
        conversation = Conversation(job, plugin: plugin, heartbeatSeconds: heartbeatSeconds)
        text = OutputText(masker: masker)
        openStreams = reportsStatus ? [.output, .error, .status] : [.output, .error]
        sandbox = reportsStatus ? SandboxStatus() : nil
    }

    /// Takes one fact in.
    /// - Returns: what is to be done, in order.
    mutating func apply(_ input: Input) -> [Effect] {
        guard process != .finished else { return [] }
        switch input {
        case .began: return perform(conversation.begin(unmaskable: text.masker.unmaskable))
        case .line(let line): return read(line)
        case .ended(let stream): return end(stream)
        case .exited(let exit): return ended(exit)
        case .fired(let timer, let measured): return fired(timer, after: measured)
        case .cancel(let reason): return cancel(reason)
        }
    }

    private mutating func read(_ line: Line) -> [Effect] {
        switch line.stream {
        case .error: return perform(conversation.tell(conversation.log.addError(text.addError(line))))
        case .status: return sandbox?.read(line.bytes).map { [.tell(.sandboxed(pid: $0))] } ?? []
        case .output: return readOutput(line)
        }
    }

    private mutating func readOutput(_ line: Line) -> [Effect] {
        let jobIds: Set = conversation.isReported ? [] : [conversation.jobId]
        switch LineClass(line.bytes, ending: line.ending.onTheWire, jobIds: jobIds) {
        case .blank: return []
        case .stray: return perform(conversation.stray(line, &text))
        case .truncated:
            cutOff = text.quote(line)
            return perform(conversation.stray(line, &text))
        case .message(let message): return perform(conversation.take(message.body, line, &text))
        case .protocolError(_, let violation): return perform(conversation.refuse(violation, line, &text))
        }
    }

    /// What the conversation asks for, done to this process.
    mutating func perform(_ effects: [Conversation.Effect]) -> [Effect] {
        effects.flatMap { effect -> [Effect] in
            switch effect {
            case .tell(let report): return [.tell(report)]
            case .set(.heartbeat, let duration):
                guard case .running = process else { return [] }
                return [.set(.heartbeat, duration)]
            case .set(let timer, let duration): return [.set(.job(timer), duration)]
            case .clear(let timer): return [.clear(.job(timer))]
            case .condemned(let grace): return terminate(grace: grace)
            case .reported:
                return [.closeInput] + (process == .running(.none) ? [.set(.exitGrace, Self.exitGrace)] : [])
            }
        }
    }
}

extension Line.Ending {
    var onTheWire: LineEnding {
        switch self {
        case .newline, .split: .newline
        case .unterminated: .endOfStream
        case .overlong(let totalBytes): .overlong(totalBytes: totalBytes)
        }
    }
}
