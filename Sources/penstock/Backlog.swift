import Synchronization

/// The log lines that wait to be shown: a plugin may write faster than a terminal, a pipe or its reader takes them.
///
/// What is too much is not shown; all of it is in the action's log.
final class Backlog: Sendable {
    /// A few megabytes of ordinary lines.
    static let limitLines = 10_000

    private struct Lines {
        var waiting = 0
        var skipped = 0
    }

    private let lines = Mutex(Lines())

    /// Whether one more may wait.
    func admit() -> Bool {
        lines.withLock { lines in
            guard lines.waiting < Self.limitLines else {
                lines.skipped += 1
                return false
            }
            lines.waiting += 1
            return true
        }
    }

    /// One has been shown.
    /// - Returns: how many have been skipped, once when none waits any more; otherwise 0.
    func shown() -> Int {
        lines.withLock { lines in
            lines.waiting -= 1
            guard lines.waiting == 0 else { return 0 }
            defer { lines.skipped = 0 }
            return lines.skipped
        }
    }
}
