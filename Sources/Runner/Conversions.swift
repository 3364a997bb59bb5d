import Artifacts
import Dispatch
import Engine
import Glibc
import PluginHost
import PluginProtocol
import Workspaces

// The wire's types become the engine's here, and what other modules throw becomes the failure of an action.

extension ExternalExecution {
    init(_ details: ExecutionDetails) {
        self.init(id: details.externalExecutionId, summary: details.summary, percentComplete: details.percentComplete)
    }
}

extension Engine.Revision {
    init(_ revision: PluginProtocol.Revision) {
        self.init(
            id: revision.revision, changeIdentifier: revision.changeIdentifier, summary: revision.revisionSummary,
            created: revision.created.map { Instant(milliseconds: Int64($0.seconds * 1_000)) })
    }
}

extension Failure {
    init(_ error: WorkspaceError) {
        switch error.code {
        case .invalidPath, .unreachable: self.init(.sandboxDenied, error.message)
        // It may have room when it is asked again.
        case .system(ENOSPC), .system(EDQUOT), .system(EROFS): self.init(.spawnFailed, error.message)
        default: self.init(.sandboxFailed, error.message)
        }
    }

    init(inputArtifact name: String, _ error: ArtifactError) {
        // What is not in the store, or not as it was, is not there the next time either.
        let isGone = error.isAboutContent || error.code == .missing || error.code == .corrupted
        self.init(isGone ? .inputArtifactUnavailable : .spawnFailed, "input artifact \(name): \(error.message)")
    }

    init(outputArtifact name: String, _ error: ArtifactError) {
        let code: HostCode
        switch error.code {
        case .missing: code = .outputArtifactMissing
        case .limitExceeded: code = .limitExceeded
        // What the plugin closed to us, too: asking it again would not open it.
        case .badLink, .unsupportedKind, .badName, .denied: code = .outputArtifactEscapes
        default: code = error.isAboutContent ? .outputArtifactMissing : .spawnFailed
        }
        self.init(code, "output artifact \(name): \(error.message)")
    }
}

/// Runs what waits for a disk on a thread of its own, so that it does not hold one of the few that tasks share.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: work)) }
    }
}

/// A random UUID (version 4), lower case.
public func randomUUID() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
}
