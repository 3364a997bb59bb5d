/// What stands before one stage of a pipeline, and who is in it.
public struct Gate: Hashable, Sendable, Codable {
    public internal(set) var inbound = Transition()
    public internal(set) var outbound = Transition()
    /// Nil when it is free, and in PARALLEL always.
    public internal(set) var inside: ExecutionID?
    /// Who entered it last: only that one may be run again in it (EXE-12).
    public internal(set) var latest: ExecutionID?
    /// In the order of arrival.
    public internal(set) var waiting: [Arrival] = []
    /// What a rollback of the stage goes back to (RBK-5); known where the declaration may ask for it.
    public internal(set) var lastSuccess: Rollback?

    public init() {}
}

/// An execution that waits before a stage.
public struct Arrival: Hashable, Sendable, Codable {
    public let execution: ExecutionID
    public let since: Instant
    /// Since when a disabled transition is in its way; nil when none is.
    var heldSince: Instant?
    /// For how long one was, before.
    var heldMilliseconds: Int64?

    init(execution: ExecutionID, since: Instant, heldSince: Instant? = nil) {
        (self.execution, self.since, self.heldSince) = (execution, since, heldSince)
    }

    /// For how long it has been held by a disabled transition, in milliseconds.
    public func held(at: Instant) -> Int64 {
        (heldMilliseconds ?? 0) + (heldSince.map { max(0, at.milliseconds - $0.milliseconds) } ?? 0)
    }

    /// Whether there is a disabled transition in its way from now on.
    mutating func hold(_ isHeld: Bool, at: Instant) {
        guard isHeld != (heldSince != nil) else { return }
        heldMilliseconds = held(at: at)
        heldSince = isHeld ? at : nil
    }
}

/// A passage into a stage or out of it (TRN-6).
public struct Transition: Hashable, Sendable, Codable {
    /// Why nobody passes; nil when it is enabled.
    public internal(set) var disabledReason: String?
    public internal(set) var lastChangedBy: String?
    public internal(set) var lastChangedAt: Instant?

    public var isEnabled: Bool { disabledReason == nil }
}

/// TRN-1
public struct TransitionChange: Hashable, Sendable, Codable {
    public enum Side: String, Hashable, Sendable, Codable, CaseIterable {
        case inbound = "Inbound"
        case outbound = "Outbound"
    }
    public var stage: String
    public var side: Side
    /// Nil enables it.
    public var disabledReason: String?
    public var by: String

    public init(stage: String, side: Side, disabledReason: String?, by: String) {
        self.stage = stage
        self.side = side
        self.disabledReason = disabledReason
        self.by = by
    }
}
