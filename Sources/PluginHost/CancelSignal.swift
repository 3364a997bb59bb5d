import PluginProtocol
import Synchronization

/// Tells a running job that it is cancelled; said once, before, during or after the run.
public final class CancelSignal: Sendable {
    private struct State {
        var reason: CancelReason?
        var observer: (@Sendable (CancelReason) -> Void)?
    }
    private let state = Mutex(State())

    public init() {}

    /// The first reason, once there is one.
    public var reason: CancelReason? { state.withLock { $0.reason } }

    /// Cancels; a later reason does not replace the first.
    public func cancel(_ reason: CancelReason) {
        let observer = state.withLock { state in
            guard state.reason == nil else { return (@Sendable (CancelReason) -> Void)?.none }
            state.reason = reason
            return state.observer
        }
        observer?(reason)
    }

    /// Calls `observer` once, at once when the signal was given before; nil ends that.
    func observe(_ observer: (@Sendable (CancelReason) -> Void)?) {
        let reason = state.withLock { state in
            state.observer = observer
            return state.reason
        }
        if let reason { observer?(reason) }
    }
}
