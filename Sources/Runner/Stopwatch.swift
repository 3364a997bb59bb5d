import Engine
import Synchronization

/// How long each part of a job takes; it begins with the wait for a place.
final class Stopwatch: Sendable {
    private let now: @Sendable () -> Instant
    private let state: Mutex<(times: JobTimes, part: JobTimes.Part, since: Instant)>

    init(_ now: @escaping @Sendable () -> Instant) {
        self.now = now
        state = Mutex((JobTimes(), .slot, now()))
    }

    /// What comes from now on is part of `part`.
    func turn(to part: JobTimes.Part) {
        let now = now()
        state.withLock { state in
            // The clock may be set back.
            state.times[state.part] += max(0, now.milliseconds - state.since.milliseconds)
            (state.part, state.since) = (part, now)
        }
    }

    /// Until now.
    var times: JobTimes {
        let (now, (sum, part, since)) = (now(), state.withLock { $0 })
        var times = sum
        times[part] += max(0, now.milliseconds - since.milliseconds)
        return times
    }
}
