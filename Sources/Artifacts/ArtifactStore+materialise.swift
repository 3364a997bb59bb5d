import Glibc

/// What the files of an artifact that is laid out have to do with the store's.
public enum Sharing: Hashable, Sendable {
    /// Each file is one of its own: whoever writes to it does not write to the store.
    case copies
    /// A file may be the store's own under one more name.
    ///
    /// Only for a place where nobody can change a file or its mode: it is shown to others read-only, or they are neither
    /// root nor the store's owner, nor in a group of his. Where there can be no such name, and where the mode would let anybody
    /// write it or must be another than the store's, it is a copy all the same.
    case links
}

extension ArtifactStore {
    /// Lays an artifact out in a directory, checking each file's digest on the way.
    /// - Parameter path: absolute; not there (its parent is), or an empty directory, whose own mode stays.
    /// - Throws: `missing`, `corrupted`, `notEmpty`, and the codes of the machine; then `path` is as it was before.
    public func materialise(
        _ digest: ArtifactDigest, into path: String, sharing: Sharing = .copies
    ) throws(ArtifactError) {
        let entries = try entries(of: digest)
        let blobs = try BlobFolder(of: self)
        let isNew = mkdir(path, 0o755) == 0
        if !isNew && errno != EEXIST { throw .system(errno, "cannot make the directory", path) }
        do throws(ArtifactError) {
            let root = try target(path, isNew: isNew)
            try Layout(path: path, root: root, artifact: digest, sharing: sharing).fill(with: entries, from: blobs)
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
