import Glibc

/// The users that a core running as root lends to its jobs, one to each at a time.
///
/// A file lock stands for each loan, so several cores on one machine may share a range, and a core that dies gives
/// everything back. The default range lies where systemd keeps nothing and adduser never allocates.
public struct SlotPool: Hashable, Sendable {
    /// Each number is a uid and the gid of that user's own group; neither needs an entry in /etc/passwd.
    public let uids: ClosedRange<UInt32>
    /// Folder of the lock files; made when missing.
    public let locks: String
    /// After so long a wait it is told for whom.
    public let patience: Duration

    public init(
        uids: ClosedRange<UInt32> = 60_600...60_699, locks: String = "/run/penstock", patience: Duration = .seconds(5)
    ) {
        precondition(uids.lowerBound > 0, "root is no slot")
        self.uids = uids
        self.locks = locks
        self.patience = patience
    }

    /// Those that this process has to lend: the range of `PENSTOCK_USERS`, such as `60600-60699`. Nil unless it is root's.
    public static func own() throws(WorkspaceError) -> SlotPool? {
        guard geteuid() == 0 else { return nil }
        guard let range = getenv("PENSTOCK_USERS").map({ String(cString: $0) }) else { return SlotPool() }
        let numbers = range.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
        guard numbers.count == 2, let first = numbers[0], let last = numbers[1], first > 0, last < .max, first <= last
        else {
            throw WorkspaceError(
                .invalidPath, "PENSTOCK_USERS is \"\(range)\": must be two numbers of users, such as 60600-60699")
        }
        return SlotPool(uids: first...last)
    }

    /// Takes a user that no other job has, and waits for one when all are taken.
    /// - Parameters:
    ///   - paths: host paths that the job may write. They are written as their owner, who must be of the range: what
    ///     one job deployed, the next can replace.
    ///   - favourite: a uid of the range that is taken if it is free.
    ///   - tell: is told once who has what this waits for, when it takes long.
    /// - Throws: a path with another owner, a lock that cannot be made; `CancellationError` while waiting.
    public func slot(
        writing paths: [String] = [], favourite: UInt32? = nil, tell: (String) -> Void = { _ in }
    ) async throws -> Slot {
        let favourites = [favourite].compactMap { $0 }.filter(uids.contains)
        let candidates = try owner(of: paths).map { [$0] } ?? favourites + uids
        guard mkdir(locks, 0o755) == 0 || errno == EEXIST else { throw WorkspaceError.last("make", locks) }
        let clock = ContinuousClock()
        var untold: ContinuousClock.Instant? = clock.now + patience
        while true {
            for uid in candidates {
                if let slot = try Slot(uid: uid, lock: lock(of: uid)) { return slot }
            }
            if let moment = untold, clock.now >= moment {
                tell(waiting(for: candidates))
                untold = nil
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func lock(of uid: UInt32) -> String { "\(locks)/slot-\(uid)" }

    private func owner(of paths: [String]) throws(WorkspaceError) -> UInt32? {
        var owner: UInt32?
        for path in paths {
            guard let status = stat(path: path) else { throw .last("look at", path) }
            guard uids.contains(status.st_uid) else {
                throw WorkspaceError(
                    .unreachable,
                    "plugins cannot write \(path): it belongs to user \(status.st_uid), and they run as"
                        + " \(uids.lowerBound) to \(uids.upperBound); give it to one of these:"
                        + " chown -R \(uids.upperBound):\(uids.upperBound) \(path)")
            }
            if let owner, owner != status.st_uid {
                throw WorkspaceError(
                    .unreachable,
                    "one job cannot write both \(paths[0]) and \(path): they belong to the users \(owner) and"
                        + " \(status.st_uid); chown -R \(owner):\(owner) \(path)")
            }
            owner = status.st_uid
        }
        return owner
    }
}

/// A user on loan; given back when the last reference goes. End its processes first: `identity.killProcesses()`.
public final class Slot: Sendable {
    public let identity: Identity
    private let descriptor: Int32

    /// Nil when it is lent out.
    init?(uid: UInt32, lock: String) throws(WorkspaceError) {
        descriptor = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        identity = Identity(uid: uid, gid: uid)
        guard descriptor >= 0 else { throw .last("open", lock) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        // Closing is not enough while a child that is just being started has a copy of the descriptor.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
