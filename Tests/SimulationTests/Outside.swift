import Engine
import Synchronization

/// All that is outside of the core: plugins at work and reviewers who are asked. It ends with the process.
final class Outside: EffectHandler {
    private struct State {
        var jobs: [Attempt: Dispatch] = [:]
        var requests: [Attempt: ApprovalRequest] = [:]
        /// Since the process began.
        var asked: Set<EffectName> = []
        /// How many effects are still performed before the process is killed; nil when it is not.
        var life: Int?
        var broken: String?
    }

    private let state = Mutex(State())
    private let journal: FaultyJournal

    init(_ journal: FaultyJournal) { self.journal = journal }

    func perform(_ effect: Effect, for driver: Driver) {
        let isWritten = journal.isWritten(effect)
        state.withLock { state in
            if let life = state.life {
                guard life > 0 else { return }
                state.life = life - 1
            }
            if !isWritten { state.broken = "\(EffectName(effect)) is done before it is written (law 6)" }
            if !state.asked.insert(EffectName(effect)).inserted {
                state.broken = "\(EffectName(effect)) is asked for twice"
            }
            switch effect {
            case .run(let dispatch): state.jobs[dispatch.attempt] = dispatch
            // A plugin that is told to end may have its result ready all the same.
            case .cancel: break
            case .awaitApproval(let request): state.requests[request.attempt] = request
            }
        }
    }

    /// The process is killed when it has performed so many more effects.
    func killAfter(_ effects: Int) { state.withLock { $0.life = effects } }

    var isKilled: Bool { state.withLock { $0.life != nil } }

    /// A new process, in which nothing runs any more.
    func restart() { state.withLock { $0 = State() } }

    /// In the order of their names, so that a seed draws the same again.
    var jobs: [Dispatch] {
        state.withLock { $0.jobs.values.sorted { $0.attempt.sortKey < $1.attempt.sortKey } }
    }

    var requests: [ApprovalRequest] {
        state.withLock { $0.requests.values.sorted { $0.attempt.sortKey < $1.attempt.sortKey } }
    }

    func isAsked(_ attempt: Attempt) -> Bool {
        state.withLock { state in
            ["run", "approval"].contains { state.asked.contains(EffectName(kind: $0, attempt: attempt)) }
        }
    }

    func end(_ attempt: Attempt) { state.withLock { $0.jobs[attempt] = nil } }

    func forget(_ request: ApprovalRequest) { state.withLock { $0.requests[request.attempt] = nil } }

    /// What it saw that must not be.
    var broken: String? { state.withLock { $0.broken } }
}

extension EffectName {
    init(kind: String, attempt: Attempt) { (self.kind, self.attempt) = (kind, attempt) }
}

extension Attempt {
    var sortKey: String { "\(execution)/\(self)/\(id)" }
}
