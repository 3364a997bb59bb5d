import Glibc

/// What a workspace takes.
public struct Usage: Hashable, Sendable {
    /// On disk: blocks that are really there, so a sparse file counts what it holds.
    public var bytes = 0
    /// Files, folders, links and everything else that has a name.
    public var entries = 0

    public init(bytes: Int = 0, entries: Int = 0) {
        self.bytes = bytes
        self.entries = entries
    }
}

extension Workspace {
    /// Measures everything below the root. While the plugin runs it is an estimate from below; afterwards it is exact,
    /// but for folders that we may not read (never as root). A job of a worker counts the worker's scratch as its own.
    public func usage() throws(WorkspaceError) -> Usage {
        struct Link: Hashable {
            let device: dev_t
            let inode: ino_t
        }
        var usage = Usage()
        var links: Set<Link> = []
        let folders = job.map { ["in/\($0)", "jobs/\($0)", "tmp", "home"] } ?? ["."]
        for folder in folders {
            try Directory.walk("\(root)/\(folder)") { (_, _, status) throws(WorkspaceError) in
                usage.entries += 1
                let isCounted = status.st_nlink > 1 && !status.isDirectory
                if isCounted, !links.insert(Link(device: status.st_dev, inode: status.st_ino)).inserted { return }
                // POSIX leaves the unit open; on Linux it is 512 for every file system.
                usage.bytes += Int(status.st_blocks) * 512
            }
        }
        return usage
    }
}
