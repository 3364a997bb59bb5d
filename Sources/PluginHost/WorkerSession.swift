import PluginProtocol
import Processes

/// A worker over all its jobs and processes, as a pure machine: what happens goes in, what is to be done comes out.
///
/// It reads no clock and starts nothing. A job takes one of the worker's seats before it is made, and keeps it until
/// its verdict is told (`Conversation` knows what is said about it):
///
///     queue ──admit──▶ preparing ──handed──▶ ready ──sent──▶ flights ──settled, or the process released──▶ end
///
/// There is at most one process at a time:
///
///     absent ──▶ starting ──▶ running ──exited──▶ draining ──pipes ended, 1 s──▶ releasing ──▶ absent
///                                                                     after a crash ──▶ backingOff ──▶ absent
struct WorkerSession: Hashable, Sendable {
    enum Timer: Hashable, Sendable {
        case job(String, Conversation.Timer)
        /// From the sending of a job to the first message about it.
        case acknowledge(String)
        /// From the cancel of a job to the end of all.
        case giveUp(String)
        /// Without a job.
        case idle
        /// From the end of the input to SIGTERM.
        case exitGrace
        /// From SIGTERM to SIGKILL.
        case kill
        case drain
        /// From a crash to the next start.
        case restart
        /// Until a crash counts no more, by its number.
        case forget(Int)
    }

    enum Input: Hashable, Sendable {
        /// A job wants a seat.
        /// - Parameter action: its `actionExecutionId`, which stays the same when it is dispatched again.
        case wanted(String, action: String)
        /// An admitted job is there, with its secrets.
        case handed(Job, Masker)
        /// An admitted job is not going to be handed.
        case withdrawn(String)
        case cancel(String, CancelReason)
        case started(reportsStatus: Bool)
        case startFailed(Failure)
        case line(Line)
        case settled
        case ended(Stream)
        case exited(Exit)
        /// Nothing is left of the process.
        case released
        /// - Parameter after: measured since the timer was set.
        case fired(Timer, after: Duration)
        /// It is to get no more jobs.
        case leave
        case shutdown
    }

    enum Effect: Hashable, Sendable {
        /// A job has a seat and can be made.
        case admit(String)
        /// A job that was not sent has to go to another worker.
        case decline(String)
        case tell(String, JobReport)
        /// The end of a job; exactly one each.
        case end(String, Verdict)
        /// Brings `started` or `startFailed`.
        case start
        case sandboxed(Int32)
        case send(HostMessage)
        case closeInput
        case signal(Int32, SignalTarget)
        case set(Timer, Duration)
        case clear(Timer)
        /// Reaps the process and ends what is left of it; brings `released`.
        case release
        /// Nothing is left; another worker has to take whatever comes.
        case retire
    }

    /// How far a process is on its way out.
    enum Course: Hashable, Sendable {
        case serving
        /// It gets no more jobs, and those in flight go on.
        case retiring
        /// Its input has ended.
        case closing
        case terminated
        /// - Parameter because: what its other jobs are told.
        case killed(because: String)
    }

    enum Phase: Hashable, Sendable {
        case absent, backingOff, starting
        case running(Course)
        case draining(Exit, Course)
        case releasing(Exit, Course)
    }

    struct Wish: Hashable, Sendable {
        let jobId: String
        let action: String
        /// Told to it once it is handed.
        var cancelled: CancelReason?
    }

    struct Ready: Hashable, Sendable {
        let job: Job
        let masker: Masker

        var action: String { job.data.pipelineContext.actionExecutionId }
    }

    struct Flight: Hashable, Sendable {
        /// Its place among all that were sent.
        let number: Int
        let action: String
        var conversation: Conversation
        /// Its own secrets.
        var masker: Masker
        var isAcknowledged = false
        /// Never acknowledged, and nothing came of its cancel.
        var isLost = false
    }

    static let acknowledgeTime = Duration.seconds(10)
    static let shortestBackOff = Duration.milliseconds(500)
    static let longestBackOff = Duration.seconds(30)
    static let restartLimit = 5
    static let restartWindow = Duration.seconds(600)
    /// Secrets of ended jobs that are still masked, because the standard error may lag behind: at least so many.
    static let rememberedSecrets = 1_000

    let plugin: String
    let seats: Int
    let heartbeatSeconds: Int?
    let idleTime: Duration

    var queue: [Wish] = []
    var preparing: [String: Wish] = [:]
    var ready: [Ready] = []
    var flights: [String: Flight] = [:]
    /// Those of the flights whose messages still count.
    var speaking: Set<String> = []
    /// Those of the flights that have told their result since the streams were last settled.
    var reported: [String] = []
    var sent = 0

    var phase = Phase.absent
    var openStreams: Set<Stream> = []
    var sandbox: SandboxStatus?
    /// Whether the present process has sent a message.
    var hasSpoken = false
    var text = OutputText(masker: Masker())
    /// Secrets that came since `text` last forgot some.
    var newSecrets = Masker()

    /// Actions that were in flight in the last crash and have not ended since.
    var suspects: Set<String> = []
    /// In a row, without any job that ended by a message between them.
    var crashesInRow = 0
    var crashes = 0
    /// How many of them were less than 10 minutes ago.
    var recentCrashes = 0
    var isShutDown = false
    /// It gets no more jobs, and is over when those in flight have ended.
    var isLeaving = false
    var isRetired = false

    init(plugin: String, seats: Int, heartbeatSeconds: Int?, idleTime: Duration) {
        self.plugin = plugin
        self.seats = seats
        self.heartbeatSeconds = heartbeatSeconds
        self.idleTime = idleTime
    }

    /// Takes one fact in.
    /// - Returns: what is to be done, in order.
    mutating func apply(_ input: Input) -> [Effect] {
        let effects = react(to: input)
        let isNeeded = recentCrashes > 0 && !isShutDown && !isLeaving
        guard phase == .absent, isVacant, !isNeeded, !isRetired else { return effects }
        isRetired = true
        return effects + [.retire]
    }

    private mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .wanted(let jobId, let action):
            guard !isShutDown else { return [.end(jobId, .abandoned(.shutdown, nil))] }
            guard !isLeaving else { return [.decline(jobId)] }
            queue.append(Wish(jobId: jobId, action: action))
            return admit()
        case .handed(let job, let masker): return take(job, masker)
        case .withdrawn(let jobId):
            preparing[jobId] = nil
            return vacated()
        case .cancel(let jobId, let reason): return cancel(jobId, reason)
        case .started(let reportsStatus): return begin(reportsStatus)
        case .startFailed(let failure):
            phase = .absent
            return failReady(failure)
        case .line(let line): return read(line)
        case .settled: return settle()
        case .ended(let stream): return end(stream)
        case .exited(let exit): return ended(exit)
        case .released: return released()
        case .fired(let timer, let measured): return fired(timer, after: measured)
        case .leave: return leave()
        case .shutdown: return shutdown()
        }
    }

    var isVacant: Bool { queue.isEmpty && preparing.isEmpty && ready.isEmpty && flights.isEmpty }

    /// In the order in which they were sent.
    var flightIds: [String] { flights.sorted { $0.value.number < $1.value.number }.map(\.key) }
}
