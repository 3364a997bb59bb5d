import Glibc

/// The empty directory in which an artifact is laid out.
struct Layout: ~Copyable {
    /// For messages.
    let path: String
    let root: Descriptor
    let artifact: ArtifactDigest
    let sharing: Sharing

    /// Entries come sorted: each after the directory that holds it. On failure the directory is empty again.
    func fill(with entries: [ArtifactEntry], from blobs: borrowing BlobFolder) throws(ArtifactError) {
        do throws(ArtifactError) {
            let narrow = try layFolders(entries)
            try layFiles(entries, from: blobs)
            try close(narrow)
        } catch {
            remove(entries)
            throw error
        }
    }

    /// Makes all directories and links.
    /// - Returns: the directories that we could not write to, or leave: they get their modes when they are full.
    private func layFolders(_ entries: [ArtifactEntry]) throws(ArtifactError) -> [(ArtifactPath, UInt16)] {
        var cursor = try cursor()
        var narrow: [(ArtifactPath, UInt16)] = []
        for entry in entries {
            if case .file = entry.kind { continue }
            try cursor.move(to: entry.path.parent)
            let (parent, name) = (cursor.directory.raw, fileName(entry.path.name))
            switch entry.kind {
            case .file: break
            case .directory(let mode):
                try check(mkdirat(parent, name, 0o700), entry.path)
                try check(fchmodat(parent, name, mode_t(mode | 0o700), 0), entry.path)
                if mode & 0o700 != 0o700 { narrow.append((entry.path, mode)) }
            case .link(let target):
                try check(symlinkat(fileName(target), parent, name), entry.path)
            }
        }
        return narrow
    }

    /// The deepest first.
    private func close(_ narrow: [(ArtifactPath, UInt16)]) throws(ArtifactError) {
        var cursor = try cursor()
        for (path, mode) in narrow.reversed() {
            try cursor.move(to: path.parent)
            try check(fchmodat(cursor.directory.raw, fileName(path.name), mode_t(mode), 0), path)
        }
    }

    /// On several threads, the large ones first, so that none is left alone with one at the end.
    private func layFiles(_ entries: [ArtifactEntry], from blobs: borrowing BlobFolder) throws(ArtifactError) {
        let all = entries.filter { if case .file = $0.kind { true } else { false } }
        let large = all.filter { $0.sizeBytes >= Buffer.sizeBytes }.sorted { $0.sizeBytes > $1.sizeBytes }
        let files = large + all.filter { $0.sizeBytes < Buffer.sizeBytes }
        let sizeBytes = files.reduce(0) { $0 + $1.sizeBytes }
        try inParallel(files.count, sizeBytes: sizeBytes) { () throws(ArtifactError) in
            FileLayer(cursor: try cursor(), reader: BlobReader(of: artifact))
        } _: { (layer, number) throws(ArtifactError) in
            try layer.lay(files[number], from: blobs, in: path, sharing)
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

    private func check(_ result: Int32, _ entry: ArtifactPath) throws(ArtifactError) {
        try Artifacts.check(result, entry, in: path)
    }
}

/// Lays out the files of one artifact, one after another, on one thread.
private struct FileLayer: ~Copyable {
    var cursor: DirectoryCursor
    let reader: BlobReader

    mutating func lay(
        _ entry: ArtifactEntry, from blobs: borrowing BlobFolder, in top: String, _ sharing: Sharing
    ) throws(ArtifactError) {
        guard case .file(let mode, _, let digest) = entry.kind else { return }
        try cursor.move(to: entry.path.parent)
        let (parent, name) = (cursor.directory.raw, fileName(entry.path.name))
        let blob = try reader.open(digest, of: entry.path, in: blobs)
        if sharing == .links, isShareable(mode), try blob.status(of: blobs.path).st_mode & 0o7777 == mode_t(mode),
            try blobs.link(digest, as: name, in: parent)
        {
            try reader.read(blob, digest, of: entry.path, in: blobs) { _ in }
            return
        }
        let raw = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        try check(raw, entry.path, in: top)
        let file = Descriptor(taking: raw)
        try reader.read(blob, digest, of: entry.path, in: blobs) { (bytes) throws(ArtifactError) in
            try file.write(bytes, to: "\(top)/\(entry.path)")
        }
        try check(fchmod(file.raw, mode_t(mode)), entry.path, in: top)
    }
}

private func check(_ result: Int32, _ entry: ArtifactPath, in top: String) throws(ArtifactError) {
    if result < 0 { throw .system(errno, "cannot write", entry.isRoot ? top : "\(top)/\(entry)") }
}
