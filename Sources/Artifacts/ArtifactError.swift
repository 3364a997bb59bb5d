import Glibc

/// Why an artifact could not be taken in, read or laid out.
public struct ArtifactError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable, CaseIterable {
        /// A FIFO, socket, device or whatever else no artifact holds.
        case unsupportedKind
        /// A symbolic link that leads out of the artifact, or in a circle.
        case badLink
        /// A name that means no place inside an artifact, or one that is there twice.
        case badName
        /// One of `ArtifactLimits` is exceeded.
        case limitExceeded
        /// The directory changed while it was read.
        case changed
        /// Not a zip (or a tar), cut short, encrypted, or packed in a way that cannot be read.
        case badZip
        /// What the store holds is not what was put there.
        case corrupted
        /// What was asked for is not there.
        case missing
        /// The target of a materialisation already holds something.
        case notEmpty
        case diskFull
        /// A file system that is mounted read-only.
        case readOnly
        /// Permission denied.
        case denied
        /// Any other failed system call.
        case system
    }

    public let code: Code
    /// A whole sentence, which names the path, the value and the limit.
    public let message: String
    /// The path in the artifact, or on this machine, that the error is about.
    public let path: String

    init(_ code: Code, _ path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { message }

    /// Whether whoever made the artifact can mend it; otherwise it is this machine's or the store's trouble.
    public var isAboutContent: Bool {
        switch code {
        case .unsupportedKind, .badLink, .badName, .limitExceeded, .changed, .badZip: true
        case .corrupted, .missing, .notEmpty, .diskFull, .readOnly, .denied, .system: false
        }
    }

    /// A failed system call; `doing` is "cannot read" and the like.
    static func system(_ number: Int32, _ doing: String, _ path: String) -> ArtifactError {
        let reason =
            switch number {
            case ENOSPC, EDQUOT: "the disk is full: free some space on the file system that holds it"
            case EROFS: "its file system is read-only"
            case EACCES, EPERM: "permission denied for uid \(geteuid())"
            default: String(cString: strerror(number))
            }
        return ArtifactError(code(of: number), path, "\(doing) \(path): \(reason)")
    }

    private static func code(of number: Int32) -> Code {
        switch number {
        case ENOSPC, EDQUOT: .diskFull
        case EROFS: .readOnly
        case EACCES, EPERM: .denied
        case ENOENT: .missing
        default: .system
        }
    }
}
