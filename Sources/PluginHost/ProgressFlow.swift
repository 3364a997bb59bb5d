import PluginProtocol

/// Thins out progress when messages flood: beyond 100 a second only the latest is told, four times a second.
struct ProgressFlow: Hashable, Sendable {
    static let window = Duration.milliseconds(250)
    /// What 100 messages a second come to in a window.
    private static let sustained = 25
    /// A burst that is let through when there was no flood before.
    private static let burst = 100

    private var messages = 0
    private var flooded = false
    private var held: Progress?

    /// Counts a message.
    /// - Returns: whether the window has to be opened with it.
    mutating func count() -> Bool {
        messages += 1
        return messages == 1 && !flooded && held == nil
    }

    /// The progress to tell now, or nil when it is held.
    mutating func offer(_ progress: Progress) -> Progress? {
        guard flooded || messages > Self.burst else { return progress }
        held = Progress(
            executionDetails: progress.executionDetails,
            currentRevision: progress.currentRevision ?? held?.currentRevision)
        return nil
    }

    mutating func takeHeld() -> Progress? {
        defer { held = nil }
        return held
    }

    /// Closes the window.
    /// - Returns: whether another has to follow.
    mutating func close() -> Bool {
        flooded = messages > Self.sustained
        defer { messages = 0 }
        return messages > 0
    }
}
