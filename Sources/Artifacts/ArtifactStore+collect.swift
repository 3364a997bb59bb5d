import Failpoints
import Glibc

/// What a collection removes.
public struct Collected: Hashable, Sendable {
    public var artifacts = 0
    public var files = 0
    /// On disk.
    public var bytes = 0

    public init() {}
}

extension ArtifactStore {
    /// Removes the artifacts that are not to be kept, and the files that no artifact has any more.
    ///
    /// An artifact that was taken in later than `horizon` stays: what refers to it may not be written yet. Killed in the
    /// middle, it leaves what the next collection removes. Ingests wait for it, while it removes.
    /// - Parameters:
    ///   - horizon: a moment in seconds since 1970.
    ///   - isRehearsal: nothing is removed; it is only said what would be.
    /// - Throws: also when an artifact that is kept is damaged: it cannot be known then what belongs to it. Nothing is
    ///   removed then.
    public func collect(
        keeping kept: Set<ArtifactDigest>, takenInBefore horizon: Int, isRehearsal: Bool = false
    ) throws(ArtifactError) -> Collected {
        var sweep = Sweep(store: self, kept: kept, horizon: horizon)
        // Most of the work before anybody has to wait for it: an artifact never changes.
        try sweep.look()
        if isRehearsal { return try sweep.run(isRehearsal) }
        let lock = try StoreLock(alone: temporaryPath)
        try sweep.look()
        let collected = try sweep.run(isRehearsal)
        _ = consume lock
        return collected
    }
}

private struct Sweep: ~Copyable {
    private let store: ArtifactStore
    private let kept: Set<ArtifactDigest>
    private let horizon: Int
    private var live: Set<ArtifactDigest> = []
    private var blobs: Set<BlobDigest> = []
    private var collected = Collected()

    init(store: ArtifactStore, kept: Set<ArtifactDigest>, horizon: Int) {
        (self.store, self.kept, self.horizon) = (store, kept, horizon)
    }

    /// Notes what belongs to the artifacts that stay, as far as it is not known yet.
    mutating func look() throws(ArtifactError) {
        for (digest, _) in try trees() where !live.contains(digest) {
            guard try stays(digest) else { continue }
            live.insert(digest)
            for entry in try store.entries(of: digest) {
                if case .file(_, _, let blob) = entry.kind { blobs.insert(blob) }
            }
        }
    }

    mutating func run(_ isRehearsal: Bool) throws(ArtifactError) -> Collected {
        for (digest, name) in try trees() where !live.contains(digest) {
            try remove(name, in: store.treesPath, isRehearsal)
            collected.artifacts += 1
        }
        if !isRehearsal { try sync(store.treesPath) }
        reach(.treesCollected)
        var dead: [String] = []
        try list(store.blobsPath) { name in
            if let digest = BlobDigest(name), !blobs.contains(digest) { dead.append(name) }
        }
        for name in dead {
            try remove(name, in: store.blobsPath, isRehearsal)
            collected.files += 1
        }
        return collected
    }

    private func trees() throws(ArtifactError) -> [(ArtifactDigest, name: String)] {
        var trees: [(ArtifactDigest, name: String)] = []
        try list(store.treesPath) { name in
            if let digest = ArtifactDigest(name) { trees.append((digest, name)) }
        }
        return trees
    }

    private func stays(_ digest: ArtifactDigest) throws(ArtifactError) -> Bool {
        if kept.contains(digest) { return true }
        var status = stat()
        let path = "\(store.treesPath)/\(digest)"
        guard stat(path, &status) == 0 else { throw .system(errno, "cannot look at", path) }
        return status.st_mtim.tv_sec >= horizon
    }

    private mutating func remove(_ name: String, in folder: String, _ isRehearsal: Bool) throws(ArtifactError) {
        let path = "\(folder)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system(errno, "cannot look at", path) }
        if !isRehearsal, unlink(path) != 0 { throw .system(errno, "cannot remove", path) }
        // Under another name, as a job's input, it goes on taking its room. The unit is 512 on every Linux file system.
        if status.st_nlink == 1 { collected.bytes += Int(status.st_blocks) * 512 }
    }

    private func list(_ path: String, _ body: (String) -> Void) throws(ArtifactError) {
        let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        try folder.forEachName(of: path) { body(String(cString: $0)) }
    }

    private func sync(_ path: String) throws(ArtifactError) {
        let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if fsync(folder.raw) != 0 { throw .system(errno, "cannot write", path) }
    }
}
