import PluginProtocol
import Processes

/// One job of a one-shot plugin, as a pure machine: what happens goes in, what is to be done comes out.
///
/// It reads no clock and starts nothing. Two things are kept apart: what is known of the result (`Judgement`) and
/// how far the process is on its way out (`Process`). The verdict is told once, when the process has ended and its
/// pipes are drained (protocol, section 4.4):
///
///     open ──terminal──▶ reported          running ──exited──▶ draining ──pipes ended, 1 s──▶ finished
///     open ──cancel────▶ cancelling ──terminal──▶ reported
///     open ──limit, protocol error──▶ condemned
struct PluginSession: Hashable, Sendable {
    enum Timer: Hashable, Sendable, CaseIterable {
        /// The job's absolute bound.
        case timeout
        /// Three declared heartbeats without a message.
        case heartbeat
        /// From the terminal message to SIGTERM.
        case exitGrace
        /// From SIGTERM to SIGKILL.
        case kill
        /// From the exit to the verdict, for pipes that somebody else keeps open.
        case drain
        /// A window of the count of messages.
        case rate
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

    enum Target: Hashable, Sendable {
        /// The process group of the started process.
        case group
        /// The process group of the sandbox's child, by its pid.
        case innerGroup(Int32)
    }

    enum Effect: Hashable, Sendable {
        case log(LogRecord)
        case progress(Progress)
        /// A secret obtained at run time, for everybody else who masks.
        case mask(String)
        /// The sandbox runs, and ends with this process.
        case sandboxed(Int32)
        /// Starts the timer, or starts it anew.
        case set(Timer, Duration)
        case clear(Timer)
        case signal(Int32, Target)
        case closeInput
        /// The end; exactly one a session.
        case finish(Verdict)
    }

    enum Terminal: Hashable, Sendable {
        case success(JobSuccessResult)
        case failure(JobFailureResult)
        case abandoned(JobAbandonedResult)
    }

    enum Judgement: Hashable, Sendable {
        case open
        /// SIGTERM is sent; a result still counts.
        case cancelling(CancelReason)
        /// - Parameter after: the cancel that came before the result.
        case reported(Terminal, after: CancelReason?)
        case condemned(Diagnosis)
    }

    enum Teardown: Hashable, Sendable {
        case none, terminated, killed
    }

    enum Process: Hashable, Sendable {
        case running(Teardown)
        case draining(Exit, Teardown)
        case finished
    }

    /// What the sandbox tells about its child on the status pipe.
    struct Sandbox: Hashable, Sendable {
        var childPid: Int32?
        var exit: Exit?
    }

    static let exitGrace = Duration.seconds(5)
    static let killGrace = Duration.seconds(2)
    static let drain = Duration.seconds(1)
    static let messageLimit = 100_000
    /// Of values registered by `mask` messages: each costs some thirty encodings in memory.
    static let maskedBytesLimit = 64 << 10

    let plugin: String
    let jobId: String
    let timeout: Duration
    let heartbeatSeconds: Int?
    let cancelGrace: Duration
    var log: SessionLog
    var judgement = Judgement.open
    var process = Process.running(.none)
    /// The pipes that are not read to their end yet.
    var openStreams: Set<Stream>
    /// Nil when there is none.
    var sandbox: Sandbox?
    var flow = ProgressFlow()
    var messages = 0
    var maskedBytes = 0
    var externalExecutionId: String?
    /// The beginning of a message that the end of the stream cut off.
    var cutOff: Diagnosis.Quote?

    /// - Parameter reportsStatus: whether the command is a sandbox that tells its child's pid and exit status.
    init(plugin: String, job: Job, heartbeatSeconds: Int? = nil, reportsStatus: Bool = false, masker: Masker) {
        self.plugin = plugin
        jobId = job.jobId
        timeout = .seconds(job.timeoutSeconds)
        cancelGrace = .seconds(job.cancelGraceSeconds)
        self.heartbeatSeconds = heartbeatSeconds
        log = SessionLog(masker: masker)
        openStreams = reportsStatus ? [.output, .error, .status] : [.output, .error]
        sandbox = reportsStatus ? Sandbox() : nil
    }

    /// Takes one fact in.
    /// - Returns: what is to be done, in order.
    mutating func apply(_ input: Input) -> [Effect] {
        guard process != .finished else { return [] }
        switch input {
        case .began: return begin()
        case .line(let line): return read(line)
        case .ended(let stream): return end(stream)
        case .exited(let exit): return ended(exit)
        case .fired(let timer, let measured): return fired(timer, after: measured)
        case .cancel(let reason): return cancel(reason)
        }
    }

    private func begin() -> [Effect] {
        let warnings = log.masker.unmaskable.map { name in
            Effect.log(
                remark(
                    "the secret \(name) cannot be masked in the log: it has fewer than \(Masker.shortest) characters"
                        + " or only punctuation"))
        }
        return warnings + [.set(.timeout, timeout)] + beat()
    }

    /// Any message is a sign of life.
    func beat() -> [Effect] {
        guard case .open = judgement, case .running = process, let heartbeatSeconds else { return [] }
        return [.set(.heartbeat, .seconds(3 * heartbeatSeconds))]
    }
}
