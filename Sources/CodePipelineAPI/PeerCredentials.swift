import Glibc
import NIOCore

/// Who is at the other end of a Unix socket (unix(7), SO_PEERCRED).
enum PeerCredentials {
    /// `struct ucred`, which Swift's Glibc does not have.
    private typealias Credentials = (process: pid_t, user: uid_t, group: gid_t)

    static func user(of channel: any Channel) async throws -> uid_t? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))
        return try await credentials.map(\.user).get()
    }
}

/// The name of a user, or the number where it has none.
func userName(of user: uid_t) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 14) { buffer in
        let code = getpwuid_r(user, &entry, buffer.baseAddress!, buffer.count, &found)
        guard code == 0, found != nil, let name = entry.pw_name else { return String(user) }
        return String(cString: name)
    }
}
