import Pipelines

/// Books the time between two facts on what the execution did then.
struct Timekeeper {
    private(set) var timing = Timing()
    private var last: (at: Instant, execution: Execution)?
    /// Before the next stage, not booked yet: why, the fact that ends it says.
    private var waiting: Int64 = 0
    private var open: [ActionExecutionID: Job] = [:]
    /// Actions of the stage that could begin if there were room (EXE-10).
    private var ready: [String: Instant] = [:]

    /// What is asked of an action now, and where it is booked.
    private struct Job {
        let stage: Int
        let row: Int
        var since: Instant
        var notBefore: Instant?
        let isApproval: Bool
    }

    mutating func take(_ fact: Fact, _ execution: Execution, _ admission: Admission) {
        pass(to: fact.at, fact.heldMilliseconds ?? 0, next: execution)
        for (id, job) in open { book(id, job, fact, execution) }
        begin(fact.at, execution, admission)
        last = (fact.at, execution)
    }

    mutating func close(_ execution: Execution, _ at: Instant, _ held: Int64) {
        // What is over has ended with its last fact.
        if execution.status.isOver { return }
        pass(to: at, held, next: nil)
        for job in open.values { add(job, job.isApproval ? .approval : .run, to: at, nil) }
    }

    /// - Parameter next: as it is then; nil when only time has passed.
    private mutating func pass(to at: Instant, _ held: Int64, next: Execution?) {
        guard let (since, former) = last else { return }
        let elapsed = max(0, at.milliseconds - since.milliseconds)
        if former.status.isOver { return timing.overMilliseconds += elapsed }
        guard let awaited = former.awaitedStage else {
            return timing.stages[former.stages.count - 1].insideMilliseconds += elapsed
        }
        waiting += elapsed
        guard next?.awaitedStage != awaited else { return }
        let stage = timing.stage(awaited, named: former.pipeline.stages[awaited].name)
        let transition = min(max(0, held), waiting)
        timing.stages[stage].waits.add(transition, to: .transition)
        timing.stages[stage].waits.add(waiting - transition, to: .lock)
        waiting = 0
    }

    // MARK: Actions

    private mutating func begin(_ at: Instant, _ execution: Execution, _ admission: Admission) {
        let first = max(0, (last?.execution.stages.count ?? 0) - 1)
        for index in execution.stages.indices.dropFirst(first) {
            let declared = execution.pipeline.stages[index]
            let stage = timing.stage(index, named: declared.name)
            let known = Set(timing.stages[stage].actions.map(\.id))
            // What failed at once and runs anew is there no more.
            let all =
                admission.replaced.filter { $0.place.stage == declared.name }
                + execution.stages[index].every(of: declared)
            for placed in all where !known.contains(placed.execution.id) { begin(placed, stage, at) }
        }
        for case .run(let dispatch) in admission.effects {
            open[dispatch.attempt.id]?.since = at
            open[dispatch.attempt.id]?.notBefore = dispatch.notBefore
        }
        let waiting = execution.waitingForRoom
        ready = ready.filter { waiting.contains($0.key) }
        for name in waiting where ready[name] == nil { ready[name] = at }
    }

    private mutating func begin(_ placed: PlacedAction, _ stage: Int, _ at: Instant) {
        var action = Timing.Action(place: placed.place, id: placed.execution.id)
        if placed.place.condition == nil, let since = ready.removeValue(forKey: placed.place.name) {
            action.uses.add(max(0, at.milliseconds - since.milliseconds), to: .slot)
        }
        let row = timing.stages[stage].actions.count
        timing.stages[stage].actions.append(action)
        guard !placed.execution.state.isOver else { return }
        var isApproval = false
        if case .awaitingApproval = placed.execution.state { isApproval = true }
        open[placed.execution.id] = Job(stage: stage, row: row, since: at, isApproval: isApproval)
    }

    /// Books a job that ends by a fact, with its own result or without.
    private mutating func book(_ id: ActionExecutionID, _ job: Job, _ fact: Fact, _ execution: Execution) {
        let own = fact.event.endedAttempt?.id == id
        let isOver =
            !execution.runningDispatches.contains { $0.attempt.id == id }
            && !execution.pendingApprovals.contains { $0.attempt.id == id }
        guard own || isOver else { return }
        var use = job.isApproval ? TimeUse.approval : .run
        if own, case .attemptLost = fact.event { use = .lost }
        add(job, use, to: fact.at, own ? fact.event.times : nil)
        if isOver { open[id] = nil }
    }

    /// - Parameter use: of what nothing more is known.
    private mutating func add(_ job: Job, _ use: TimeUse, to at: Instant, _ times: JobTimes?) {
        var left = max(0, at.milliseconds - job.since.milliseconds)
        func book(_ milliseconds: Int64, _ use: TimeUse) {
            let part = min(max(0, milliseconds), left)
            timing.stages[job.stage].actions[job.row].uses.add(part, to: use)
            left -= part
        }
        if let notBefore = job.notBefore { book(notBefore.milliseconds - job.since.milliseconds, .pause) }
        if let times {
            for part in JobTimes.Part.allCases { book(times[part], TimeUse(part)) }
        }
        book(left, times == nil ? use : .other)
    }
}

extension TimeUse {
    fileprivate init(_ part: JobTimes.Part) {
        switch part {
        case .slot: self = .slot
        case .setUp: self = .setUp
        case .run: self = .run
        case .handOver: self = .handOver
        }
    }
}

extension [TimeUse: Int64] {
    fileprivate mutating func add(_ milliseconds: Int64, to use: TimeUse) {
        if milliseconds > 0 { self[use, default: 0] += milliseconds }
    }
}

extension Execution {
    /// The actions that would begin if more of them could be in progress at once.
    fileprivate var waitingForRoom: [String] {
        guard start.actionLimit != nil, status == .inProgress, let stage = stages.indices.last,
            case .acting = stages[stage].phase
        else { return [] }
        let actions = stages[stage].actions
        let group = plan.groups[stage].first { $0.contains { actions[$0.name]?.state.isSuccess != true } } ?? []
        return group.map(\.name).filter { actions[$0] == nil }
    }
}
