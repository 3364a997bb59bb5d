import Glibc

/// A started process: what it says arrives as `events`, in order, for one consumer.
///
/// The process stays a zombie until `finish`, so its pid and group cannot mean anything else before that.
public final class Child: Sendable {
    public let pid: pid_t
    public let events: ChildEvents
    private let reactor: Reactor
    let token: UInt64

    init(pid: pid_t, token: UInt64, events: ChildEvents, reactor: Reactor) {
        self.pid = pid
        self.token = token
        self.events = events
        self.reactor = reactor
    }

    deinit { end() }

    /// Queues bytes for the standard input; a child that has closed it is no error.
    public func write(_ bytes: [UInt8]) { reactor.post(.write(token, bytes)) }

    /// Closes the standard input after what is queued.
    public func closeInput() { reactor.post(.closeInput(token)) }

    /// Sends a signal to the process, or to its whole process group. One that has ended is left alone.
    public func signal(_ signal: Int32, group: Bool) { reactor.post(.signal(token, signal, group: group)) }

    /// Stops reading a stream, so that its pipe fills, until it is read on.
    public func hold(_ stream: Stream) { reactor.post(.hold(token, stream, true)) }

    public func readOn(_ stream: Stream) { reactor.post(.hold(token, stream, false)) }

    /// Closes our end of a stream early: a child that writes there is told that nobody reads.
    public func close(_ stream: Stream) { reactor.post(.close(token, stream)) }

    /// Kills what is left of the process group, closes the pipes and reaps the process, all of it soon.
    public func end() { reactor.post(.finish(token, nil)) }

    /// `end()`, and returns when that is done.
    public func finish() async {
        await withCheckedContinuation { reactor.post(.finish(token, $0)) }
    }
}
