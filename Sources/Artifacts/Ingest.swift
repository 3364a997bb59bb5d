import CLinux
import Failpoints
import Glibc

/// One artifact on its way into the store: new blobs are written to the side, and moved to their places when all of
/// them are on disk.
struct Ingest: ~Copyable {
    let intake: Intake
    private let store: ArtifactStore
    private let trees: Descriptor
    private(set) var entries: [ArtifactEntry] = []
    private var count = 0
    private var textBytes = 0

    /// - Parameter packedBytes: of the archive that is unpacked.
    init(into store: ArtifactStore, limits: ArtifactLimits, packedBytes: Int? = nil) throws(ArtifactError) {
        let intake = try Intake(of: store, limits: limits, packedBytes: packedBytes)
        let trees = try Descriptor(opening: store.treesPath, O_RDONLY | O_DIRECTORY)
        self.store = store
        self.intake = intake
        self.trees = trees
    }

    /// Refuses a path over the limits, or a file that is known to be too large, before anything is done about it.
    func admit(_ path: ArtifactPath, sizeBytes: Int = 0) throws(ArtifactError) {
        try intake.limits.check(path, after: count)
        try intake.admit(path, sizeBytes: sizeBytes)
    }

    mutating func addDirectory(_ path: ArtifactPath, mode: UInt16) throws(ArtifactError) {
        try reserve(path)
        entries.append(ArtifactEntry(path: path, kind: .directory(mode: mode)))
    }

    mutating func addLink(_ path: ArtifactPath, target: [UInt8]) throws(ArtifactError) {
        try intake.limits.check(path, targetBytes: target.count)
        textBytes += target.count
        try reserve(path)
        entries.append(ArtifactEntry(path: path, kind: .link(target: target)))
    }

    /// Adds a file with the content and the mode of one that is there already.
    mutating func addCopy(_ path: ArtifactPath, of original: ArtifactEntry) throws(ArtifactError) -> ArtifactEntry {
        try admit(path, sizeBytes: original.sizeBytes)
        try intake.count(path, original.sizeBytes)
        let copy = ArtifactEntry(path: path, kind: original.kind)
        try reserve(path)
        entries.append(copy)
        return copy
    }

    /// `fill` fills the buffer as far as the file goes, and returns how far.
    mutating func addFile(
        _ path: ArtifactPath, mode: UInt16, by writer: borrowing BlobWriter,
        fill: (UnsafeMutableRawBufferPointer) throws(ArtifactError) -> Int
    ) throws(ArtifactError) {
        let (digest, sizeBytes) = try writer.take(mode: mode, path, into: intake, fill: fill)
        try reserve(path)
        addReserved(ArtifactEntry(path: path, kind: .file(mode: mode, sizeBytes: sizeBytes, digest: digest)))
    }

    /// Counts an entry that is added later.
    mutating func reserve(_ path: ArtifactPath) throws(ArtifactError) {
        count += 1
        textBytes += path.bytes.count
        try intake.limits.check(path, textBytes: textBytes)
    }

    mutating func addReserved(_ entry: ArtifactEntry) { entries.append(entry) }

    /// Makes the artifact complete and durable, and returns its name.
    ///
    /// Blobs are on disk before they get their names, and have their names on disk before the tree gets its own:
    /// whoever finds a blob or a tree, even after a power cut, may trust that it is whole.
    mutating func commit() throws(ArtifactError) -> ArtifactDigest {
        let text = try Tree(entries).serialized
        let digest: ArtifactDigest = text.withUnsafeBytes { SHA256().digest(of: $0) }
        let fresh = intake.freshBlobs
        if !store.contains(digest) || !fresh.isEmpty {
            try write(text)
            try sync(fresh.keys.map(\.fileName) + [treeName])
            reach(.blobsWritten)
            try intake.blobs.place(fresh, from: intake.temporary.directory)
            reach(.blobsPlaced)
            try check(renameat(temporary, treeName, trees.raw, digest.fileName), store.treesPath)
        } else {
            // Nothing may refer to it yet: its age tells that it is wanted again.
            try check(utimensat(trees.raw, digest.fileName, nil, AT_SYMLINK_NOFOLLOW), store.treesPath)
        }
        // Also when the tree was there: another ingest may have put it there a moment ago.
        try check(fsync(trees.raw), store.treesPath)
        return digest
    }

    /// Brings files to the disk: a few of them each by itself, because a sync of the whole file system waits for whatever
    /// anybody has written to it; many at once.
    private func sync(_ names: [[CChar]]) throws(ArtifactError) {
        guard names.count <= fewFiles else { return try check(csystem_syncfs(temporary), store.directory) }
        for begins in [true, false] {
            for name in names {
                let raw = openat(temporary, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
                try check(raw, intake.temporary.path)
                let file = Descriptor(taking: raw)
                // All begin before the first is waited for: then one turn of the disk does for most.
                if begins {
                    csystem_begin_writing(raw, 0, 0)
                } else {
                    try check(fsync(file.raw), intake.temporary.path)
                }
            }
        }
    }

    private var temporary: Int32 { intake.temporary.directory.raw }

    private func write(_ text: [UInt8]) throws(ArtifactError) {
        let raw = openat(temporary, treeName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o444)
        try check(raw, intake.temporary.path)
        let file = Descriptor(taking: raw)
        try text.withUnsafeBufferPointer { (bytes) throws(ArtifactError) in
            try file.write(UnsafeRawBufferPointer(bytes), to: intake.temporary.path)
        }
    }

    private func check(_ result: Int32, _ path: String) throws(ArtifactError) {
        if result < 0 { throw .system(errno, "cannot write to the artifact store", path) }
    }
}

/// Each costs a turn of the disk, at worst.
private let fewFiles = 16
private let treeName = Array("tree".utf8CString)
