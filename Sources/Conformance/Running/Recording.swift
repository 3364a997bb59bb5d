import Glibc
import PluginProtocol
import Processes
import Workspaces

/// Everything that was seen of one process of a plugin, judged when it is over.
public struct Recording: Sendable {
    public enum Occurrence: Hashable, Sendable {
        /// What the kit wrote, without the line feed.
        case sent([UInt8])
        case inputEnded
        case heard(Heard)
        case ended(Processes.Stream)
        case exited(Exit)
        /// What the kit did to the process: `SIGTERM`, `stops reading`.
        case done(String)
    }

    /// A line of the plugin.
    public struct Heard: Hashable, Sendable {
        public let line: Line
        /// Of standard output only.
        public let means: LineClass?

        init(_ line: Line, jobIds: Set<String>) {
            self.line = line
            let ending: LineEnding =
                switch line.ending {
                case .newline, .split: .newline
                case .unterminated: .endOfStream
                case .overlong(let totalBytes): .overlong(totalBytes: totalBytes)
                }
            means = line.stream == .output ? LineClass(line.bytes, ending: ending, jobIds: jobIds) : nil
        }

        /// The message, if it is a valid one of a job that was given.
        public var message: PluginMessage? {
            guard case .message(let message) = means else { return nil }
            return message
        }

        public var text: String { String(decoding: line.bytes, as: UTF8.self) }
    }

    public struct Entry: Hashable, Sendable {
        /// Since the process was started, by a clock that never jumps.
        public let at: Duration
        public let what: Occurrence
    }

    /// What was done to the process that lets rules about its result rest.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// It got no job, or something else than one.
        case noJob
        /// It was signalled, or told to cancel.
        case cancelled
        /// Nobody listened to it.
        case outputClosed
        /// It was ended by the kit, because the time was over.
        case killed
    }

    /// One job that was given.
    public struct Errand: Sendable {
        public let job: Job
        public let fixture: Fixture
        public let at: Duration
        /// When its first terminal message was read: of this clock, and of the machine's, in nanoseconds since 1970.
        public var terminalAt: Duration?
        public var terminalInstantNanoseconds: Int64?
        /// It had no terminal message within its `timeoutSeconds`.
        public var isOverdue = false
        public var isCancelled = false
        /// What its workspace looked like afterwards.
        public var remains = Remains()
    }

    public let probe: String
    public let lifecycle: Manifest.Run.Lifecycle
    public internal(set) var entries: [Entry] = []
    public internal(set) var errands: [Errand] = []
    public internal(set) var faults: Set<Fault> = []
    /// When the plugin's program was started, after the fixture's setup.
    public internal(set) var startedAt: Duration?
    public internal(set) var exit: Exit?
    public internal(set) var exitedAt: Duration?
    /// It was still there 5 seconds after its terminal message.
    public internal(set) var lingered = false
    /// What it had started and left running, a second after its exit.
    public internal(set) var survivors: [ProcessTree.Process] = []
    /// It wrote more than is kept, and what came later was not looked at.
    public internal(set) var isCut = false
    /// What was still open a second after its exit, held by others.
    public internal(set) var openPipes: Set<Processes.Stream> = []
    /// Files that it left outside of its workspace.
    public internal(set) var strewn: [String] = []
    /// Argument lists of its processes, where they were watched.
    public internal(set) var arguments: Set<[String]> = []
    /// What the fixture's `verify` said against the world outside; nil where it was content, or was not asked.
    public internal(set) var objection: String?
    /// Of all processes in its sandbox up to the end, in seconds.
    public internal(set) var cpuSeconds = 0.0

    init(probe: String, lifecycle: Manifest.Run.Lifecycle) {
        self.probe = probe
        self.lifecycle = lifecycle
    }

    /// Of its first job.
    public var fixture: String? { errands.first?.fixture.name }

    /// Lines of standard output, in order.
    public var output: [(at: Duration, heard: Heard)] { lines(of: .output) }

    /// Lines of standard error, in order.
    public var log: [(at: Duration, heard: Heard)] { lines(of: .error) }

    private func lines(of stream: Processes.Stream) -> [(at: Duration, heard: Heard)] {
        entries.compactMap { entry in
            guard case .heard(let heard) = entry.what, heard.line.stream == stream else { return nil }
            return (entry.at, heard)
        }
    }

    /// The valid messages about one job, in order.
    public func messages(of jobId: String) -> [(at: Duration, body: PluginMessage.Body)] {
        output.compactMap { line in
            guard let message = line.heard.message, message.jobId == jobId else { return nil }
            return (line.at, message.body)
        }
    }

    /// The first terminal message about one job.
    public func terminal(of jobId: String) -> PluginMessage.Body? {
        messages(of: jobId).first { $0.body.isTerminal }?.body
    }

    /// When the plugin was first told to end.
    public var cancelledAt: Duration? { entries.first { $0.what == .done("SIGTERM") }?.at }

    public var hasEnded: Bool { exit != nil }
    func hasEnded(_ stream: Processes.Stream) -> Bool { entries.contains { $0.what == .ended(stream) } }
}

extension PluginMessage.Body {
    public var isTerminal: Bool {
        switch self {
        case .jobSuccessResult, .jobFailureResult, .jobAbandonedResult: true
        case .acknowledge, .progress, .log, .mask: false
        }
    }
}

/// The machine's clock, which files are stamped with.
func instantNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
