import Glibc

/// Why something about plugins was not installed, locked, granted or removed; nothing is changed then.
public struct TrustError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// A failed system call.
    static func system(_ code: Int32, _ doing: String, _ path: String) -> TrustError {
        TrustError("\(path): \(doing): \(String(cString: strerror(code)))")
    }
}
