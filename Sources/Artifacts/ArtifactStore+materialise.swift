import Glibc

extension ArtifactStore {
    /// Whom materialised files belong to.
    public struct Owner: Hashable, Sendable {
        public let uid: uid_t
        public let gid: gid_t

        public init(uid: uid_t, gid: gid_t) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// Lays a copy of an artifact out in a directory, checking each file's digest on the way.
    ///
    /// Files are copies, never hard links: whoever writes to them does not write to the store.
    /// - Parameters:
    ///   - path: absolute; not there (its parent is), or an empty directory, whose own mode and owner stay.
    ///   - owner: of all that is laid out; our own without.
    /// - Throws: `missing`, `corrupted`, `notEmpty`, and the codes of the machine; then `path` is as it was before.
    public func materialise(
        _ digest: ArtifactDigest, into path: String, owner: Owner? = nil
    ) throws(ArtifactError) {
        let entries = try entries(of: digest)
        let blobs = try BlobReader(of: digest, in: self)
        let isNew = mkdir(path, 0o755) == 0
        if !isNew && errno != EEXIST { throw .system(errno, "cannot make the directory", path) }
        do throws(ArtifactError) {
            let root = try target(path, isNew: isNew, owner: owner)
            try Layout(path: path, root: root, owner: owner).fill(with: entries, from: blobs)
        } catch {
            if isNew { rmdir(path) }
            throw error
        }
    }

    private func target(_ path: String, isNew: Bool, owner: Owner?) throws(ArtifactError) -> Descriptor {
        let target = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if isNew, fchmod(target.raw, 0o755) != 0 || owner.map({ fchown(target.raw, $0.uid, $0.gid) != 0 }) ?? false {
            throw .system(errno, "cannot change mode and owner of", path)
        }
        try target.forEachName(of: path) { (name) throws(ArtifactError) in
            throw ArtifactError(
                .notEmpty, path,
                "cannot lay an artifact out in \(path): it holds \(String(cString: name)), and must be empty")
        }
        return target
    }
}
