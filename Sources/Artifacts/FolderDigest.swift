import Glibc

/// The SHA-256 of what is in a folder, whatever it is: see `init(ofFolder:excluding:)`.
public typealias FolderDigest = SHA256Digest<FolderText>

/// What a `FolderDigest` is taken of.
public enum FolderText {}

extension FolderDigest {
    /// Reads a folder as it stands, and keeps nothing.
    ///
    /// Unlike an artifact it may hold anything: links are not followed but named with their targets, and what is neither
    /// file, directory nor link is named alone. Of modes the owner's x bit counts. The text that is hashed has a record
    /// for each entry, sorted by path:
    ///
    ///     F<x or -><SHA-256> <path>NUL
    ///     D<path>NUL
    ///     L<path>NUL<target>NUL
    ///     O<path>NUL
    /// - Parameters:
    ///   - path: absolute, and its last component is no link.
    ///   - excluded: names at the top that are left out.
    ///   - limitBytes: of all files together; a file with holes counts as long as it is.
    /// - Throws: `limitExceeded` beyond it or 200,000 entries, and the codes of the machine.
    public init(
        ofFolder path: String, excluding excluded: Set<String> = [], limitBytes: Int = .max
    ) throws(ArtifactError) {
        self = try FolderContent(ofFolder: path, excluding: excluded, limitBytes: limitBytes).digest
    }
}

/// What is in a folder, entry by entry, so that a difference can be named.
public struct FolderContent: Hashable, Sendable {
    public let digest: FolderDigest
    /// By path, as it is shown to a reader: the record of which the digest is taken, without the path.
    ///
    /// That is `Fx<SHA-256>` or `F-<SHA-256>`, `D`, `L<target>` and `O`.
    public let entries: [String: String]

    /// - Throws: as `FolderDigest` does.
    public init(
        ofFolder path: String, excluding excluded: Set<String> = [], limitBytes: Int = .max
    ) throws(ArtifactError) {
        var walk = try FolderWalk(path, limitBytes: limitBytes)
        try walk.take(.root, excluding: excluded)
        while let next = walk.pending.popLast() { try walk.take(next) }
        let records = walk.records.sorted { $0.path < $1.path }
        let text = records.flatMap { $0.content.text(at: $0.path) }
        digest = text.withUnsafeBytes { SHA256().digest(of: $0) }
        // Only of names that no reader could tell apart is one left out, and the digest has them both.
        entries = Dictionary(records.map { ($0.path.description, $0.content.description) }) { first, _ in first }
    }
}

private enum FolderEntry: CustomStringConvertible {
    case file(isExecutable: Bool, BlobDigest)
    case directory
    case link(target: [UInt8])
    case other

    func text(at path: ArtifactPath) -> [UInt8] {
        switch self {
        case .file: Array("\(self) ".utf8) + path.bytes + [0]
        case .directory: Array("D".utf8) + path.bytes + [0]
        case .link(let target): Array("L".utf8) + path.bytes + [0] + target + [0]
        case .other: Array("O".utf8) + path.bytes + [0]
        }
    }

    var description: String {
        switch self {
        case .file(let isExecutable, let digest): "F\(isExecutable ? "x" : "-")\(digest)"
        case .directory: "D"
        case .link(let target): "L\(escaped(target))"
        case .other: "O"
        }
    }
}

private struct FolderWalk: ~Copyable {
    private let folder: String
    private var cursor: DirectoryCursor
    private let hash = SHA256()
    private let buffer = Buffer()
    var pending: [ArtifactPath] = []
    var records: [(path: ArtifactPath, content: FolderEntry)] = []

    private let limitBytes: Int
    private var leftBytes: Int

    init(_ folder: String, limitBytes: Int) throws(ArtifactError) {
        (self.limitBytes, leftBytes) = (limitBytes, limitBytes)
        self.folder = folder
        cursor = try DirectoryCursor(root: Descriptor(opening: folder, O_RDONLY | O_DIRECTORY))
    }

    mutating func take(_ directory: ArtifactPath, excluding excluded: Set<String> = []) throws(ArtifactError) {
        try cursor.move(to: directory)
        var names: [[CChar]] = []
        try cursor.directory.forEachName(of: "\(folder)/\(directory)") { (name) throws(ArtifactError) in
            if excluded.isEmpty || !excluded.contains(String(cString: name)) {
                names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
            }
        }
        for name in names {
            let path = directory.appending(name.dropLast().map { UInt8(bitPattern: $0) })
            try ArtifactLimits().check(path, after: records.count)
            records.append((path, try entry(name, path)))
        }
    }

    private mutating func count(_ sizeBytes: Int, _ path: ArtifactPath) throws(ArtifactError) {
        leftBytes -= sizeBytes
        guard leftBytes < 0 else { return }
        throw ArtifactError(
            .limitExceeded, "\(path)", "\(folder) has more than \(limitBytes) bytes of files, with \(path)")
    }

    private mutating func entry(_ name: [CChar], _ path: ArtifactPath) throws(ArtifactError) -> FolderEntry {
        var status = stat()
        guard fstatat(cursor.directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure(path) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            pending.append(path)
            return .directory
        case S_IFREG:
            try count(Int(status.st_size), path)
            return .file(isExecutable: status.st_mode & 0o100 != 0, try digest(name, path))
        case S_IFLNK: return .link(target: try target(name, path))
        default: return .other
        }
    }

    private func digest(_ name: [CChar], _ path: ArtifactPath) throws(ArtifactError) -> BlobDigest {
        let raw = openat(cursor.directory.raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard raw >= 0 else { throw failure(path) }
        let file = Descriptor(taking: raw)
        while true {
            let count = try file.fill(buffer.bytes, of: "\(folder)/\(path)")
            hash.update(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
            if count < buffer.bytes.count { return hash.finish() }
        }
    }

    private func target(_ name: [CChar], _ path: ArtifactPath) throws(ArtifactError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlinkat(cursor.directory.raw, name, &target, target.count)
        guard length >= 0 else { throw failure(path) }
        return target[..<length].map { UInt8(bitPattern: $0) }
    }

    private func failure(_ path: ArtifactPath) -> ArtifactError { .system(errno, "cannot read", "\(folder)/\(path)") }
}
