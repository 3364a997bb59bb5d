import Glibc

/// A directory below the store's `tmp` for the files of one ingest, removed with them when its owner goes.
struct TemporaryDirectory: ~Copyable {
    // Whoever sweeps wants it alone, so it never removes a live one.
    private let lock: StoreLock
    private let name: [CChar]
    let directory: Descriptor
    /// For messages.
    let path: String

    init(in parent: String) throws(ArtifactError) {
        let lock = try StoreLock(sharing: parent)
        let name = String(UInt64.random(in: .min ... .max), radix: 16)
        let path = "\(parent)/\(name)"
        if mkdir(path, 0o700) != 0 { throw .system(errno, "cannot write to the artifact store", path) }
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        self.lock = lock
        self.name = Array(name.utf8CString)
        self.directory = directory
        self.path = path
    }

    deinit { Self.remove(name, from: lock.directory.raw) }

    /// Removes what ingests have left that were killed; does nothing while one is at work.
    static func sweep(_ parent: String) throws(ArtifactError) {
        guard let lock = try StoreLock(aloneAtOnce: parent) else { return }
        try lock.directory.forEachName(of: parent) { name in remove(name, from: lock.directory.raw) }
    }

    /// While the descriptor is locked there is no ingest at work, and none begins.
    static func withoutIngests(_ parent: String) throws(ArtifactError) -> Descriptor {
        let lock = try Descriptor(opening: parent, O_RDONLY | O_DIRECTORY)
        while flock(lock.raw, LOCK_EX) != 0 {
            if errno != EINTR { throw .system(errno, "cannot lock", parent) }
        }
        return lock
    }

    /// Best effort: what stays is removed by the next sweep.
    private static func remove(_ name: UnsafePointer<CChar>, from parent: Int32) {
        let raw = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if raw >= 0 {
            let directory = Descriptor(taking: raw)
            try? directory.forEachName(of: "") { unlinkat(directory.raw, $0, 0) }
        }
        unlinkat(parent, name, raw >= 0 ? AT_REMOVEDIR : 0)
    }
}
