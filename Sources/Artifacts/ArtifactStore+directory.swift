import Glibc
import Synchronization

extension ArtifactStore {
    /// Takes a copy of everything in a directory, and returns when it is on disk.
    ///
    /// The directory may be hostile and may change meanwhile: no link is followed, nothing but a regular file is
    /// opened, and what was read is what the digest names. Permission bits are kept; owners, times, set-uid, set-gid
    /// and sticky bits are not; hard links become files of their own.
    /// - Parameters:
    ///   - path: absolute, and its last component is no link; or, with `root`, relative to it, without any link.
    ///   - excluded: names at the top that are left out.
    /// - Throws: `unsupportedKind`, `badLink`, `limitExceeded`, `changed`, and the codes of the machine; then nothing
    ///   is kept.
    public func ingest(
        directory path: String, beneath root: String? = nil, excluding excluded: Set<String> = [],
        limits: ArtifactLimits = ArtifactLimits()
    ) throws(ArtifactError) -> ArtifactDigest {
        let root = try Descriptor(directory: path, beneath: root)
        var ingest = try Ingest(into: self, limits: limits)
        let files = try ingest.walk(root, excluding: excluded)
        for entry in try read(files, in: root, into: ingest.intake) { ingest.addReserved(entry) }
        return try ingest.commit()
    }
}

extension Descriptor {
    fileprivate init(directory path: String, beneath root: String?) throws(ArtifactError) {
        guard let root else {
            try self.init(opening: path, O_RDONLY | O_DIRECTORY)
            return
        }
        guard let relative = ArtifactPath(path.utf8) else {
            throw ArtifactError(.badName, path, "\(path) is not a path below \(root)")
        }
        self = try Descriptor(opening: root, O_RDONLY | O_DIRECTORY)
            .descend(relative.components(below: .root), to: relative)
    }
}

/// A file that a walk has come by: what it was when it was looked at.
struct WalkedFile {
    let path: ArtifactPath
    let sizeBytes: Int
}

extension Ingest {
    /// Adds all directories and links, and opens nothing else.
    /// - Returns: the files, in the order of the walk.
    fileprivate mutating func walk(
        _ root: borrowing Descriptor, excluding excluded: Set<String>
    ) throws(ArtifactError) -> [WalkedFile] {
        var source = try DirectoryCursor(root: root.descend([], to: .root))
        var files: [WalkedFile] = []
        var totalBytes = 0
        var pending = [ArtifactPath.root]
        while let next = pending.popLast() {
            try source.move(to: next)
            try source.directory.forEachName(of: next.description) { (name) throws(ArtifactError) in
                let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
                if next.isRoot, !excluded.isEmpty, excluded.contains(String(decoding: bytes, as: UTF8.self)) { return }
                let path = next.appending(bytes)
                try admit(path)
                var status = stat()
                if fstatat(source.directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 {
                    throw .reading(path, errno)
                }
                switch status.st_mode & S_IFMT {
                case S_IFDIR:
                    try addDirectory(path, mode: status.permissions)
                    pending.append(path)
                case S_IFREG:
                    totalBytes = totalBytes.addingReportingOverflow(Int(status.st_size)).partialValue
                    try admit(path, sizeBytes: totalBytes < 0 ? .max : totalBytes)
                    try reserve(path)
                    files.append(WalkedFile(path: path, sizeBytes: Int(status.st_size)))
                case S_IFLNK: try addLink(name, in: source.directory, as: path)
                case let kind: throw .unsupported(path.description, kind)
                }
            }
        }
        return files
    }

    private mutating func addLink(
        _ name: UnsafePointer<CChar>, in directory: borrowing Descriptor, as path: ArtifactPath
    ) throws(ArtifactError) {
        // PATH_MAX: no link's target is longer.
        let target = try [UInt8](unsafeUninitializedCapacity: 4096) { (buffer, count) throws(ArtifactError) in
            count = 0
            let length = buffer.withMemoryRebound(to: CChar.self) {
                readlinkat(directory.raw, name, $0.baseAddress!, $0.count)
            }
            if length < 0 { throw .reading(path, errno) }
            count = length
        }
        try addLink(path, target: target)
    }
}

/// Reads files on several threads: the large ones first, so that none is left alone with one at the end.
private func read(
    _ walked: [WalkedFile], in root: borrowing Descriptor, into intake: borrowing Intake
) throws(ArtifactError) -> [ArtifactEntry] {
    let large = walked.filter { $0.sizeBytes >= Buffer.sizeBytes }.sorted { $0.sizeBytes > $1.sizeBytes }
    let files = large + walked.filter { $0.sizeBytes < Buffer.sizeBytes }
    let taken = Mutex<[ArtifactEntry]>([])
    let sizeBytes = files.reduce(0) { $0 + $1.sizeBytes }
    try inParallel(files.count, sizeBytes: sizeBytes) { () throws(ArtifactError) in
        try FileReader(root: root.descend([], to: .root))
    } _: { (reader, number) throws(ArtifactError) in
        let entry = try reader.take(files[number].path, into: intake)
        taken.withLock { $0.append(entry) }
    }
    return taken.withLock { $0 }
}

/// Reads the files of a directory, one after another, on one thread.
private struct FileReader: ~Copyable {
    private var cursor: DirectoryCursor
    private let writer = BlobWriter()

    init(root: consuming Descriptor) throws(ArtifactError) { cursor = try DirectoryCursor(root: root) }

    mutating func take(_ path: ArtifactPath, into intake: borrowing Intake) throws(ArtifactError) -> ArtifactEntry {
        try cursor.move(to: path.parent)
        // Should a FIFO have taken the file's place, O_NONBLOCK keeps us from waiting for its other end.
        let raw = openat(
            cursor.directory.raw, fileName(path.name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        if raw < 0 { throw .reading(path, errno) }
        let file = Descriptor(taking: raw)
        let status = try file.status(of: path.description)
        guard status.st_mode & S_IFMT == S_IFREG else { throw .reading(path, ELOOP) }
        try intake.admit(path, sizeBytes: Int(status.st_size))
        let mode = status.permissions
        let (digest, sizeBytes) = try writer.take(
            file, sizeBytes: Int(status.st_size), mode: mode, path, into: intake)
        return ArtifactEntry(path: path, kind: .file(mode: mode, sizeBytes: sizeBytes, digest: digest))
    }
}

extension stat {
    fileprivate var permissions: UInt16 { UInt16(st_mode & 0o777) }
}

extension ArtifactError {
    fileprivate static func reading(_ path: ArtifactPath, _ number: Int32) -> ArtifactError {
        switch number {
        case ENOENT, ENOTDIR, ELOOP, ENXIO, EINVAL:
            ArtifactError(.changed, path.description, "\(path) changed while it was read")
        default: .system(number, "cannot read", path.description)
        }
    }

    /// `kind` is the `S_IFMT` part of a mode.
    static func unsupported(_ path: String, _ kind: mode_t) -> ArtifactError {
        let name =
            switch kind {
            case S_IFIFO: "a FIFO"
            case S_IFSOCK: "a socket"
            case S_IFCHR: "a character device"
            case S_IFBLK: "a block device"
            default: "of an unknown kind"
            }
        return ArtifactError(
            .unsupportedKind, path,
            "\(path) is \(name): an artifact holds only regular files, directories and symbolic links")
    }
}
