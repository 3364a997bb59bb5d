import Engine
import Pipelines

/// A law that does not hold.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ law: @autoclosure () -> String) throws(Violation) {
    guard holds else { throw Violation(law()) }
}

/// What is known of one pipeline by what was written down, kept apart from what the engine says of itself.
struct Laws {
    private(set) var versions: [Int: Pipeline]
    private(set) var version: Int
    /// Every execution, as it was written last.
    private(set) var latest: [ExecutionID: Execution] = [:]
    /// Of each execution that is not over: what it was asked for and has not ended.
    private(set) var open: [ExecutionID: Set<Attempt>] = [:]
    /// The pipeline as it was written last.
    private(set) var written: PipelineState?
    private(set) var outbox: Set<EffectName> = []
    /// By stage: those who wait before it, as they came.
    private var arrivals: [String: [ExecutionID]] = [:]
    private var disabled: Set<Passage> = []
    /// Before and after each event of the commit that is looked at.
    private var disabledThen: [Set<Passage>] = []
    private var asked: Set<Attempt> = []
    /// Those of them that no plugin is asked for: a reviewer is not told that an approval is given up.
    private var approvals: Set<Attempt> = []
    private var ended: Set<Attempt> = []
    private var made: [ExecutionID: [String: Set<String>]] = [:]

    private struct Passage: Hashable {
        let stage: String
        let side: TransitionChange.Side
    }

    init(_ pipeline: Pipeline) { (versions, version) = ([1: pipeline], 1) }

    var pipeline: Pipeline { versions[version]! }
    /// Those that are not over.
    var live: [Execution] { open.keys.sorted { $0.text < $1.text }.map { latest[$0]! } }

    // MARK: A commit

    /// - Parameter events: what it is made of.
    mutating func take(_ commit: Commit, _ events: [PipelineEvent]) throws(Violation) {
        let before = self
        disabledThen = [disabled]
        for event in events {
            note(event)
            disabledThen.append(disabled)
        }
        outbox.subtract(commit.accepted.map(EffectName.init))
        outbox.formUnion(commit.effects.map(EffectName.init))
        if let pipeline = commit.pipeline { written = pipeline }
        for change in commit.executions {
            try checkChange(change)
            for fact in change.facts { try take(fact, of: change) }
        }
        for effect in commit.effects { try take(effect, commit) }
        for change in commit.executions { try settle(change, commit) }
        for change in commit.executions {
            try checkOrder(change, before)
            // Its target may have succeeded by the same commit.
            if change.before == nil { try checkTarget(of: change.after.start) }
        }
    }

    private mutating func note(_ event: PipelineEvent) {
        switch event {
        case .transitionChanged(let change):
            let passage = Passage(stage: change.stage, side: change.side)
            if change.disabledReason == nil { disabled.remove(passage) } else { disabled.insert(passage) }
        case .declared(let pipeline, let version):
            declare(pipeline, version)
        case .started, .execution, .takenUp, .deleted: break
        }
    }

    mutating func declare(_ pipeline: Pipeline, _ version: Int) {
        (versions[version], self.version) = (pipeline, version)
        let stages = Set(pipeline.stages.map(\.name))
        disabled = disabled.filter { stages.contains($0.stage) }
    }

    private func checkChange(_ change: ExecutionChange) throws(Violation) {
        let id = change.after.id
        try require(change.before == latest[id], "\(id): what it was before is what was written last")
        try require(
            change.after.declaration == versions[change.after.start.pipelineVersion], "\(id) is bound to its version")
        guard let before = change.before, before.status.isOver else { return }
        switch (before.status, change.facts[0].event) {
        case (.stopped, .resumed), (.stopped, .stageRetried), (.failed, .stageRetried): break
        default: throw Violation("\(id) is \(before.status.name) and goes on with \(change.facts[0].event) (law 5)")
        }
    }

    private mutating func take(_ fact: Fact, of change: ExecutionChange) throws(Violation) {
        let id = change.after.id
        switch fact.event {
        case .actionSucceeded(let attempt, let result):
            try end(attempt)
            for (name, digest) in result.artifacts { made[id, default: [:]][name, default: []].insert(digest) }
        case .actionContinues(let attempt, _), .actionFailed(let attempt, _), .attemptLost(let attempt, _),
            .approvalAnswered(let attempt, _), .approvalExpired(let attempt):
            try end(attempt)
        case .actionProgressed(let attempt, _):
            try require(open[id]?.contains(attempt) == true, "\(attempt) says something after its end")
        case .stageEntered(let stage): try checkEntry(of: change.after, stage)
        case .started, .stopRequested, .resumed, .superseded, .cancelled, .stageRetried, .conditionOverridden: break
        }
    }

    private mutating func end(_ attempt: Attempt) throws(Violation) {
        try require(ended.insert(attempt).inserted, "the result of \(attempt) is applied once")
        try require(
            open[attempt.execution]?.contains(attempt) == true, "the result of \(attempt), which is given up, is taken")
    }

    private func checkEntry(of execution: Execution, _ stage: String) throws(Violation) {
        guard execution.start.rollback == nil, pipeline.stages.contains(where: { $0.name == stage }) else { return }
        // It is not told which event of the commit let it in.
        let mightPass = disabledThen.contains { mayPass(stage, $0) }
        try require(mightPass, "\(execution.id) passes a disabled transition (TRN-2)")
    }

