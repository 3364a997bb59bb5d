import Glibc

/// Where a store's blobs are, and the one place through which they are looked for, read, linked and put in: what keeps
/// them elsewhere, too, begins here.
///
/// Any number of threads may use it at once.
struct BlobFolder: ~Copyable {
    /// For messages.
    let path: String
    private let blobs: Descriptor

    init(of store: ArtifactStore) throws(ArtifactError) {
        path = store.blobsPath
        blobs = try Descriptor(opening: store.blobsPath, O_RDONLY | O_DIRECTORY)
    }

    /// Whether a blob need not be written. One of another size than it must have was damaged, and is replaced.
    func has(_ digest: BlobDigest, _ sizeBytes: Int) -> Bool {
        var status = stat()
        return fstatat(blobs.raw, digest.fileName, &status, AT_SYMLINK_NOFOLLOW) == 0
            && Int(status.st_size) == sizeBytes
    }

    /// Whether a large blob of this size was ever put in: if not, a file need not be hashed before it is written.
    func mayHave(largeOf sizeBytes: Int) -> Bool {
        faccessat(blobs.raw, "../sizes/\(sizeBytes)", F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Nil when there is no such blob.
    func open(_ digest: BlobDigest) throws(ArtifactError) -> Descriptor? {
        let raw = openat(blobs.raw, digest.fileName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        if raw >= 0 { return Descriptor(taking: raw) }
        if errno != ENOENT { throw .system(errno, "cannot read", "\(path)/\(digest)") }
        return nil
    }

    /// In no order.
    func all() throws(ArtifactError) -> [BlobDigest] {
        var found: [BlobDigest] = []
        try blobs.forEachName(of: path) { name in
            if let digest = BlobDigest(String(cString: name)) { found.append(digest) }
        }
        return found
    }

    /// Gives a blob one more name; false where the file system will not, and a copy is needed.
    func link(_ digest: BlobDigest, as name: [CChar], in parent: Int32) throws(ArtifactError) -> Bool {
        if linkat(blobs.raw, digest.fileName, parent, name, 0) == 0 { return true }
        switch errno {
        // Another file system, too many names already, or a system that lets nobody link (protected_hardlinks).
        case EXDEV, EMLINK, EPERM, EACCES, EOPNOTSUPP, ENOENT: return false
        case let number: throw .system(number, "cannot link", "\(path)/\(digest)")
        }
    }

    /// Moves blobs to their places, durably. They are on disk already: whoever finds one, even after a power cut, may
    /// trust that it is whole.
    func place(_ fresh: [BlobDigest: Int], from temporary: borrowing Descriptor) throws(ArtifactError) {
        for (digest, sizeBytes) in fresh {
            let name = digest.fileName
            if renameat(temporary.raw, name, blobs.raw, name) != 0 { throw failure() }
            if sizeBytes >= Buffer.sizeBytes { note(sizeBytes) }
        }
        if fsync(blobs.raw) != 0 { throw failure() }
    }

    /// Only a hint, without which more is written than need be.
    private func note(_ sizeBytes: Int) {
        let file = openat(blobs.raw, "../sizes/\(sizeBytes)", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if file >= 0 { close(file) }
    }

    private func failure() -> ArtifactError { .system(errno, "cannot write to the artifact store", path) }
}

/// Whether a file of this mode may be a blob itself, under one more name: everybody can use it as its owner can, so nobody
/// needs to own it, and nobody but its owner and his group can write it.
func isShareable(_ mode: UInt16) -> Bool {
    let needed = (mode >> 6) & 0o5
    return mode & 0o402 == 0o400 && mode & needed == needed
}
