import CLinux
import Failpoints
import Glibc

/// One artifact on its way into the store: new blobs are written to the side, and moved to their places when all of
/// them are on disk.
struct Ingest: ~Copyable {
    let limits: ArtifactLimits
    private let store: ArtifactStore
    private let blobs: Descriptor
    private let trees: Descriptor
    private let temporary: TemporaryDirectory
    private let hash = SHA256()
    private let buffer = Buffer()
    private(set) var entries: [ArtifactEntry] = []
    private var totalBytes = 0
    private var textBytes = 0
    /// Blobs that are in `temporary` under their final names.
    private var fresh: Set<BlobDigest> = []

    init(into store: ArtifactStore, limits: ArtifactLimits) throws(ArtifactError) {
        let blobs = try Descriptor(opening: store.blobsPath, O_RDONLY | O_DIRECTORY)
        let trees = try Descriptor(opening: store.treesPath, O_RDONLY | O_DIRECTORY)
        let temporary = try TemporaryDirectory(in: store.temporaryPath)
        self.store = store
        self.limits = limits
        self.blobs = blobs
        self.trees = trees
        self.temporary = temporary
    }

    /// Refuses a path over the limits, or a file that is known to be too large, before anything is done about it.
    func admit(_ path: ArtifactPath, sizeBytes: Int = 0) throws(ArtifactError) {
        try limits.check(path, after: entries.count)
        let (total, overflow) = totalBytes.addingReportingOverflow(sizeBytes)
        try limits.check(path, total: overflow ? .max : total)
    }

    mutating func addDirectory(_ path: ArtifactPath, mode: UInt16) throws(ArtifactError) {
        try append(ArtifactEntry(path: path, kind: .directory(mode: mode)))
    }

    mutating func addLink(_ path: ArtifactPath, target: [UInt8]) throws(ArtifactError) {
        try limits.check(path, targetBytes: target.count)
        textBytes += target.count
        try append(ArtifactEntry(path: path, kind: .link(target: target)))
    }

    /// Adds a file with the content and the mode of one that is there already.
    mutating func addCopy(_ path: ArtifactPath, of original: ArtifactEntry) throws(ArtifactError) -> ArtifactEntry {
        try admit(path, sizeBytes: original.sizeBytes)
        totalBytes += original.sizeBytes
        let copy = ArtifactEntry(path: path, kind: original.kind)
        try append(copy)
        return copy
    }

    private mutating func append(_ entry: ArtifactEntry) throws(ArtifactError) {
        textBytes += entry.path.bytes.count
        try limits.check(entry.path, textBytes: textBytes)
        entries.append(entry)
    }

    /// `fill` fills the buffer as far as the file goes, and returns how far.
    mutating func addFile(
        _ path: ArtifactPath, mode: UInt16, fill: (UnsafeMutableRawBufferPointer) throws(ArtifactError) -> Int
    ) throws(ArtifactError) {
        let count = try fill(buffer.bytes)
        totalBytes += count
        try limits.check(path, total: totalBytes)
        let first = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
        let (digest, sizeBytes) =
            count < buffer.bytes.count ? (try addSmall(first), count) : try addLarge(path, first: first, fill: fill)
        try append(ArtifactEntry(path: path, kind: .file(mode: mode, sizeBytes: sizeBytes, digest: digest)))
    }

    /// A file that fits the buffer is written only if it is new.
    private mutating func addSmall(_ bytes: UnsafeRawBufferPointer) throws(ArtifactError) -> BlobDigest {
        let digest: BlobDigest = hash.digest(of: bytes)
        if !has(digest, bytes.count) {
            try create(digest.fileName).write(bytes, to: temporary.path)
            fresh.insert(digest)
        }
        return digest
    }

    /// A larger file is written while it is hashed: it might change before a second look.
    private mutating func addLarge(
        _ path: ArtifactPath, first: UnsafeRawBufferPointer,
        fill: (UnsafeMutableRawBufferPointer) throws(ArtifactError) -> Int
    ) throws(ArtifactError) -> (BlobDigest, Int) {
        let file = try create(incoming)
        var (bytes, sizeBytes) = (first, 0)
        while !bytes.isEmpty {
            hash.update(bytes)
            try file.write(bytes, to: temporary.path)
            sizeBytes += bytes.count
            let count = try fill(buffer.bytes)
            totalBytes += count
            try limits.check(path, total: totalBytes)
            bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
        }
        let digest: BlobDigest = hash.finish()
        if has(digest, sizeBytes) {
            unlinkat(temporary.directory.raw, incoming, 0)
        } else {
            try move(incoming, from: temporary.directory.raw, to: temporary.directory.raw, as: digest.fileName)
            fresh.insert(digest)
        }
        return (digest, sizeBytes)
    }

    /// Whether a blob need not be written. One of another size than it must have was damaged, and is replaced.
    private func has(_ digest: BlobDigest, _ sizeBytes: Int) -> Bool {
        if fresh.contains(digest) { return true }
        var status = stat()
        return fstatat(blobs.raw, digest.fileName, &status, AT_SYMLINK_NOFOLLOW) == 0
            && Int(status.st_size) == sizeBytes
    }

    /// Makes the artifact complete and durable, and returns its name.
    ///
    /// Blobs are on disk before they get their names, and have their names on disk before the tree gets its own:
    /// whoever finds a blob or a tree, even after a power cut, may trust that it is whole.
    mutating func commit() throws(ArtifactError) -> ArtifactDigest {
        let text = try Tree(entries).serialized
        let digest: ArtifactDigest = text.withUnsafeBytes { hash.digest(of: $0) }
        if !store.contains(digest) || !fresh.isEmpty {
            try text.withUnsafeBufferPointer { (bytes) throws(ArtifactError) in
                try create(incoming).write(UnsafeRawBufferPointer(bytes), to: temporary.path)
            }
            try check(csystem_syncfs(temporary.directory.raw), "cannot write", store.directory)
            reach(.blobsWritten)
            for blob in fresh {
                try move(blob.fileName, from: temporary.directory.raw, to: blobs.raw, as: blob.fileName)
            }
            try check(fsync(blobs.raw), "cannot write", store.blobsPath)
            reach(.blobsPlaced)
            try move(incoming, from: temporary.directory.raw, to: trees.raw, as: digest.fileName)
        } else {
            // A collection leaves alone what was taken in of late.
            try check(utimensat(trees.raw, digest.fileName, nil, 0), "cannot write", store.treesPath)
        }
        // Also when the tree was there: another ingest may have put it there a moment ago.
        try check(fsync(trees.raw), "cannot write", store.treesPath)
        return digest
    }

    private func create(_ name: [CChar]) throws(ArtifactError) -> Descriptor {
        let raw = openat(temporary.directory.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o444)
        try check(raw, "cannot write to the artifact store", temporary.path)
        return Descriptor(taking: raw)
    }

    private func move(
        _ name: [CChar], from source: Int32, to target: Int32, as newName: [CChar]
    ) throws(ArtifactError) {
        try check(renameat(source, name, target, newName), "cannot write to the artifact store", store.directory)
    }

    private func check(_ result: Int32, _ doing: String, _ path: String) throws(ArtifactError) {
        if result < 0 { throw .system(errno, doing, path) }
    }
}

/// The file in the temporary directory whose digest is not known yet.
private let incoming = Array("incoming".utf8CString)
