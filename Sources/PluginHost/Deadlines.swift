/// Timers that are set, by what they mean; whoever owns them sleeps until the first.
struct Deadlines<Timer: Hashable & Sendable>: Sendable {
    private struct Deadline {
        var set: Duration
        var due: Duration
    }

    private var deadlines: [Timer: Deadline] = [:]
    /// What somebody sleeps until; nil when nobody does.
    private var awaited: Duration?

    /// Starts the timer, or starts it anew.
    /// - Returns: whether whoever sleeps has to begin anew, because this one is due before. One that sleeps too short
    ///   looks again; so a heartbeat costs nothing for each message.
    mutating func set(_ timer: Timer, _ duration: Duration, now: Duration) -> Bool {
        let due = now + duration
        deadlines[timer] = Deadline(set: now, due: due)
        if let awaited, awaited <= due { return false }
        awaited = due
        return true
    }

    mutating func clear(_ timer: Timer) { deadlines[timer] = nil }

    /// Takes the timer that was due first, with the time since it was set.
    mutating func takeDue(now: Duration) -> (timer: Timer, after: Duration)? {
        guard let (timer, deadline) = deadlines.min(by: { $0.value.due < $1.value.due }), deadline.due <= now else {
            return nil
        }
        deadlines[timer] = nil
        return (timer, now - deadline.set)
    }

    /// When to look again; nil when nothing is set any more.
    mutating func next() -> Duration? {
        awaited = deadlines.values.map(\.due).min()
        return awaited
    }
}

/// A clock of any type, as the time since it was first looked at.
struct Time: Sendable {
    let now: @Sendable () -> Duration
    /// Ends early when its task is cancelled.
    let sleep: @Sendable (_ until: Duration) async -> Void

    init(_ clock: some Clock<Duration>) {
        let origin = clock.now
        now = { origin.duration(to: clock.now) }
        sleep = { try? await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }
}
