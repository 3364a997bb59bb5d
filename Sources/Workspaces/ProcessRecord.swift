import CSystem
import Glibc

/// A process that can be told from a later one with the same number. Spec: HST-26.
///
/// Written down before its work begins, it lets a core that comes back after a crash end what survives. For a sandboxed
/// job record bwrap (its death ends the sandbox) and the `child-pid` of its status line.
public struct ProcessRecord: Hashable, Sendable {
    public let pid: Int32
    /// Since the machine's start, in clock ticks.
    public let startTimeTicks: UInt64
    /// Of the machine's start during which the process ran.
    public let bootID: String

    public init(pid: Int32, startTimeTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTimeTicks = startTimeTicks
        self.bootID = bootID
    }

    /// Nil when there is no such process (a zombie is one).
    public static func capture(pid: Int32) -> ProcessRecord? {
        guard let state = ProcessState(pid: pid), let bootID = contents(of: "/proc/sys/kernel/random/boot_id")
        else { return nil }
        return ProcessRecord(
            pid: pid, startTimeTicks: state.startTimeTicks, bootID: String(bootID.prefix { $0 != "\n" }))
    }

    /// One line without its line feed, as `init(text:)` reads it.
    public var text: String { "\(pid) \(startTimeTicks) \(bootID)" }

    /// Nil when the text is not a record, such as one that a crash cut short.
    public init?(text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let pid = Int32(parts[0]), pid > 1, let ticks = UInt64(parts[1]),
            parts[2].utf8.count == 36
        else { return nil }
        self.init(pid: pid, startTimeTicks: ticks, bootID: String(parts[2]))
    }

    /// True while the process runs; a zombie has ended.
    public var isAlive: Bool {
        guard let state = ProcessState(pid: pid), !state.hasEnded else { return false }
        return ProcessRecord.capture(pid: pid) == self
    }

    /// Kills the process if it still is the recorded one, and returns when it has ended.
    /// - Throws: when it lives on for ten seconds, which only a hanging device can make it do.
    public func killAndWait() async throws(WorkspaceError) {
        kill()
        try await waitUntilGone(within: .seconds(10), what: "process \(pid)") { isAlive }
    }

    func kill() {
        // The descriptor first: what it means cannot change between the look and the signal.
        let descriptor = csystem_pidfd_open(pid)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if isAlive { _ = csystem_pidfd_signal(descriptor, SIGKILL) }
    }
}

extension Identity {
    /// Kills every process of this user and returns when none is left.
    ///
    /// For the user of a slot, which runs one job and nothing else; never for a person's.
    /// - Throws: when one lives on for ten seconds, or new ones keep coming.
    public func killProcesses() async throws(WorkspaceError) {
        precondition(uid != 0 && uid != geteuid(), "only a slot's user is emptied of processes")
        try await waitUntilGone(within: .seconds(10), what: "a process of user \(uid)") {
            let living = processes()
            for process in living { process.kill() }
            return !living.isEmpty
        }
    }

    /// The processes of this user that have not ended.
    public func processes() -> [ProcessRecord] {
        guard let proc = try? Directory("/proc") else { return [] }
        var found: [ProcessRecord] = []
        try? proc.forEachName { name in
            guard let pid = Int32(String(cString: name)), ProcessState.userOf(pid) == uid,
                let record = ProcessRecord.capture(pid: pid), record.isAlive
            else { return }
            found.append(record)
        }
        return found
    }
}

/// What /proc tells of a process.
private struct ProcessState {
    let hasEnded: Bool
    let startTimeTicks: UInt64

    init?(pid: Int32) {
        // The second field is a name in parentheses, which may hold blanks and parentheses itself.
        guard let text = contents(of: "/proc/\(pid)/stat"), let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
        hasEnded = fields[0] == "Z" || fields[0] == "X"
        startTimeTicks = ticks
    }

    /// The real user; the owner of the folder in /proc is root's for a process that may not be traced.
    static func userOf(_ pid: Int32) -> UInt32? {
        guard let text = contents(of: "/proc/\(pid)/status"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") })
        else { return nil }
        return UInt32(line.split(separator: "\t")[1])
    }
}

private func waitUntilGone(
    within limit: Duration, what: String, isThere: () -> Bool
) async throws(WorkspaceError) {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while isThere() {
        guard clock.now < end else {
            throw WorkspaceError(.survivors, "\(what) lives on \(limit.components.seconds) s after SIGKILL")
        }
        // In a task of its own: what tears down must wait even when its own task has been cancelled.
        await Task.detached { try? await Task.sleep(for: .milliseconds(2)) }.value
    }
}

/// The first 4 KiB of a file of /proc, whose name in a process may be any bytes.
private func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(descriptor, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}
