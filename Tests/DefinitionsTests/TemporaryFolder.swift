import Glibc
import Testing

/// A folder of its own for one test, removed at the end with the files in it.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/penstock-definitions-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                withUnsafeBytes(of: entry.pointee.d_name) { name in
                    _ = unlink("\(path)/\(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))")
                }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// Writes a file, of `sizeBytes` if that is more than its text, and gives its path.
    func file(_ name: String, _ text: String = "", sizeBytes: Int = 0, mode: mode_t = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        if sizeBytes > bytes.count { try #require(ftruncate(descriptor, sizeBytes) == 0) }
        return file
    }
}
