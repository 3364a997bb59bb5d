import Glibc

/// The right to write a state directory: one process at a time, until the process ends however it ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `StoreError.locked` naming the process that holds it.
    init(directory: String) throws(StoreError) {
        let path = "\(directory)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(.notWritable, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &text, text.count, 0))
            let holder = String(decoding: text[..<count], as: UTF8.self)
            throw StoreError(
                .locked,
                """
                \(directory) is in use by another penstock\(holder.isEmpty ? "" : " (process \(holder))"): \
                wait for it, or choose another --state directory
                """)
        }
        let pid = "\(getpid())"
        ftruncate(descriptor, 0)
        _ = pid.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}
