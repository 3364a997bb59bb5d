import Glibc

/// Keeps those who add to a store and those who remove from it apart, in whatever processes they are; let go with its
/// owner.
///
/// An ingest shares it from before its first look at what is there until its tree is in place: what it has found stays
/// until something names it. Whoever removes has it alone.
struct StoreLock: ~Copyable {
    /// The store's `tmp`, which is what is locked: the kernel lets go of it with the process.
    let directory: Descriptor

    /// Waits for whoever has it alone.
    init(sharing path: String) throws(ArtifactError) {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        _ = try Self.lock(directory, LOCK_SH, path)
        self.directory = directory
    }

    /// Waits for whoever is at work, and keeps others waiting.
    init(alone path: String) throws(ArtifactError) {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        _ = try Self.lock(directory, LOCK_EX, path)
        self.directory = directory
    }

    /// Nil while somebody is at work.
    init?(aloneAtOnce path: String) throws(ArtifactError) {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        guard try Self.lock(directory, LOCK_EX | LOCK_NB, path) else { return nil }
        self.directory = directory
    }

    // Closing is not enough while a child that is just being started has a copy of the descriptor.
    deinit { flock(directory.raw, LOCK_UN) }

    private static func lock(
        _ directory: borrowing Descriptor, _ operation: Int32, _ path: String
    ) throws(ArtifactError) -> Bool {
        while flock(directory.raw, operation) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw .system(errno, "cannot lock", path) }
        }
        return true
    }
}
