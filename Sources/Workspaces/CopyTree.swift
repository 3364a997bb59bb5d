import Glibc

/// Copies a folder of the host's own: files (readable by all, executable as they were), folders and links as they are.
/// What is neither is left out, and so are names with the given ending.
/// - Parameter limit: unless given that of what is small, and is copied for one job.
/// - Throws: beyond the limit, before anything is copied.
public func copyTree(
    _ source: String, to target: String, leavingOut ending: String? = nil,
    limit: Usage = Usage(bytes: 64 << 20, entries: 10_000)
) throws(WorkspaceError) {
    var size = Usage()
    try Directory.walk(source) { (_, _, status) throws(WorkspaceError) in
        size.entries += 1
        size.bytes += Int(status.st_size)
    }
    guard size.bytes <= limit.bytes, size.entries <= limit.entries else {
        throw WorkspaceError(
            .unreachable,
            "\(source) is too large to be copied: \(size.bytes) bytes in \(size.entries) entries; \(limit.bytes >> 20)"
                + " MiB in \(limit.entries) are the most")
    }
    try copyFolder(try Directory(source), source, target, ending)
}

/// `path` is for messages: what is copied is reached from the open folder, so nobody can put a link in its way.
private func copyFolder(
    _ folder: consuming Directory, _ path: String, _ target: String, _ leftOut: String?
) throws(WorkspaceError) {
    guard mkdir(target, 0o755) == 0, chmod(target, 0o755) == 0 else { throw .last("make", target) }
    let folder = folder
    try folder.forEachName { (name) throws(WorkspaceError) in
        if let leftOut, text(of: name).hasSuffix(leftOut) { return }
        guard let status = folder.status(of: name) else { return }
        let (from, to) = ("\(path)/\(text(of: name))", "\(target)/\(text(of: name))")
        if status.isDirectory {
            guard let inner = Directory(name, in: folder.descriptor) else { throw .last("open", from) }
            try copyFolder(inner, from, to, leftOut)
        } else if status.isSymbolicLink {
            try copyLink(name, in: folder.descriptor, from, to)
        } else if status.isRegularFile {
            let file = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { throw .last("read", from) }
            try copy(file, from, to)
        }
    }
}

private func copyLink(
    _ name: UnsafePointer<CChar>, in folder: Int32, _ source: String, _ target: String
) throws(WorkspaceError) {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard readlinkat(folder, name, &buffer, buffer.count - 1) > 0 else { throw .last("read", source) }
    guard symlink(buffer, target) == 0 else { throw .last("make", target) }
}

/// Follows a link at `source`; makes `target`.
func copyFile(_ source: String, _ target: String) throws(WorkspaceError) {
    let file = open(source, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .last("read", source) }
    try copy(file, source, target)
}

/// Closes `input`.
private func copy(_ input: Int32, _ source: String, _ target: String) throws(WorkspaceError) {
    defer { close(input) }
    var status = stat()
    guard fstat(input, &status) == 0, status.isRegularFile else {
        throw WorkspaceError(.invalidPath, "cannot copy \(source): it is no regular file")
    }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw .last("make", target) }
    defer { close(output) }
    guard fchmod(output, status.st_mode & 0o100 != 0 ? 0o755 : 0o644) == 0 else { throw .last("copy", source) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(input, &buffer, buffer.count)
        guard count >= 0 else { throw .last("read", source) }
        if count == 0 { return }
        // A regular file takes all of a write, reports why not, or has no room for the rest.
        errno = ENOSPC
        guard write(output, buffer, count) == count else { throw .last("write", target) }
    }
}
