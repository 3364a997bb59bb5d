import Pipelines

/// A job that an execution asked for, as its journal tells it.
public struct RecordedJob: Hashable, Sendable {
    public let dispatch: Dispatch
    public let dispatchedAt: Instant
    /// The fact that ended it; nil when there is none: it still runs, or was given up.
    public internal(set) var end: Event?
}

extension Execution {
    /// All jobs of an execution, in the order in which they were asked for: its journal, folded again.
    /// - Throws: `Rejection` for what no journal holds, because only accepted facts are written.
    public static func jobs(of pipeline: Pipeline, journal: [Fact]) throws(Rejection) -> [RecordedJob] {
        guard let first = journal.first, case .started(let start) = first.event else { return [] }
        var (execution, effects) = starting(start, of: pipeline, at: first.at, seed: first.seed)
        var jobs: [RecordedJob] = []
        jobs.add(effects, at: first.at)
        for fact in journal.dropFirst() {
            effects = try execution.apply(fact)
            if let attempt = fact.event.endedAttempt,
                let index = jobs.lastIndex(where: { $0.dispatch.attempt == attempt })
            {
                jobs[index].end = fact.event
            }
            jobs.add(effects, at: fact.at)
        }
        return jobs
    }
}

extension [RecordedJob] {
    fileprivate mutating func add(_ effects: [Effect], at: Instant) {
        for case .run(let dispatch) in effects { append(RecordedJob(dispatch: dispatch, dispatchedAt: at)) }
    }
}

extension Event {
    /// The attempt whose job is over by this.
    fileprivate var endedAttempt: Attempt? {
        switch self {
        case .actionSucceeded(let attempt, _), .actionContinues(let attempt, _), .actionFailed(let attempt, _),
            .attemptLost(let attempt, _):
            attempt
        case .started, .actionProgressed, .approvalAnswered, .approvalExpired, .stopRequested, .resumed: nil
        }
    }
}
