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

    private static let keptBytes = 16 << 20
    /// A folder of a plugin that has more would be read for ever.
    private static let limit = 100_000

    /// Path below the folder to what is there.
    public private(set) var entries: [String: Entry] = [:]

    public init(of folder: String) { look(at: folder, below: "") }

    private mutating func look(at folder: String, below prefix: String) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory), entries.count < Self.limit {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let (path, shown) = ("\(folder)/\(name)", prefix + name)
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let kind = Self.kind(of: path, status)
            entries[shown] = Entry(
                kind: kind, mode: status.st_mode & 0o7777, sizeBytes: Int(status.st_size),
                changedNanoseconds: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec))
            if kind == .directory { look(at: path, below: shown + "/") }
        }
    }

    private static func kind(of path: String, _ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFREG: return .file(status.st_size <= keptBytes ? bytes(ofFile: path) : nil)
        case S_IFLNK:
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
            return .link(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        case S_IFIFO: return .other("named pipe")
        case S_IFSOCK: return .other("socket")
        default: return .other("device")
        }
    }

    /// Paths at which the two differ in kind, content or permissions (not in times).
    public func differences(from other: Snapshot) -> [String] {
        Set(entries.keys).union(other.entries.keys).filter { path in
            guard let ours = entries[path], let theirs = other.entries[path] else { return true }
            return ours.kind != theirs.kind || ours.sizeBytes != theirs.sizeBytes && ours.kind != .directory
                || ours.mode != theirs.mode
        }.sorted()
    }
}
