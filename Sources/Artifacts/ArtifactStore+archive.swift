import CArchive
import Glibc

extension ArtifactStore {
    /// Takes a copy of everything in a zip or a tar, which may be packed by gzip, bzip2, xz, lzma, zstd, lz4 or compress.
    ///
    /// As with a zip, nothing is unpacked into a directory. Hard links become files of their own; permission bits are
    /// kept, owners, times, set-uid, set-gid and sticky bits are not.
    /// - Parameter path: absolute; its last component is no link.
    /// - Throws: `badZip`, `badName`, `badLink`, `unsupportedKind`, `limitExceeded`, and the codes of the machine; then
    ///   nothing is kept.
    public func ingest(
        archive path: String, limits: ArtifactLimits = ArtifactLimits()
    ) throws(ArtifactError) -> ArtifactDigest {
        let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let status = try file.status(of: path)
        let kind = status.st_mode & S_IFMT
        if kind == S_IFDIR { throw ArtifactError(.badZip, path, "\(path) is a directory, not an archive") }
        if kind != S_IFREG { throw .unsupported(path, kind) }
        var beginning = [UInt8](repeating: 0, count: 4)
        if pread(file.raw, &beginning, 4, 0) == 4, [[0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6]].contains(beginning) {
            return try ingest(zip: path, limits: limits)
        }
        var ingest = try Ingest(into: self, limits: limits, packedBytes: Int(status.st_size))
        let reader = TarReader(path: path)
        try reader.open(file)
        var files: [ArtifactPath: ArtifactEntry] = [:]
        while try reader.readEntry(into: &ingest, &files) {}
        try ingest.addParents()
        return try ingest.commit()
    }
}

/// libarchive's reader of one tar.
private struct TarReader: ~Copyable {
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
        // Each by its name: of all that libarchive knows some are done by starting another program.
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_lzma(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_filter_lz4(archive)
        archive_read_support_filter_compress(archive)
        archive_read_support_format_tar(archive)
        if archive_read_open_fd(archive, file.raw, 1 << 16) != ARCHIVE_OK { throw unreadable() }
    }

    /// - Parameter files: by path, those that were read: what a hard link may name.
    /// - Returns: false at the end.
    func readEntry(
        into ingest: inout Ingest, _ files: inout [ArtifactPath: ArtifactEntry]
    ) throws(ArtifactError) -> Bool {
        var header: OpaquePointer?
        let result = archive_read_next_header(archive, &header)
        if result == ARCHIVE_EOF {
            if ingest.entries.isEmpty {
                throw ArtifactError(.badZip, path, "\(path) is no archive, or one with nothing in it")
            }
            return false
        }
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let header else { throw unreadable() }
        guard let place = try self.place(named: archive_entry_pathname(header)) else { return true }
        let (kind, mode) = (archive_entry_filetype(header) & S_IFMT, UInt16(archive_entry_perm(header) & 0o777))
        if let target = archive_entry_hardlink(header) {
            guard let original = try self.place(named: target).flatMap({ files[$0] }) else {
                throw bad("is a hard link to \"\(escaped(bytes(of: target)))\", which is no file before it", place)
            }
            files[place] = try ingest.addCopy(place, of: original)
            return true
        }
        let sizeBytes = kind == S_IFREG ? Int(max(0, archive_entry_size(header))) : 0
        try ingest.admit(place, sizeBytes: sizeBytes)
        switch kind {
        case S_IFDIR: try ingest.addDirectory(place, mode: mode)
        case S_IFREG:
            try ingest.addFile(place, mode: mode, by: writer) { (buffer) throws(ArtifactError) in
                try fill(buffer, place)
            }
            files[place] = ingest.entries.last
        case S_IFLNK: try ingest.addLink(place, target: archive_entry_symlink(header).map { bytes(of: $0) } ?? [])
        default: throw .unsupported(place.description, kind)
        }
        return true
    }

    /// The place that a name means; nil for the archive's own top.
    private func place(named name: UnsafePointer<CChar>?) throws(ArtifactError) -> ArtifactPath? {
        guard let name else { throw bad("holds a name that cannot be read", nil) }
        let bytes = bytes(of: name)
        let components = bytes.split(separator: slash).filter { $0 != [UInt8(ascii: ".")] }
        let absolute = bytes.first == slash ? [slash] : []
        let joined = absolute + components.joined(separator: [slash])
        if joined.isEmpty, !bytes.isEmpty { return nil }
        guard let place = ArtifactPath(joined) else {
            throw ArtifactError(
                .badName, escaped(bytes),
                "\(path) holds an entry named \"\(escaped(bytes))\": \(ArtifactPath.fault(in: joined) ?? "")")
        }
        return place
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ place: ArtifactPath) throws(ArtifactError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = archive_read_data(archive, buffer.baseAddress! + filled, buffer.count - filled)
            if count == 0 { break }
            if count < 0 { throw bad("cannot be unpacked", place) }
            filled += count
        }
        return filled
    }

    private func unreadable() -> ArtifactError {
        archive_file_count(archive) == 0
            ? ArtifactError(
                .badZip, path, "\(path) is no archive that can be unpacked\(reason): make it a tar or a zip")
            : bad("it is cut short or damaged", nil)
    }

    private var reason: String { archive_error_string(archive).map { " (\(String(cString: $0)))" } ?? "" }

    private func bad(_ what: String, _ place: ArtifactPath?) -> ArtifactError {
        let subject = place.map { "\($0) " } ?? ""
        return ArtifactError(.badZip, place?.description ?? path, "cannot unpack \(path): \(subject)\(what)\(reason)")
    }
}

private func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}
