import Engine
import Store
import Synchronization

/// What goes wrong with the next commit.
enum Fault: Hashable, CaseIterable {
    /// The disk refuses it.
    case writeFails
    /// The process is killed before anything of it is written.
    case killedBefore
    /// The process is killed when it is written and nobody knows yet.
    case killedAfter
    /// The process is killed while its effects are performed.
    case killedPerforming

    var endsProcess: Bool { self != .writeFails }
}

/// The store, with a fault now and then.
final class FaultyJournal: Journal {
    struct Broken: Error {}

    private struct State {
        var store: Store
        var fault: Fault?
        /// Told when the next commit is about to be written, which then waits for it.
        var holder: Holder?
        var landed: [Commit] = []
        var written: Set<EffectName> = []
    }

    private let state: Mutex<State>

    init(_ store: Store) { state = Mutex(State(store: store)) }

    func commit(_ commit: Commit) async throws {
        let (store, fault, holder) = state.withLock { state in
            defer { (state.fault, state.holder) = (nil, nil) }
            return (state.store, state.fault, state.holder)
        }
        if let holder { await holder.wait() }
        if fault == .writeFails || fault == .killedBefore { throw Broken() }
        try await store.commit(commit)
        state.withLock {
            $0.landed.append(commit)
            $0.written.formUnion(commit.effects.map(EffectName.init))
        }
        if fault == .killedAfter { throw Broken() }
    }

    func recall(_ id: ExecutionID) async throws -> Execution? {
        try await state.withLock { $0.store }.recall(id)
    }

    func prepare(_ fault: Fault?, _ holder: Holder? = nil) {
        state.withLock { ($0.fault, $0.holder) = (fault, holder) }
    }

    func reopened(_ store: Store) { state.withLock { $0.store = store } }

    func isWritten(_ effect: Effect) -> Bool { state.withLock { $0.written.contains(EffectName(effect)) } }

    /// What has been written since the last call.
    func takeLanded() -> [Commit] {
        state.withLock { state in
            defer { state.landed = [] }
            return state.landed
        }
    }
}

/// Which effect it is, without all that it says.
struct EffectName: Hashable {
    let kind: String
    let attempt: Attempt

    init(_ effect: Effect) {
        switch effect {
        case .run(let dispatch): (kind, attempt) = ("run", dispatch.attempt)
        case .cancel(let attempt): (kind, self.attempt) = ("cancel", attempt)
        case .awaitApproval(let request): (kind, attempt) = ("approval", request.attempt)
        }
    }
}

/// Where a commit waits until more has been submitted behind it.
final class Holder: Sendable {
    private struct State {
        var isReached = false
        var isHeld = false
        var isReleased = false
        var reached: CheckedContinuation<Void, Never>?
        var released: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    /// The commit's side.
    func wait() async {
        state.withLock { $0.isHeld = true }
        reach()
        await withCheckedContinuation { continuation in
            let isReleased = state.withLock { state in
                if !state.isReleased { state.released = continuation }
                return state.isReleased
            }
            if isReleased { continuation.resume() }
        }
    }

    /// Also when there is no commit after all.
    func reach() {
        state.withLock { state in
            state.isReached = true
            defer { state.reached = nil }
            return state.reached
        }?.resume()
    }

    /// Returns when the commit waits, or there is none.
    /// - Returns: whether there is one.
    func untilReached() async -> Bool {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if !state.isReached { state.reached = continuation }
                return state.isReached
            }
            if isReached { continuation.resume() }
        }
        return state.withLock { $0.isHeld }
    }

    func release() {
        state.withLock { state in
            state.isReleased = true
            defer { state.released = nil }
            return state.released
        }?.resume()
    }
}
