import Glibc

/// An open directory, reached without following a link in its last step; closed with this value.
struct Directory: ~Copyable {
    let descriptor: Int32

    init(_ path: String) throws(WorkspaceError) {
        descriptor = open(path, Self.flags)
        guard descriptor >= 0 else { throw .last("open", path) }
    }

    /// Nil when there is no directory of that name, or it may not be read.
    init?(_ name: UnsafePointer<CChar>, in parent: Int32) {
        descriptor = openat(parent, name, Self.flags)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    var status: stat {
        var result = stat()
        fstat(descriptor, &result)
        return result
    }

    /// Calls `body` with every entry's name but `.` and `..`. Names are bytes and need not be UTF-8.
    func forEachName(_ body: (UnsafePointer<CChar>) throws(WorkspaceError) -> Void) throws(WorkspaceError) {
        // A second open: the stream closes its descriptor and moves its offset.
        let second = openat(descriptor, ".", Self.flags)
        guard second >= 0, let stream = fdopendir(second) else {
            let code = errno
            close(second)
            errno = code
            throw .last("read", "a folder")
        }
        defer { closedir(stream) }
        let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!
        while let entry = readdir(stream) {
            let name = UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self)
            if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { try body(name) }
        }
    }

    func status(of name: UnsafePointer<CChar>) -> stat? {
        var result = stat()
        return fstatat(descriptor, name, &result, AT_SYMLINK_NOFOLLOW) == 0 ? result : nil
    }

    /// Visits everything below, to any depth, with one open descriptor. A directory that cannot be entered is passed
    /// over; so is the rest when someone moves directories about meanwhile.
    static func walk(
        _ path: String, visit: (_ parent: Int32, UnsafePointer<CChar>, stat) throws(WorkspaceError) -> Void
    ) throws(WorkspaceError) {
        var directory = try Directory(path)
        var levels = [try directory.level(visit)]
        while var level = levels.popLast() {
            if let name = level.pending.popLast() {
                levels.append(level)
                guard let child = Directory(name, in: directory.descriptor) else { continue }
                directory = child
                levels.append(try directory.level(visit))
            } else if let above = levels.last {
                guard let parent = Directory("..", in: directory.descriptor),
                    parent.status.st_ino == above.inode, parent.status.st_dev == above.device
                else { return }
                directory = parent
            }
        }
    }

    private struct Level {
        let device: dev_t
        let inode: ino_t
        /// Names of the subdirectories still to visit, NUL-terminated.
        var pending: [[CChar]] = []
    }

    private func level(
        _ visit: (_ parent: Int32, UnsafePointer<CChar>, stat) throws(WorkspaceError) -> Void
    ) throws(WorkspaceError) -> Level {
        let own = status
        var level = Level(device: own.st_dev, inode: own.st_ino)
        try forEachName { (name) throws(WorkspaceError) in
            guard let status = status(of: name) else { return }
            try visit(descriptor, name, status)
            if status.isDirectory { level.pending.append(bytes(of: name)) }
        }
        return level
    }
}

/// A name's bytes with the NUL.
func bytes(of name: UnsafePointer<CChar>) -> [CChar] {
    Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
}

/// A name for people to read: what is not UTF-8 is replaced.
func text(of name: UnsafePointer<CChar>) -> String { String(cString: name) }

extension stat {
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }

    /// Nil when nothing is there; follows links.
    init?(path: String) {
        self.init()
        guard stat(path, &self) == 0 else { return nil }
    }
}
