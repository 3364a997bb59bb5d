/// What to start: one program with exactly this environment and these three pipes, and no other descriptor.
public struct Command: Hashable, Sendable {
    /// Absolute path; no search, no shell.
    public var executable: String
    /// Without the program's own name, which is `executable`.
    public var arguments: [String]
    /// The whole environment of the child; nothing of ours is inherited.
    public var environment: [String: String]
    /// The child's working directory; ours when nil.
    public var directory: String?
    /// Descriptor 3 of the child is the write end of a pipe whose lines arrive as `Stream.status` (bwrap's
    /// `--json-status-fd 3`).
    public var reportsStatus: Bool

    public init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
        reportsStatus: Bool = false
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.reportsStatus = reportsStatus
    }
}

/// How a child ended.
public enum Exit: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
}

/// The pipes on which a child speaks.
public enum Stream: Hashable, Sendable, CaseIterable {
    case output
    case error
    case status
}

/// Why a child could not be started.
public struct SpawnError: Error, Hashable, Sendable, CustomStringConvertible {
    public let command: String
    /// The errno of the failed call: ENOENT, EACCES, ENOEXEC, ETXTBSY, EAGAIN, EMFILE…
    public let code: Int32

    public init(command: String, code: Int32) {
        self.command = command
        self.code = code
    }

    public var description: String { "cannot start \(command): \(message(ofError: code))" }
}
