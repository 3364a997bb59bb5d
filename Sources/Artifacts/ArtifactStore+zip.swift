import CArchive
import Glibc

extension ArtifactStore {
    /// Takes a copy of everything in a zip (ART-3), and returns when it is on disk.
    ///
    /// Nothing is unpacked into a directory: files go straight into the store, so no name can lead anywhere.
    /// Permission bits are kept where the zip states them.
    /// - Parameter path: absolute; its last component is no link.
    /// - Throws: `badZip`, `badName`, `badLink`, `unsupportedKind`, `limitExceeded`, and the codes of the machine; then
    ///   nothing is kept.
    public func ingest(
        zip path: String, limits: ArtifactLimits = ArtifactLimits()
    ) throws(ArtifactError) -> ArtifactDigest {
        let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let status = try file.status(of: path)
        if status.st_mode & S_IFMT == S_IFDIR {
            throw ArtifactError(.badZip, path, "\(path) is a directory, not a zip")
        }
        if status.st_mode & S_IFMT != S_IFREG { throw .unsupported(path, status.st_mode & S_IFMT) }
        let records = try ZipDirectory(of: file, path: path, limits: limits).records
        var ingest = try Ingest(into: self, limits: limits, packedBytes: Int(status.st_size))
        // libarchive does not take a zip without entries for one.
        if records.isEmpty { return try ingest.commit() }
        let reader = ZipReader(path: path)
        try reader.open(file)
        for record in records { try reader.read(record, into: &ingest) }
        try reader.finish()
        try ingest.addParents()
        return try ingest.commit()
    }
}

/// libarchive's reader of one zip.
private struct ZipReader: ~Copyable {
    private let archive = archive_read_new()
    private let locale = UTF8Locale()
    private let writer = BlobWriter()
    private let path: String

    init(path: String) {
        // First of all: with a look at another field before it, the Swift 6.3 optimiser releases an unset string.
        self.path = path
        precondition(archive != nil, "libarchive gives a reader, unless memory has run out")
    }

    deinit { archive_read_free(archive) }

    func open(_ file: borrowing Descriptor) throws(ArtifactError) {
        // Not the streaming reader, which makes do without the central directory that was checked.
        archive_read_support_format_zip_seekable(archive)
        if archive_read_open_fd(archive, file.raw, 1 << 16) != ARCHIVE_OK { throw bad("it cannot be read", nil) }
    }

    func read(_ record: ZipRecord, into ingest: inout Ingest) throws(ArtifactError) {
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        // A warning is about the name, which is not taken from here.
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry else { throw bad("cannot be read", record) }
        guard record.agrees(with: archive_entry_pathname(entry)) else {
            throw ArtifactError(
                .badZip, record.path.description,
                "cannot unpack \(path): \(record.path) has another name in front of its content")
        }
        if record.isEncrypted { throw bad("is encrypted: make the zip without a password", record) }
        try ingest.admit(record.path, sizeBytes: record.sizeBytes)
        let mode = UInt16(archive_entry_perm(entry) & 0o777)
        switch record.kind == S_IFIFO ? S_IFIFO : archive_entry_filetype(entry) & S_IFMT {
        // Some programs state no mode at all: a file that nobody may read is of use to nobody.
        case S_IFDIR: try ingest.addDirectory(record.path, mode: mode == 0 ? 0o755 : mode)
        case S_IFREG:
            try ingest.addFile(record.path, mode: mode == 0 ? 0o644 : mode, by: writer) {
                (buffer) throws(ArtifactError) in
                try fill(buffer, from: record)
            }
        case S_IFLNK: try ingest.addLink(record.path, target: try target(of: entry, record))
        case let kind: throw .unsupported(record.path.description, kind)
        }
    }

    func finish() throws(ArtifactError) {
        var entry: OpaquePointer?
        if archive_read_next_header(archive, &entry) != ARCHIVE_EOF { throw bad("its directory is damaged", nil) }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from record: ZipRecord
    ) throws(ArtifactError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = archive_read_data(archive, buffer.baseAddress! + filled, buffer.count - filled)
            if count == 0 { break }
            if count < 0 { throw bad("cannot be unpacked", record) }
            filled += count
        }
        return filled
    }

    private func target(of entry: OpaquePointer, _ record: ZipRecord) throws(ArtifactError) -> [UInt8] {
        let target = archive_entry_symlink(entry)
        // libarchive ends it at a NUL and composes accents: then it is not the target that was packed.
        guard let target, strlen(target) == record.sizeBytes else { throw bad("is a link that cannot be read", record) }
        return Array(UnsafeRawBufferPointer(start: target, count: record.sizeBytes))
    }

    private func bad(_ what: String, _ record: ZipRecord?) -> ArtifactError {
        let reason = archive_error_string(archive).map { " (\(String(cString: $0)))" } ?? ""
        let subject = record.map { "\($0.path) " } ?? ""
        return ArtifactError(
            .badZip, record?.path.description ?? path, "cannot unpack \(path): \(subject)\(what)\(reason)")
    }
}

extension Ingest {
    /// Adds the directories that an archive need not list, and refuses what lies below a file or a link.
    mutating func addParents() throws(ArtifactError) {
        var kinds = Dictionary(entries.map { ($0.path, $0.kind) }) { first, _ in first }
        for entry in entries {
            var parent = entry.path.parent
            while !parent.isRoot {
                switch kinds[parent] {
                case nil:
                    try admit(parent)
                    try addDirectory(parent, mode: 0o755)
                    kinds[parent] = .directory(mode: 0o755)
                    parent = parent.parent
                case .directory: parent = .root
                case .file, .link:
                    throw ArtifactError(
                        .badName, entry.path.description,
                        "\(entry.path) cannot lie below \(parent), which is no directory")
                }
            }
        }
    }
}
