import Artifacts
import Engine

/// How a replayed job ended otherwise than the recorded one.
public struct ReplayDifference: Hashable, Sendable {
    /// `status`, `failure`, `revision`, `variable NAME` or `artifact NAME`.
    public let what: String
    /// Nil where there was nothing.
    public let recorded: String?
    public let replayed: String?
    /// Of an artifact: its files, `+` new, `-` gone, `~` changed; empty when the recorded one is no longer stored.
    public internal(set) var files: [String] = []
}

extension Replay {
    /// - Parameters:
    ///   - recorded: what ended the job; nil when it has no result.
    ///   - replayed: what ended it now; nil when it was given up.
    ///   - artifacts: where those of the recorded result are.
    /// - Returns: in a fixed order; none when both ended the same way. Tokens and progress are not compared.
    public func differences(_ recorded: Event?, _ replayed: Event?, artifacts: ArtifactStore) -> [ReplayDifference] {
        let (old, new) = (Ending(recorded), Ending(replayed))
        var all: [ReplayDifference] = []
        func compare(_ what: String, _ old: String?, _ new: String?) {
            if old != new { all.append(ReplayDifference(what: what, recorded: old, replayed: new)) }
        }
        compare("status", old.status, new.status)
        compare("failure", old.failure, new.failure)
        guard let was = old.result, let result = new.result else { return all }
        compare("revision", was.revision?.id, result.revision?.id)
        for name in Set(was.outputVariables.keys).union(result.outputVariables.keys).sorted() {
            compare("variable \(name)", was.outputVariables[name], result.outputVariables[name])
        }
        for name in Set(was.artifacts.keys).union(result.artifacts.keys).sorted() {
            guard let digest = was.artifacts[name], let now = result.artifacts[name], digest != now else { continue }
            var difference = ReplayDifference(what: "artifact \(name)", recorded: digest, replayed: now)
            difference.files = changes(entries(digest, in: artifacts), entries(now, in: outputs))
            all.append(difference)
        }
        return all
    }

    private func entries(_ digest: String, in store: ArtifactStore) -> [ArtifactEntry]? {
        ArtifactDigest(digest).flatMap { try? store.entries(of: $0) }
    }

    private func changes(_ old: [ArtifactEntry]?, _ new: [ArtifactEntry]?) -> [String] {
        guard let old, let new else { return [] }
        return ArtifactChange.between(old, new).map { "\($0.sign) \($0.path)" }
    }
}

/// The parts of a job's end that are compared.
private struct Ending {
    let status: String
    var failure: String?
    var result: ActionResult?

    init(_ event: Event?) {
        status = event.endingWord
        switch event {
        case .actionSucceeded(_, let result): self.result = result
        case .actionFailed(_, let failure):
            self.failure = "\(failure.code)\(failure.hostCode.map { " (\($0))" } ?? ""): \(failure.message)"
        case .attemptLost(_, .unavailable(let message, _)): failure = message
        default: break
        }
    }
}

extension Event? {
    /// How a job ended, in a word.
    public var endingWord: String {
        switch self {
        case .actionSucceeded: "Succeeded"
        case .actionFailed: "Failed"
        case .actionContinues: "Continues"
        case .attemptLost: "Lost"
        default: "no result"
        }
    }
}
