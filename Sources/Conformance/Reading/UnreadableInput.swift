import Glibc

/// What the kit was given and cannot read: a folder that is no plugin, a baseline, a report. No fault of the kit.
public struct UnreadableInput: Error, Hashable, Sendable, CustomStringConvertible {
    /// As the caller named it.
    public let path: String
    /// What is wrong, as the end of a sentence that starts with the path, and what to do.
    public let problem: String

    public init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    /// What `code` of the system means for who named the path.
    package init(_ path: String, code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self.init(path, "does not exist")
        case EACCES: self.init(path, "may not be read by this user; change its permissions")
        default: self.init(path, "cannot be read: \(String(cString: strerror(code)))")
        }
    }

    public var description: String { "\(path): \(problem)" }
}

/// The content of a regular file, or nil when it has more than `limitBytes`.
package func readFile(_ path: String, limitBytes: Int) throws(UnreadableInput) -> [UInt8]? {
    // Without O_NONBLOCK a FIFO of that name would hold us for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw UnreadableInput(path, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw UnreadableInput(path, "is no regular file")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= limitBytes {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw UnreadableInput(path, code: errno) }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
    return nil
}

/// The path without links, or nil when nothing is there.
package func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// The names in a directory, sorted, or nil when it cannot be read (`errno` says why).
package func names(in directory: String) -> [String]? {
    guard let handle = opendir(directory) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The kind and permissions of what a path leads to; 0 when nothing is there.
func mode(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode : 0
}

package func isDirectory(_ path: String) -> Bool { mode(of: path) & S_IFMT == S_IFDIR }
