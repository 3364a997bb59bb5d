import Glibc

/// A content-addressed store of artifacts in a directory of its own.
///
///     blobs/<SHA-256 of the bytes>     one file for each different content, never changed
///     trees/<SHA-256 of the text>      the canonical text of an artifact (see `Tree`); its time is that of the last ingest
///     sizes/<bytes>                    a blob of so many bytes, and more than fit a buffer, was once put in
///     tmp/<random>/                    what an ingest has not finished; `tmp` is also what is locked (see `StoreLock`)
///
/// A tree is put in its place last, when all that it names is on disk: what has a tree is complete. Only the owner of
/// the process can enter the store. A blob has the mode of the file that brought it, if that is one that it can lend to
/// others (see `isShareable`), else 0644: so it can be laid out under one more name (see `Sharing`).
/// Any number of threads may use a store at once; all calls block.
public struct ArtifactStore: Hashable, Sendable {
    /// Absolute path of the store.
    public let directory: String

    /// Opens a store for reading; nothing is made or changed.
    public init(reading directory: String) { self.directory = directory }

    /// Opens a store for reading and writing: makes it if it is not there (its parent must be), and removes what
    /// unfinished ingests of a process that died have left.
    /// - Throws: `readOnly`, `denied`, `diskFull`, `missing`, `system`.
    public init(directory: String) throws(ArtifactError) {
        self.directory = directory
        for path in [directory, blobsPath, treesPath, sizesPath, temporaryPath]
        where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw .system(errno, "cannot make the artifact store's directory", path)
        }
        // A store of an earlier run may stand on a file system that has become read-only since.
        if access(temporaryPath, W_OK) != 0 { throw .system(errno, "cannot write to the artifact store", directory) }
        try TemporaryDirectory.sweep(temporaryPath)
    }

    var blobsPath: String { directory + "/blobs" }
    var treesPath: String { directory + "/trees" }
    var sizesPath: String { directory + "/sizes" }
    var temporaryPath: String { directory + "/tmp" }

    /// Whether the artifact has been ingested; its files are not looked at.
    public func contains(_ digest: ArtifactDigest) -> Bool {
        access("\(treesPath)/\(digest)", F_OK) == 0
    }

    /// What the artifact holds, sorted by path.
    /// - Throws: `missing`, `corrupted` when the tree is not what was stored, `denied`, `system`.
    public func entries(of digest: ArtifactDigest) throws(ArtifactError) -> [ArtifactEntry] {
        let path = "\(treesPath)/\(digest)"
        if !contains(digest) {
            throw ArtifactError(.missing, path, "the artifact store \(directory) holds no artifact \(digest)")
        }
        let file = try Descriptor(opening: path, O_RDONLY)
        var text = [UInt8](repeating: 0, count: Int(try file.status(of: path).st_size))
        _ = try text.withUnsafeMutableBufferPointer { (buffer) throws(ArtifactError) in
            try file.fill(UnsafeMutableRawBufferPointer(buffer), of: path)
        }
        let found: ArtifactDigest = text.withUnsafeBytes { SHA256().digest(of: $0) }
        guard found == digest, let tree = Tree(parsing: text) else {
            throw ArtifactError(
                .corrupted, path,
                "artifact \(digest) is corrupted: its tree in \(path) has the SHA-256 \(found); ingest it again")
        }
        return tree.entries
    }

    /// The sum of the sizes of the artifact's files in bytes.
    /// - Throws: as `entries(of:)`.
    public func sizeBytes(of digest: ArtifactDigest) throws(ArtifactError) -> Int {
        try entries(of: digest).reduce(0) { $0 + $1.sizeBytes }
    }
}
