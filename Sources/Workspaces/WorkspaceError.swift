import Glibc

/// Why a workspace or its sandbox could not be had, in a sentence that says what to do.
public struct WorkspaceError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// A system call failed: a full disk, a read-only state directory, a missing folder.
        case system(errno: Int32)
        /// A name or path that may not be used here.
        case invalidPath
        /// The plugin's user cannot reach a path that it was granted.
        case unreachable
        /// Processes are left that do not die.
        case survivors
    }
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What `errno` says now.
    static func last(_ doing: String, _ path: String) -> WorkspaceError {
        let code = errno
        return WorkspaceError(.system(errno: code), "cannot \(doing) \(path): \(reason(code))")
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "the disk is full: free some space, or files, on the file system that holds it"
        case EROFS: "its file system is read-only"
        default: String(cString: strerror(code))
        }
    }

    public var description: String { message }
}

/// A numeric user and group.
public struct Identity: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}
