import Glibc

/// An open file, closed when its owner goes out of scope.
struct Descriptor: ~Copyable {
    let raw: Int32

    /// Takes over what `openat` gave back.
    init(taking raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Opens a path of this machine; a link in its last component is not followed.
    init(opening path: String, _ flags: Int32) throws(ArtifactError) {
        raw = open(path, flags | O_NOFOLLOW | O_CLOEXEC)
        if raw < 0 { throw .system(errno, "cannot open", path) }
    }

    func status(of path: @autoclosure () -> String) throws(ArtifactError) -> stat {
        var status = stat()
        if fstat(raw, &status) != 0 { throw .system(errno, "cannot read", path()) }
        return status
    }

    /// Reads until the buffer is full or the file ends, and returns the number of bytes.
    /// - Parameter enough: so many bytes are taken for all: whether more follow is not asked.
    func fill(
        _ buffer: UnsafeMutableRawBufferPointer, enough: Int? = nil, of path: @autoclosure () -> String
    ) throws(ArtifactError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = read(raw, buffer.baseAddress! + filled, buffer.count - filled)
            if count == 0 { break }
            if count > 0 { filled += count } else if errno != EINTR { throw .system(errno, "cannot read", path()) }
            if filled == enough { break }
        }
        return filled
    }

    func write(_ bytes: UnsafeRawBufferPointer, to path: @autoclosure () -> String) throws(ArtifactError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(raw, bytes.baseAddress! + written, bytes.count - written)
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw .system(errno, "cannot write", path())
            }
        }
    }

    /// Calls `body` with each name in this directory except "." and "..", in the order of the file system.
    func forEachName(
        of path: @autoclosure () -> String, _ body: (UnsafePointer<CChar>) throws(ArtifactError) -> Void
    ) throws(ArtifactError) {
        // A stream of its own: it takes the descriptor over and moves its position.
        let copy = openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw .system(errno, "cannot list", path()) }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .system(errno, "cannot list", path()) }
                return
            }
            let name = UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self)
            if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { try body(name) }
        }
    }
}

private let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!

/// Room for one system call for most files, and for few for large ones.
struct Buffer: ~Copyable {
    static let sizeBytes = 1 << 20
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: sizeBytes, alignment: 4096)

    deinit { bytes.deallocate() }
}
