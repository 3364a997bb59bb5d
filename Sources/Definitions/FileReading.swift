import Glibc

/// No definition comes near: a thousand actions make one megabyte.
public let documentLimitBytes = 10 << 20

/// The content of a file of at most `limitBytes`; a larger one is refused before it is read.
func readFile(at path: String, limitBytes: Int) throws(DocumentError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    if status.st_mode & S_IFMT == S_IFDIR {
        throw DocumentError(file: path, problem: "is a directory; name a file in it")
    }
    if status.st_size > limitBytes { throw tooLarge(path, bytes: Int(status.st_size)) }
    return try readAll(descriptor, path: path, limitBytes: limitBytes)
}

/// Pipes and devices have no size beforehand, and files may grow: the limit counts while reading too.
private func readAll(_ descriptor: CInt, path: String, limitBytes: Int) throws(DocumentError) -> [UInt8] {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw unreadable(path) }
        if count == 0 { return content }
        content += chunk[..<count]
        if content.count > limitBytes { throw tooLarge(path, bytes: nil) }
    }
}

func tooLarge(_ path: String, bytes: Int?) -> DocumentError {
    let size = bytes.map { "has \($0) bytes" } ?? "is longer"
    return DocumentError(file: path, problem: "\(size); documents of at most \(documentLimitBytes) bytes are read")
}

/// Says what `errno` means for the person who named the file.
private func unreadable(_ path: String) -> DocumentError {
    switch errno {
    case ENOENT: DocumentError(file: path, problem: "does not exist")
    case ENOTDIR: DocumentError(file: path, problem: "does not exist: a part of the path is not a directory")
    case EACCES: DocumentError(file: path, problem: "may not be read by this user; change its permissions")
    case let code: DocumentError(file: path, problem: "cannot be read: \(String(cString: strerror(code)))")
    }
}
