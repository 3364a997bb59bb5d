import Glibc

/// The empty directory in which an artifact is laid out.
struct Layout: ~Copyable {
    /// For messages.
    let path: String
    let root: Descriptor

    /// Entries come sorted: each after the directory that holds it. On failure the directory is empty again.
    func fill(with entries: [ArtifactEntry], from blobs: borrowing BlobReader) throws(ArtifactError) {
        do throws(ArtifactError) {
            try lay(entries, from: blobs)
        } catch {
            remove(entries)
            throw error
        }
    }

    private func lay(_ entries: [ArtifactEntry], from blobs: borrowing BlobReader) throws(ArtifactError) {
        var cursor = try cursor()
        // Directories that we could not write to, or leave, get their modes when they are full, the deepest first.
        var narrow: [(ArtifactPath, UInt16)] = []
        for entry in entries {
            try cursor.move(to: entry.path.parent)
            let (parent, name) = (cursor.directory.raw, fileName(entry.path.name))
            switch entry.kind {
            case .file(let mode, _, let digest):
                let file = try create(name, in: parent, entry.path)
                try blobs.read(digest, of: entry.path) { (bytes) throws(ArtifactError) in
                    try file.write(bytes, to: "\(path)/\(entry.path)")
                }
                try check(fchmod(file.raw, mode_t(mode)), entry.path)
            case .directory(let mode):
                try check(mkdirat(parent, name, 0o700), entry.path)
                try check(fchmodat(parent, name, mode_t(mode | 0o700), 0), entry.path)
                if mode & 0o700 != 0o700 { narrow.append((entry.path, mode)) }
            case .link(let target):
                try check(symlinkat(fileName(target), parent, name), entry.path)
            }
        }
        for (path, mode) in narrow.reversed() {
            try cursor.move(to: path.parent)
            try check(fchmodat(cursor.directory.raw, fileName(path.name), mode_t(mode), 0), path)
        }
    }

    /// Best effort: what cannot be removed cannot be told beside the error that led here.
    private func remove(_ entries: [ArtifactEntry]) {
        guard var cursor = try? cursor() else { return }
        for entry in entries.reversed() where (try? cursor.move(to: entry.path.parent)) != nil {
            if case .directory = entry.kind {
                unlinkat(cursor.directory.raw, fileName(entry.path.name), AT_REMOVEDIR)
            } else {
                unlinkat(cursor.directory.raw, fileName(entry.path.name), 0)
            }
        }
    }

    private func cursor() throws(ArtifactError) -> DirectoryCursor {
        try DirectoryCursor(root: try root.descend([], to: .root))
    }

    private func create(_ name: [CChar], in parent: Int32, _ path: ArtifactPath) throws(ArtifactError) -> Descriptor {
        let raw = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        try check(raw, path)
        return Descriptor(taking: raw)
    }

    private func check(_ result: Int32, _ entry: ArtifactPath = .root) throws(ArtifactError) {
        if result < 0 { throw .system(errno, "cannot write", entry.isRoot ? path : "\(path)/\(entry)") }
    }
}
