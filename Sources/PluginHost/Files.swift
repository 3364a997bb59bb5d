import Glibc

/// The path without links, or nil when nothing is there.
func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// The names in a directory, sorted, or nil when it cannot be read (`errno` says why).
func names(in directory: String) -> [String]? {
    guard let handle = opendir(directory) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

enum FileContent {
    case bytes([UInt8])
    case absent
    /// Why not, as the end of a sentence.
    case unreadable(String)
}

/// A regular file of at most `limitBytes`.
func read(_ path: String, limitBytes: Int) -> FileContent {
    // Without O_NONBLOCK a FIFO of that name would hold us for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        let code = errno
        return code == ENOENT || code == ENOTDIR ? .absent : .unreadable("cannot be read: \(text(ofError: code))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return .unreadable("is no regular file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count == 0 { return .bytes(bytes) }
        guard count > 0 else {
            if errno == EINTR { continue }
            return .unreadable("cannot be read: \(text(ofError: errno))")
        }
        bytes += buffer[..<count]
        guard bytes.count <= limitBytes else { return .unreadable("has more than \(limitBytes) bytes") }
    }
}

func text(ofError code: Int32) -> String { String(cString: strerror(code)) }
