import Conformance
import Glibc

/// The mode of what stands there, not following a link; nil when nothing does.
func mode(of path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
}

/// Whether it is a directory itself, and no link to one.
func isPlainDirectory(_ path: String) -> Bool { mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false }

/// Makes a directory and those above it.
func makeDirectory(_ path: String) throws(TrustError) {
    var made = ""
    for component in path.split(separator: "/") {
        made += "/\(component)"
        guard mkdir(made, 0o755) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
            throw .system(errno, "cannot be made", made)
        }
    }
    guard access("\(path)/", F_OK) == 0 else { throw .system(errno, "cannot be made", path) }
}

/// Puts a text in a file's place, all of it or nothing, and returns when it is on disk.
/// - Parameter mode: of a file that is not there yet; one that is keeps its mode and owner.
func replaceFile(_ path: String, with text: String, mode: mode_t) throws(TrustError) {
    // Who put a link there wants the file elsewhere to be changed.
    let path = realPath(path) ?? path
    var old = stat()
    let isThere = stat(path, &old) == 0
    let partial = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 16)).partial"
    let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system(errno, "cannot be written", path) }
    var bytes = Array(text.utf8)[...]
    var isDone = !isThere || fchown(file, old.st_uid, old.st_gid) == 0 || geteuid() != 0
    while isDone, !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        isDone = count > 0
        bytes = bytes.dropFirst(max(0, count))
    }
    isDone = isDone && fchmod(file, isThere ? old.st_mode & 0o7777 : mode) == 0 && fsync(file) == 0
    isDone = isDone && rename(partial, path) == 0
    let code = errno
    close(file)
    guard isDone else {
        unlink(partial)
        throw .system(code, "cannot be written", path)
    }
    syncDirectory(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
}

/// What was renamed in it stays so after a power cut; where a file system cannot promise that, nothing can be done.
func syncDirectory(_ path: String) {
    let directory = open(path.isEmpty ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
}

/// Removes whatever stands there, following no link; what cannot be removed stays.
func removeTree(_ path: String) {
    guard isPlainDirectory(path) else {
        unlink(path)
        return
    }
    chmod(path, 0o700)
    for name in names(in: path) ?? [] { removeTree("\(path)/\(name)") }
    rmdir(path)
}
