/// One file, directory or link of an artifact.
public struct ArtifactEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// `mode` is the permission bits alone, at most 0o777.
        case file(mode: UInt16, sizeBytes: Int, digest: BlobDigest)
        case directory(mode: UInt16)
        /// The target is kept byte for byte; it is relative and leads to a place inside the artifact, which need not
        /// exist.
        case link(target: [UInt8])
    }

    public let path: ArtifactPath
    public let kind: Kind

    public var sizeBytes: Int {
        if case .file(_, let sizeBytes, _) = kind { sizeBytes } else { 0 }
    }
}
