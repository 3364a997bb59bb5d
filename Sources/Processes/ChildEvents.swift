import Synchronization

/// What happens to a child, in the order in which it was seen.
public enum ChildEvent: Hashable, Sendable {
    case line(Line)
    /// What stood in the standard error when the standard output was read last has been told, too.
    ///
    /// So whatever a child wrote to its standard error before a line of its standard output comes before this.
    case settled
    /// A pipe has been read to its end.
    case end(Stream)
    /// The process has ended. Lines that it wrote before may still follow.
    case exited(Exit)
}

/// The events of one child, for one consumer; ends when the process and all its pipes have ended.
///
/// Reading from the pipes stops while the consumer is 1,000 events or 4 MiB behind.
public final class ChildEvents: AsyncSequence, Sendable {
    public typealias Element = ChildEvent
    private static let highWater = (events: 1_000, bytes: 4 << 20)

    private struct State {
        var buffer: [ChildEvent] = []
        /// Index of the next event to hand out; the part before it is dropped in blocks.
        var head = 0
        var bytes = 0
        var finished = false
        var paused = false
        var waiter: CheckedContinuation<ChildEvent?, Never>?

        mutating func take() -> ChildEvent {
            let event = buffer[head]
            // What is handed out does not stay here.
            buffer[head] = .settled
            head += 1
            if case .line(let line) = event { bytes -= line.bytes.count }
            if head == buffer.count || head >= 1_024 {
                buffer.removeFirst(head)
                head = 0
            }
            return event
        }

        mutating func unpause() -> Bool {
            guard paused, buffer.count - head < highWater.events / 2, bytes < highWater.bytes / 2
            else { return false }
            paused = false
            return true
        }
    }
    private let state = Mutex(State())
    private let resume: @Sendable () -> Void

    /// - Parameter resume: called when a paused reader may read on.
    init(resume: @escaping @Sendable () -> Void) { self.resume = resume }

    public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

    public struct Iterator: AsyncIteratorProtocol {
        let events: ChildEvents
        public func next() async -> ChildEvent? { await events.next() }
    }

    /// True when the reader should pause until `resume` is called.
    func push(_ event: ChildEvent) -> Bool {
        let (waiter, pause) = state.withLock { state -> (CheckedContinuation<ChildEvent?, Never>?, Bool) in
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, false)
            }
            state.buffer.append(event)
            if case .line(let line) = event { state.bytes += line.bytes.count }
            if state.buffer.count - state.head >= Self.highWater.events || state.bytes >= Self.highWater.bytes {
                state.paused = true
            }
            return (nil, state.paused)
        }
        waiter?.resume(returning: event)
        return pause
    }

    func finish() {
        let waiter = state.withLock { state -> CheckedContinuation<ChildEvent?, Never>? in
            state.finished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    private func next() async -> ChildEvent? {
        await withCheckedContinuation { continuation in
            let (ready, unpaused) = state.withLock { state -> (ChildEvent??, Bool) in
                if state.head < state.buffer.count { return (.some(state.take()), state.unpause()) }
                if state.finished { return (.some(nil), false) }
                precondition(state.waiter == nil, "the events of a child have one consumer")
                state.waiter = continuation
                return (nil, false)
            }
            if let ready { continuation.resume(returning: ready) }
            if unpaused { resume() }
        }
    }
}
