import Engine
import Glibc
import Synchronization
import Workspaces

/// The workspaces of attempts that failed, for whoever wants to look: `DIRECTORY/EXECUTION/ACTION-EXECUTION.ATTEMPT`.
///
/// They are nobody's to clean up at a start; when there are too many, the oldest go.
public struct KeptWorkspaces: Hashable, Sendable {
    /// Enough for some evenings of debugging, and little enough for a disk.
    public static let limit = 20

    public let directory: String

    /// - Parameter directory: absolute, beside the one where workspaces are made.
    public init(directory: String) { self.directory = directory }

    private func path(_ attempt: Attempt) -> String {
        "\(directory)/\(attempt.execution)/\(attempt.id).\(attempt.number)"
    }

    /// Nil when it was not kept, or had to go.
    /// - Throws: when it is there and cannot be used.
    public func workspace(of attempt: Attempt) throws(WorkspaceError) -> Workspace? {
        guard access(path(attempt), F_OK) == 0 else { return nil }
        return try Workspace(keptAt: path(attempt))
    }

    /// Whether a workspace of any attempt of this action is there.
    public func hasAny(of execution: ExecutionID, _ action: ActionExecutionID) -> Bool {
        folders(in: "\(directory)/\(execution)").contains { $0.hasPrefix("\(action).") }
    }

    /// Takes a workspace whose job has failed; it is removed with `Workspace.remove` as if it were still there.
    /// - Returns: what had to make room.
    func keep(_ workspace: Workspace, of attempt: Attempt) throws(WorkspaceError) -> [String] {
        for folder in [directory, "\(directory)/\(attempt.execution)"] {
            // 0711: the job's user must reach its workspace below, and sees nothing on the way.
            guard mkdir(folder, 0o711) == 0 && chmod(folder, 0o711) == 0 || errno == EEXIST else {
                let reason = String(cString: strerror(errno))
                throw WorkspaceError(.system(errno: errno), "cannot make \(folder): \(reason)")
            }
        }
        try workspace.move(to: path(attempt))
        return turn.withLock { _ in makeRoom() }
    }

    /// What is in use, or cannot be removed, stays.
    private func makeRoom() -> [String] {
        let kept = folders(in: directory).flatMap { execution in
            folders(in: "\(directory)/\(execution)").filter(isKept).map { "\(directory)/\(execution)/\($0)" }
        }
        let oldest = kept.map { (path: $0, age: changed($0)) }.sorted { $0.age < $1.age }.map(\.path)
        return oldest.prefix(max(0, kept.count - Self.limit)).filter { path in
            guard let hold = Hold(path), (try? Workspace(root: path, owner: nil).remove()) != nil else {
                return false
            }
            withExtendedLifetime(hold) { _ = rmdir(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }) }
            return true
        }
    }

    /// Removes what is kept of an execution, but for what is in use.
    /// - Returns: how many workspaces, and what they took on disk.
    func free(_ execution: String, _ isRehearsal: Bool) throws(WorkspaceError) -> (count: Int, bytes: Int) {
        let folder = "\(directory)/\(execution)"
        var freed = (count: 0, bytes: 0)
        for name in folders(in: folder) where isKept(name) {
            guard let hold = Hold("\(folder)/\(name)") else { continue }
            freed.count += 1
            freed.bytes += usage("\(folder)/\(name)").bytes
            if !isRehearsal { try Workspace(root: "\(folder)/\(name)", owner: nil).remove() }
            withExtendedLifetime(hold) {}
        }
        if !isRehearsal { rmdir(folder) }
        return freed
    }

    /// In nanoseconds. A rename changes it.
    private func changed(_ path: String) -> Int {
        var status = stat()
        lstat(path, &status)
        return status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
    }
}

/// As `path` makes them: what else is there is nobody's business here.
private func isKept(_ name: String) -> Bool {
    name.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]+/) != nil
}

/// Several actions may fail at once.
private let turn = Mutex(())

/// Has a kept workspace to itself, as long as this is there.
final class Hold: Sendable {
    private let descriptor: Int32

    /// Nil when another has it.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit { close(descriptor) }
}
