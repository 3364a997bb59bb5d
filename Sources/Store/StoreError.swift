import GRDB
import Glibc

/// Why the state directory cannot be used, or did not take something.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Another core writes it.
        case locked
        case diskFull
        case notWritable
        /// A newer Penstock made it.
        case newerSchema
        case missing
        case failed
    }
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension StoreError {
    /// What SQLite said, in words for the operator.
    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self = error as? StoreError ?? StoreError(.failed, "\(path): \(error)")
            return
        }
        // What SQLite maps into memory it calls an error of the disk when it does not fit.
        let isFull = error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR && freeBytes(path) < 1 << 16
        switch error.resultCode {
        case _ where isFull:
            self.init(.diskFull, "\(path): the disk is full; free some space, then `penstock resume` goes on")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            self.init(.notWritable, "\(path): cannot be written (\(error.message ?? "no reason given"))")
        case .SQLITE_IOERR:
            self.init(
                .failed,
                "\(path): the file system refuses to read or write it (\(error.message ?? "no reason given")); "
                    + "mend that, then `penstock resume` goes on")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                .failed, "\(path): is not a Penstock database or is damaged (\(error.message ?? "no reason given"))")
        default: self.init(.failed, "\(path): \(error.message ?? error.description)")
        }
    }
}

/// On the file system of `path`, for whoever runs this program.
private func freeBytes(_ path: String) -> UInt {
    var status = statvfs()
    return statvfs(path, &status) == 0 ? status.f_bavail * status.f_frsize : .max
}
