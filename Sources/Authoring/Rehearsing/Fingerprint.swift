import Conformance
import Glibc

/// What tells whether a plugin's folder was changed: names, sizes and times, of what is no link, and not of `.git`.
public struct Fingerprint: Hashable, Sendable {
    private struct Entry: Hashable {
        let path: String
        let mode: mode_t
        let sizeBytes: off_t
        let seconds: time_t
        let nanoseconds: Int
    }

    /// A folder with more is not looked at any further.
    private static let most = 50_000

    private let folder: String
    private var entries: [Entry] = []

    public init(of folder: String) {
        self.folder = folder
        look(into: folder)
    }

    /// Whether a file of it is older than some other one.
    /// - Parameter others: names at the top that do not count.
    public func isOlder(_ file: String, without others: Set<String>) -> Bool {
        guard let program = entries.first(where: { $0.path == "\(folder)/\(file)" }) else { return false }
        return entries.contains { entry in
            let name = entry.path.dropFirst(folder.count + 1)
            return !others.contains(String(name.prefix { $0 != "/" }))
                && (entry.seconds, entry.nanoseconds) > (program.seconds, program.nanoseconds)
        }
    }

    private mutating func look(into folder: String) {
        for name in names(in: folder) ?? [] where name != ".git" && entries.count < Self.most {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            // A folder's own time says only what its entries say.
            entries.append(
                Entry(
                    path: path, mode: status.st_mode, sizeBytes: isFolder ? 0 : status.st_size,
                    seconds: isFolder ? 0 : status.st_mtim.tv_sec, nanoseconds: isFolder ? 0 : status.st_mtim.tv_nsec))
            if isFolder { look(into: path) }
        }
    }
}
