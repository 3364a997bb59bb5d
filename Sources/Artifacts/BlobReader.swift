import Glibc

/// Reads the files of one artifact out of the store, on one thread, and checks every byte against its digest.
struct BlobReader: ~Copyable {
    private let artifact: ArtifactDigest?
    private let hash = SHA256()
    private let buffer = Buffer()

    /// - Parameter artifact: for messages; nil for contents that no artifact names.
    init(of artifact: ArtifactDigest?) { self.artifact = artifact }

    /// Hands over the content of the file at `path` piece by piece.
    /// - Throws: `missing`, `corrupted` (only after the last piece), and what `body` throws.
    func read(
        _ digest: BlobDigest, of path: ArtifactPath, in blobs: borrowing BlobFolder,
        _ body: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        try read(try open(digest, of: path, in: blobs), digest, of: path, in: blobs, body)
    }

    func open(
        _ digest: BlobDigest, of path: ArtifactPath, in blobs: borrowing BlobFolder
    ) throws(ArtifactError) -> Descriptor {
        if let blob = try blobs.open(digest) { return blob }
        throw ArtifactError(
            .missing, path.description,
            "\(subject) is not whole: \(path) is not among \(blobs.path) as \(digest); ingest the artifact again")
    }

    private var subject: String { artifact.map { "artifact \($0)" } ?? "what no artifact names" }

    /// - Parameter blob: as `open` gives it.
    func read(
        _ blob: borrowing Descriptor, _ digest: BlobDigest, of path: ArtifactPath, in blobs: borrowing BlobFolder,
        _ body: (UnsafeRawBufferPointer) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        // Of one before, which could not be read to its end.
        hash.start()
        var count = buffer.bytes.count
        while count == buffer.bytes.count {
            count = try blob.fill(buffer.bytes, of: "\(blobs.path)/\(digest)")
            let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
            hash.update(bytes)
            try body(bytes)
        }
        let found: BlobDigest = hash.finish()
        if found != digest {
            let file = artifact == nil ? "\(blobs.path)/\(digest)" : path.description
            throw ArtifactError(
                .corrupted, file,
                "\(subject) is corrupted: \(file) must have the SHA-256 \(digest), but its copy in \(blobs.path) has"
                    + " \(found); remove that copy and ingest the artifact again")
        }
    }
}
