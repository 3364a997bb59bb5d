import Glibc

/// A folder as it is at one moment, with everything in it. No link is followed.
public struct Snapshot: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The bytes; nil where they are more than `keptBytes`, or cannot be read.
        case file([UInt8]?)
        case directory
        case link(String)
        /// A pipe, socket or device: its name.
        case other(String)
    }

    public struct Entry: Hashable, Sendable {
        public let kind: Kind
        public let mode: mode_t
        public let sizeBytes: Int
        /// Of the last change of content or attributes, in nanoseconds since 1970.
        public let changedNanoseconds: Int64
    }

    /// Of one file, and of all files together: beyond that of a file only its size is known.
    private static let kept = (ofFile: 16 << 20, ofAll: 32 << 20)
    /// A folder of a plugin that has more would be read for ever.
    private static let limit = 100_000

    /// Path below the folder to what is there. Bytes of a name that are no UTF-8 are shown as U+FFFD.
    public private(set) var entries: [String: Entry] = [:]
    private var keptBytes = 0

    public init(of folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 { look(at: descriptor, below: "") }
    }

    private init(_ entries: [String: Entry]) { self.entries = entries }

    /// What is in a folder of it.
    public func below(_ folder: String) -> Snapshot {
        let prefix = folder + "/"
        let inside = entries.filter { $0.key.hasPrefix(prefix) }.map { (String($0.dropFirst(prefix.count)), $1) }
        return Snapshot(Dictionary(uniqueKeysWithValues: inside))
    }

    /// From open folder to open folder, so that nothing can put a link in the way. Closes `descriptor`.
    private mutating func look(at descriptor: Int32, below prefix: String) {
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return
        }
        defer { closedir(directory) }
        while let entry = readdir(directory), entries.count < Self.limit {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            let shown = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            var status = stat()
            guard shown != ".", shown != "..",
                fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            else { continue }
            let kind = kind(of: name, in: descriptor, status)
            entries[prefix + shown] = Entry(
                kind: kind, mode: status.st_mode & 0o7777, sizeBytes: Int(status.st_size),
                changedNanoseconds: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
            guard kind == .directory else { continue }
            let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if inner >= 0 { look(at: inner, below: prefix + shown + "/") }
        }
    }

    private mutating func kind(of name: [CChar], in folder: Int32, _ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFREG:
            let size = Int(status.st_size)
            guard size <= Self.kept.ofFile, keptBytes + size <= Self.kept.ofAll else { return .file(nil) }
            keptBytes += size
            return .file(Self.content(of: name, in: folder, limitBytes: size))
        case S_IFLNK:
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { readlinkat(folder, name, $0.baseAddress!, $0.count) }
            return .link(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        case S_IFIFO: return .other("named pipe")
        case S_IFSOCK: return .other("socket")
        default: return .other("device")
        }
    }

    private static func content(of name: [CChar], in folder: Int32, limitBytes: Int) -> [UInt8]? {
        // It may be something else by now.
        let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limitBytes)
        var filled = 0
        while filled < limitBytes {
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, limitBytes - filled) }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    /// Paths at which the two differ in kind, content or permissions (not in times).
    public func differences(from other: Snapshot) -> [String] {
        Set(entries.keys).union(other.entries.keys).filter { path in
            guard let ours = entries[path], let theirs = other.entries[path] else { return true }
            return !ours.kind.mayBe(theirs.kind) || ours.sizeBytes != theirs.sizeBytes && ours.kind != .directory
                || ours.mode != theirs.mode
        }.sorted()
    }
}

extension Snapshot.Kind {
    /// Whether the two can be the same: of a file that is too large the bytes are not known.
    fileprivate func mayBe(_ other: Self) -> Bool {
        switch (self, other) {
        case (.file(let ours?), .file(let theirs?)): ours == theirs
        case (.file, .file): true
        default: self == other
        }
    }
}
