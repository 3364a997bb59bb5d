import Glibc
import Synchronization

/// Where an ingest puts new blobs until they are all on disk, and what it has read so far.
///
/// Any number of threads may use it at once.
struct Intake: ~Copyable {
    let limits: ArtifactLimits
    let blobs: BlobFolder
    let temporary: TemporaryDirectory
    /// Of the archive that is unpacked.
    private let packedBytes: Int?
    private let totalBytes: Mutex<Int>
    /// Blobs that are in `temporary` under their final names, with their sizes.
    private let fresh: Mutex<[BlobDigest: Int]>

    init(of store: ArtifactStore, limits: ArtifactLimits, packedBytes: Int?) throws(ArtifactError) {
        // Before the first look at what is there, which must stay from then on.
        let temporary = try TemporaryDirectory(in: store.temporaryPath)
        let blobs = try BlobFolder(of: store)
        self.limits = limits
        self.packedBytes = packedBytes
        self.temporary = temporary
        self.blobs = blobs
        totalBytes = Mutex(0)
        fresh = Mutex([:])
    }

    /// Refuses a file that is known to be too large before anything is done about it.
    func admit(_ path: ArtifactPath, sizeBytes: Int) throws(ArtifactError) {
        let (total, overflow) = totalBytes.withLock { $0 }.addingReportingOverflow(sizeBytes)
        try limits.check(path, total: overflow ? .max : total, packedBytes: packedBytes)
    }

    /// - Parameter sizeBytes: more of the file at `path` than was counted before.
    func count(_ path: ArtifactPath, _ sizeBytes: Int) throws(ArtifactError) {
        let total = totalBytes.withLock { total in
            total += sizeBytes
            return total
        }
        try limits.check(path, total: total, packedBytes: packedBytes)
    }

    /// Whether a blob need not be written.
    func has(_ digest: BlobDigest, _ sizeBytes: Int) -> Bool {
        fresh.withLock { $0[digest] != nil } || blobs.has(digest, sizeBytes)
    }

    /// - Returns: nil when it is there already.
    func create(_ name: [CChar], mode: UInt16) throws(ArtifactError) -> Descriptor? {
        let raw = openat(temporary.directory.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if raw < 0, errno == EEXIST { return nil }
        if raw < 0 { throw failure() }
        let file = Descriptor(taking: raw)
        // openat's mode would be subject to the umask.
        if fchmod(raw, mode_t(isShareable(mode) ? mode : 0o644)) != 0 { throw failure() }
        return file
    }

    func keep(_ digest: BlobDigest, _ sizeBytes: Int) { fresh.withLock { $0[digest] = sizeBytes } }

    /// Gives what was written as `name` the name that it will have.
    func keep(_ digest: BlobDigest, _ sizeBytes: Int, from name: [CChar]) throws(ArtifactError) {
        let raw = temporary.directory.raw
        if renameat(raw, name, raw, digest.fileName) != 0 { throw failure() }
        keep(digest, sizeBytes)
    }

    var freshBlobs: [BlobDigest: Int] { fresh.withLock { $0 } }

    private func failure() -> ArtifactError {
        .system(errno, "cannot write to the artifact store", temporary.path)
    }
}
