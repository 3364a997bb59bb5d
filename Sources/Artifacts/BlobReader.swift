import Glibc

/// Reads the files of one artifact out of the store, and checks every byte against its digest.
struct BlobReader: ~Copyable {
    private let store: ArtifactStore
    private let artifact: ArtifactDigest
    private let blobs: Descriptor
    private let hash = SHA256()
    private let buffer = Buffer()

    init(of artifact: ArtifactDigest, in store: ArtifactStore) throws(ArtifactError) {
        let blobs = try Descriptor(opening: store.blobsPath, O_RDONLY | O_DIRECTORY)
        self.store = store
        self.artifact = artifact
        self.blobs = blobs
    }

    /// Hands over the content of the file at `path` piece by piece.
    /// - Throws: `missing`, `corrupted` (only after the last piece), and what `body` throws.
    func read(
        _ digest: BlobDigest, of path: ArtifactPath,
        _ body: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        let blob = try open(digest, of: path)
        var count = buffer.bytes.count
        while count == buffer.bytes.count {
            count = try blob.fill(buffer.bytes, of: "\(store.blobsPath)/\(digest)")
            let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
            hash.update(bytes)
            try body(bytes)
        }
        let found: BlobDigest = hash.finish()
        if found != digest {
            throw ArtifactError(
                .corrupted, path.description,
                "artifact \(artifact) is corrupted: \(path) must have the SHA-256 \(digest), but its copy in"
                    + " \(store.blobsPath) has \(found); remove that copy and ingest the artifact again")
        }
    }

    private func open(_ digest: BlobDigest, of path: ArtifactPath) throws(ArtifactError) -> Descriptor {
        let raw = openat(blobs.raw, digest.fileName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        if raw >= 0 { return Descriptor(taking: raw) }
        if errno != ENOENT { throw .system(errno, "cannot read", "\(store.blobsPath)/\(digest)") }
        throw ArtifactError(
            .missing, path.description,
            "artifact \(artifact) is not whole: \(path) is not among \(store.blobsPath) as \(digest);"
                + " ingest the artifact again")
    }
}
