import CArchive
import Glibc

extension ArtifactStore {
    /// Writes an artifact as a zip (ART-3), checking each file's digest on the way.
    ///
    /// The same artifact gives the same bytes: entries are sorted, times are those of no file (1980-01-01), owners
    /// are not kept.
    /// - Parameter path: absolute; a file that is there is replaced, but only by the whole zip.
    /// - Throws: `missing`, `corrupted`, and the codes of the machine.
    public func pack(_ digest: ArtifactDigest, toZip path: String) throws(ArtifactError) {
        let entries = try entries(of: digest)
        let blobs = try BlobFolder(of: self)
        let reader = BlobReader(of: digest)
        let partial = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 16)).partial"
        let raw = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if raw < 0 { throw .system(errno, "cannot write", path) }
        let file = Descriptor(taking: raw)
        do throws(ArtifactError) {
            let writer = ZipWriter(path: path)
            try writer.open(file)
            for entry in entries { try writer.write(entry, reader, blobs) }
            try writer.finish()
            if rename(partial, path) != 0 { throw .system(errno, "cannot write", path) }
        } catch {
            unlink(partial)
            throw error
        }
    }
}

/// libarchive's writer of one zip.
private struct ZipWriter: ~Copyable {
    private let archive = archive_write_new()
    private let entry = archive_entry_new()
    // So that names beyond ASCII are marked as UTF-8.
    private let locale = UTF8Locale()
    private let path: String

    init(path: String) {
        // First of all: with a look at another field before it, the Swift 6.3 optimiser releases an unset string.
        self.path = path
        precondition(archive != nil && entry != nil, "libarchive gives a writer, unless memory has run out")
    }

    deinit {
        archive_entry_free(entry)
        archive_write_free(archive)
    }

    func open(_ file: borrowing Descriptor) throws(ArtifactError) {
        archive_write_set_format_zip(archive)
        // Packed once to be unpacked once: level 6 takes three times as long to save a tenth to a fifth.
        archive_write_set_format_option(archive, "zip", "compression-level", "1")
        archive_write_set_bytes_in_last_block(archive, 1)
        try check(archive_write_open_fd(archive, file.raw))
    }

    func write(
        _ item: ArtifactEntry, _ reader: borrowing BlobReader, _ blobs: borrowing BlobFolder
    ) throws(ArtifactError) {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, fileName(item.path.bytes))
        switch item.kind {
        case .file(let mode, let sizeBytes, let digest):
            try begin(S_IFREG | mode_t(mode), sizeBytes: sizeBytes)
            try reader.read(digest, of: item.path, in: blobs) { (bytes) throws(ArtifactError) in
                if archive_write_data(archive, bytes.baseAddress, bytes.count) != bytes.count { throw failure() }
            }
        case .directory(let mode): try begin(S_IFDIR | mode_t(mode), sizeBytes: 0)
        case .link(let target):
            archive_entry_set_symlink(entry, fileName(target))
            try begin(S_IFLNK | 0o777, sizeBytes: 0)
        }
    }

    func finish() throws(ArtifactError) { try check(archive_write_close(archive)) }

    private func begin(_ mode: mode_t, sizeBytes: Int) throws(ArtifactError) {
        archive_entry_set_mode(entry, mode)
        archive_entry_set_size(entry, Int64(sizeBytes))
        // It warns of a name that is no UTF-8, and writes it as it is.
        let result = archive_write_header(archive, entry)
        if result != ARCHIVE_WARN { try check(result) }
    }

    private func check(_ result: Int32) throws(ArtifactError) {
        if result != ARCHIVE_OK { throw failure() }
    }

    private func failure() -> ArtifactError { .system(archive_errno(archive), "cannot write", path) }
}
