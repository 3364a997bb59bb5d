import Pipelines

/// A job that an execution asked for, as its journal tells it.
public struct RecordedJob: Hashable, Sendable {
    public let dispatch: Dispatch
    public let dispatchedAt: Instant
    /// The fact that ended it; nil when there is none: it still runs, or was given up.
    public internal(set) var end: Event?
}

extension Execution {
    /// An execution as its journal tells it (law 4).
    /// - Parameter tell: called for each fact in order, with the execution as it is then.
    /// - Throws: `Rejection` for what no journal holds, because only accepted facts are written.
    /// - Returns: nil for a journal that does not begin with a start.
    public static func folding(
        _ journal: some Sequence<Fact>, of pipeline: Pipeline,
        tell: (Fact, Execution, [Effect]) -> Void = { _, _, _ in }
    ) throws(Rejection) -> Execution? {
        try fold(journal, of: pipeline) { tell($0, $1, $2.effects) }
    }

    static func fold(
        _ journal: some Sequence<Fact>, of pipeline: Pipeline, tell: (Fact, Execution, Admission) -> Void
    ) throws(Rejection) -> Execution? {
        var folded: Execution?
        for fact in journal {
            var admission = Admission(at: fact.at, seed: fact.seed)
            if folded != nil {
                admission = try folded!.admit(fact)
            } else if case .started(let start) = fact.event {
                folded = starting(start, of: pipeline, at: fact.at)
            } else {
                return nil
            }
            tell(fact, folded!, admission)
        }
        return folded
    }

    /// All jobs of an execution, in the order in which they were asked for: its journal, folded again.
    /// - Throws: as `folding`.
    public static func jobs(of pipeline: Pipeline, journal: [Fact]) throws(Rejection) -> [RecordedJob] {
        var jobs: [RecordedJob] = []
        _ = try folding(journal, of: pipeline) { fact, _, effects in
            if let attempt = fact.event.endedAttempt,
                let index = jobs.lastIndex(where: { $0.dispatch.attempt == attempt })
            {
                jobs[index].end = fact.event
            }
            for case .run(let dispatch) in effects {
                jobs.append(RecordedJob(dispatch: dispatch, dispatchedAt: fact.at))
            }
        }
        return jobs
    }
}

extension Event {
    /// The attempt whose job is over by this.
    var endedAttempt: Attempt? {
        switch self {
        case .actionSucceeded(let attempt, _), .actionContinues(let attempt, _), .actionFailed(let attempt, _),
            .attemptLost(let attempt, _):
            attempt
        case .started, .actionProgressed, .approvalAnswered, .approvalExpired, .stopRequested, .resumed, .stageEntered,
            .superseded, .cancelled, .stageRetried, .conditionOverridden:
            nil
        }
    }
}
