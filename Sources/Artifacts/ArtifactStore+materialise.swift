import Glibc

extension ArtifactStore {
    /// Lays a copy of an artifact out in a directory, checking each file's digest on the way.
    ///
    /// Files are copies, never hard links: whoever writes to them does not write to the store.
    /// - Parameter path: absolute; not there (its parent is), or an empty directory, whose own mode stays.
    /// - Throws: `missing`, `corrupted`, `notEmpty`, and the codes of the machine; then `path` is as it was before.
    public func materialise(_ digest: ArtifactDigest, into path: String) throws(ArtifactError) {
        let entries = try entries(of: digest)
        let blobs = try BlobReader(of: digest, in: self)
        let isNew = mkdir(path, 0o755) == 0
        if !isNew && errno != EEXIST { throw .system(errno, "cannot make the directory", path) }
        do throws(ArtifactError) {
            let root = try target(path, isNew: isNew)
            try Layout(path: path, root: root).fill(with: entries, from: blobs)
        } catch {
            if isNew { rmdir(path) }
            throw error
        }
    }

    private func target(_ path: String, isNew: Bool) throws(ArtifactError) -> Descriptor {
        let target = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if isNew, fchmod(target.raw, 0o755) != 0 { throw .system(errno, "cannot change the mode of", path) }
        try target.forEachName(of: path) { (name) throws(ArtifactError) in
            throw ArtifactError(
                .notEmpty, path,
                "cannot lay an artifact out in \(path): it holds \(String(cString: name)), and must be empty")
        }
        return target
    }
}