    /// RBK-2, RBK-5
    private func checkTarget(of start: Start) throws(Violation) {
        guard let rollback = start.rollback else { return }
        let (id, target) = (start.execution, latest[rollback.target])
        try require(target?.start.pipelineVersion == start.pipelineVersion, "\(id) goes back past an edit (RBK-2)")
        let index = target?.pipeline.stages.firstIndex { $0.name == rollback.stage }
        let phase = index.flatMap { target!.stages.dropFirst($0).first?.phase }
        try require(
            phase == .over(.succeeded), "\(id) goes back to what has not succeeded in \(rollback.stage) (RBK-2)")
    }

    /// EXE-9
    private func checkOrder(_ change: ExecutionChange, _ before: Laws) throws(Violation) {
        guard pipeline.executionMode == .queued, before.version == version, change.after.start.rollback == nil else {
            return
        }
        for case .stageEntered(let stage) in change.facts.map(\.event) {
            for id in before.arrivals[stage, default: []].prefix(while: { $0 != change.after.id }) {
                let waits = open[id] != nil && latest[id]?.awaitedName == stage && latest[id]?.start.rollback == nil
                try require(!waits, "\(change.after.id) overtakes \(id) before \(stage) (EXE-9)")
            }
        }
    }

    func mayPass(_ stage: String) -> Bool { mayPass(stage, disabled) }

    private func mayPass(_ stage: String, _ disabled: Set<Passage>) -> Bool {
        guard let index = pipeline.stages.firstIndex(where: { $0.name == stage }) else { return true }
        guard !disabled.contains(Passage(stage: stage, side: .inbound)) else { return false }
        return index == 0 || !disabled.contains(Passage(stage: pipeline.stages[index - 1].name, side: .outbound))
    }

    private mutating func take(_ effect: Effect, _ commit: Commit) throws(Violation) {
        switch effect {
        case .run(let dispatch):
            try require(asked.insert(dispatch.attempt).inserted, "\(dispatch.attempt) is asked for once")
            try checkInputs(of: dispatch, commit)
        case .awaitApproval(let request):
            approvals.insert(request.attempt)
            try require(asked.insert(request.attempt).inserted, "\(request.attempt) is asked for once")
        case .cancel(let attempt): try require(asked.contains(attempt), "only what was asked for is cancelled")
        }
    }

    /// ACT-11
    private func checkInputs(of dispatch: Dispatch, _ commit: Commit) throws(Violation) {
        let id = dispatch.attempt.execution
        let rollback = commit.executions.first { $0.after.id == id }?.after.start.rollback
        for name in dispatch.action.inputArtifacts {
            guard let digest = dispatch.inputs[name] else {
                throw Violation("\(dispatch.attempt) runs without its input \(name) (ACT-11)")
            }
            let isMade = made[id]?[name]?.contains(digest) == true
            let isTakenOver = rollback.map { made[$0.target]?[name]?.contains(digest) == true } ?? false
            try require(isMade || isTakenOver, "\(dispatch.attempt) runs with \(name) that nobody has made (ACT-11)")
        }
    }

    private mutating func settle(_ change: ExecutionChange, _ commit: Commit) throws(Violation) {
        let (id, after) = (change.after.id, change.after)
        let former = open[id] ?? []
        let now = Set(after.runningDispatches.map(\.attempt) + after.pendingApprovals.map(\.attempt))
        let begun = Set(commit.effects.compactMap(\.begun).filter { $0.execution == id })
        try require(now.isSubset(of: former.union(begun).subtracting(ended)), "\(id) waits for what was not asked for")
        let cancelled = Set(commit.effects.compactMap { if case .cancel(let attempt) = $0 { attempt } else { nil } })
        let givenUp = former.union(begun).subtracting(now).subtracting(ended).subtracting(approvals)
        try require(
            givenUp == cancelled.filter { $0.execution == id }, "\(id) tells what it gives up, and only that (STP-2)")
        if change.before?.status.isEnding == true, change.after.attempt == change.before?.attempt,
            !change.facts.contains(where: { if case .resumed = $0.event { true } else { false } })
        {
            let anew = begun.filter { new in !former.contains { $0.id == new.id } }
            try require(anew.isEmpty, "\(id) is told to end and begins \(anew) (STP-1, EXE-13)")
        }
        for stage in arrivals.keys where stage != after.awaitedName { arrivals[stage]?.removeAll { $0 == id } }
        if let stage = after.awaitedName, arrivals[stage]?.contains(id) != true {
            arrivals[stage, default: []].append(id)
        }
        open[id] = after.status.isOver ? nil : now
        latest[id] = after
    }
}

extension Effect {
    /// What is asked for by it.
    fileprivate var begun: Attempt? {
        switch self {
        case .run(let dispatch): dispatch.attempt
        case .awaitApproval(let request): request.attempt
        case .cancel: nil
        }
    }
}

extension ExecutionStatus {
    fileprivate var isEnding: Bool {
        switch self {
        case .stopping, .cancelling: true
        case .inProgress, .stopped, .succeeded, .failed, .superseded, .cancelled: false
        }
    }
}

extension Execution {
    /// The stage before which it waits.
    var awaitedName: String? { awaitedStage.map { pipeline.stages[$0].name } }

    /// The stage that it is in.
    var insideName: String? { status.isOver || awaitedStage != nil ? nil : pipeline.stages[stages.count - 1].name }
}
