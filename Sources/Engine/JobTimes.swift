/// How long the host took for each part of one job, in milliseconds; only the host knows.
public struct JobTimes: Hashable, Sendable, Codable {
    public enum Part: Hashable, Sendable, CaseIterable {
        /// All places for jobs are taken.
        case slot
        /// Workspace, inputs, and a process.
        case setUp
        case run
        /// Outputs are taken in.
        case handOver
    }

    public var slotMilliseconds: Int64
    public var setUpMilliseconds: Int64
    public var runMilliseconds: Int64
    public var handOverMilliseconds: Int64

    public init(slot: Int64 = 0, setUp: Int64 = 0, run: Int64 = 0, handOver: Int64 = 0) {
        (slotMilliseconds, setUpMilliseconds) = (slot, setUp)
        (runMilliseconds, handOverMilliseconds) = (run, handOver)
    }

    public subscript(part: Part) -> Int64 {
        get {
            switch part {
            case .slot: slotMilliseconds
            case .setUp: setUpMilliseconds
            case .run: runMilliseconds
            case .handOver: handOverMilliseconds
            }
        }
        set {
            switch part {
            case .slot: slotMilliseconds = newValue
            case .setUp: setUpMilliseconds = newValue
            case .run: runMilliseconds = newValue
            case .handOver: handOverMilliseconds = newValue
            }
        }
    }
}

extension Event {
    /// The same result of a job, with the time that went into it; nothing else has room for that.
    public func taking(_ times: JobTimes) -> Event {
        switch self {
        case .actionSucceeded(let attempt, var result):
            result.times = times
            return .actionSucceeded(attempt, result)
        case .actionContinues(let attempt, var continuation):
            continuation.times = times
            return .actionContinues(attempt, continuation)
        case .actionFailed(let attempt, var failure):
            failure.times = times
            return .actionFailed(attempt, failure)
        case .started, .actionProgressed, .attemptLost, .approvalAnswered, .approvalExpired, .stopRequested, .resumed,
            .stageEntered, .superseded, .cancelled, .stageRetried, .conditionOverridden:
            return self
        }
    }

    /// Of a job that ended by this; nil when nobody has measured them.
    var times: JobTimes? {
        switch self {
        case .actionSucceeded(_, let result): result.times
        case .actionContinues(_, let continuation): continuation.times
        case .actionFailed(_, let failure): failure.times
        case .started, .actionProgressed, .attemptLost, .approvalAnswered, .approvalExpired, .stopRequested, .resumed,
            .stageEntered, .superseded, .cancelled, .stageRetried, .conditionOverridden:
            nil
        }
    }
}
