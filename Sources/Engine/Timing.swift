import Pipelines

/// What an execution's time went into.
public enum TimeUse: String, Hashable, Sendable, CaseIterable {
    /// Another execution was in the stage, or ahead of it.
    case lock
    /// A transition was disabled.
    case transition
    /// All places for jobs were taken.
    case slot
    /// The plugin asked to be asked again later, or the host waited before it tried again.
    case pause
    /// Workspace, inputs, and a process.
    case setUp
    case run
    /// Outputs were taken in.
    case handOver
    case approval
    /// Jobs that came to nothing, because the core ended or the host could not do its part.
    case lost
    /// What is left of it: facts on their way, writing them down.
    case other
}

/// Where the time of one execution went, by its own facts alone. All of it in milliseconds.
///
/// 1. The execution's total is the sum of its stages and of the time in which it was over before it was begun again.
/// 2. A stage's total is what was waited before it and what was spent inside.
/// 3. An action's total is the sum of its uses; actions run beside each other, so a stage's is no sum of theirs.
public struct Timing: Hashable, Sendable {
    public struct Stage: Hashable, Sendable {
        public let name: String
        /// `lock` and `transition`.
        public internal(set) var waits: [TimeUse: Int64] = [:]
        public internal(set) var insideMilliseconds: Int64 = 0
        /// Every admission of its actions and rules, in the order of their beginning.
        public internal(set) var actions: [Action] = []

        public var totalMilliseconds: Int64 { insideMilliseconds + waits.values.reduce(0, +) }
    }

    public struct Action: Hashable, Sendable {
        public let place: PlacedAction.Place
        public let id: ActionExecutionID
        /// Without what took no time.
        public internal(set) var uses: [TimeUse: Int64] = [:]

        public var totalMilliseconds: Int64 { uses.values.reduce(0, +) }
    }

    /// Those that were waited for or entered, in order.
    public internal(set) var stages: [Stage] = []
    /// Between the ends of the execution and what began it again (RTY-1, STP-5).
    public internal(set) var overMilliseconds: Int64 = 0

    public var totalMilliseconds: Int64 { overMilliseconds + stages.reduce(0) { $0 + $1.totalMilliseconds } }

    mutating func stage(_ index: Int, named name: @autoclosure () -> String) -> Int {
        if index == stages.count { stages.append(Stage(name: name())) }
        return index
    }
}

extension Timing {
    /// - Parameters:
    ///   - until: the moment up to which what goes on still is counted.
    ///   - heldMilliseconds: what `Arrival.held(at:)` says of an execution that waits now.
    /// - Throws: as `Execution.folding`.
    /// - Returns: nil for a journal that does not begin with a start.
    public init?(
        of pipeline: Pipeline, journal: [Fact], until: Instant, heldMilliseconds: Int64 = 0
    ) throws(Rejection) {
        var clock = Timekeeper()
        let execution = try Execution.fold(journal, of: pipeline) { clock.take($0, $1, $2) }
        guard let execution else { return nil }
        clock.close(execution, until, heldMilliseconds)
        self = clock.timing
    }
}
