import CLinux
import Glibc
import Synchronization

/// The one thread that starts, reads, writes to, watches and reaps all children.
///
/// It lives as long as the program: a parent-death signal fires when the spawning *thread* ends.
public final class Reactor: Sendable {
    public static let shared = Reactor()

    enum Request {
        case spawn(Command, LineLimits, CheckedContinuation<Result<Child, SpawnError>, Never>)
        case write(UInt64, [UInt8])
        case closeInput(UInt64)
        case signal(UInt64, Int32, group: Bool)
        case resumeReading(UInt64)
        case hold(UInt64, Stream, Bool)
        case close(UInt64, Stream)
        case finish(UInt64, CheckedContinuation<Void, Never>?)
        case adoptOrphans
    }

    private let requests = Mutex<[Request]>([])
    private let wake: Int32

    private init() {
        // A child that closes its standard input early must not end us.
        signal(SIGPIPE, SIG_IGN)
        wake = csystem_wake_create()
        precondition(wake >= 0, "an event descriptor can be had at start-up")
        startThread { [self] in ReactorLoop(reactor: self, wake: wake).run() }
    }

    /// Starts a command in a session of its own.
    /// - Throws: `SpawnError` with the errno of the step that failed; nothing has been started then.
    public func spawn(_ command: Command, limits: LineLimits = LineLimits()) async throws(SpawnError) -> Child {
        try await withCheckedContinuation { post(.spawn(command, limits, $0)) }.get()
    }

    /// Makes this process the parent of orphaned descendants, and reaps them: what process 1 of a container must do.
    public func adoptOrphans() { post(.adoptOrphans) }

    func post(_ request: Request) {
        let first = requests.withLock { requests in
            requests.append(request)
            return requests.count == 1
        }
        guard first else { return }
        var one: UInt64 = 1
        _ = Glibc.write(wake, &one, 8)
    }

    func takeRequests() -> [Request] {
        requests.withLock { requests in
            defer { requests.removeAll(keepingCapacity: true) }
            return requests
        }
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    let failure = pthread_create(
        &thread, nil,
        { context in
            Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().run()
            return nil
        }, context)
    precondition(failure == 0, "a thread can be had at start-up")
    pthread_detach(thread)
}

/// The text of an errno.
public func message(ofError code: Int32) -> String { String(cString: strerror(code)) }
