import CLinux
import Glibc

/// A process that can be told from a later one with the same number. Spec: HST-26.
///
/// Written down before its work begins, it lets a core that comes back after a crash end what survives. For a sandboxed
/// job record what was started (its death ends the sandbox) and the `child-pid` of its status line.
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
        guard let state = ProcessState(pid: pid), let bootID = currentBootID else { return nil }
        return ProcessRecord(pid: pid, startTimeTicks: state.startTimeTicks, bootID: bootID)
    }

    private static let currentBootID = contents(of: "/proc/sys/kernel/random/boot_id").map {
        String($0.prefix { $0 != "\n" })
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

    /// Kills the process if it still is the recorded one, and all of its session, which may outlive it; returns when
    /// they have ended.
    /// - Throws: when one lives on for ten seconds, which only a hanging device can make it do.
    public func killAndWait() async throws(WorkspaceError) {
        try await waitUntilGone(within: .seconds(10), what: "process \(pid) or one that it started") {
            () throws(WorkspaceError) in
            let living = try session()
            for process in living { process.kill() }
            return !living.isEmpty
        }
    }

    /// Kills the process alone if it still is the recorded one, and returns when it has ended: enough for the first
    /// process of a sandbox, which does not end before all others in it have.
    /// - Throws: when it lives on for ten seconds.
    public func killAloneAndWait() async throws(WorkspaceError) {
        try await waitUntilGone(within: .seconds(10), what: "process \(pid)") {
            kill()
            return isAlive
        }
    }

    /// Returns when the process has ended by itself.
    /// - Throws: when it lives on for ten seconds.
    public func waitUntilEnded() async throws(WorkspaceError) {
        try await waitUntilGone(within: .seconds(10), what: "process \(pid)") { isAlive }
    }

    /// The process and what else lives in the session that it leads.
    private func session() throws(WorkspaceError) -> [ProcessRecord] {
        // The kernel gives a number out again only when no session has it: a stranger's means that ours is over.
        let holder = ProcessRecord.capture(pid: pid)
        guard holder == nil || holder == self, bootID == ProcessRecord.currentBootID else { return [] }
        return try living { state, other in other == pid || state.session == pid }
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
        try await waitUntilGone(within: .seconds(10), what: "a process of user \(uid)") { () throws(WorkspaceError) in
            let living = try processes()
            for process in living { process.kill() }
            return !living.isEmpty
        }
    }

    /// The processes of this user that have not ended.
    public func processes() throws(WorkspaceError) -> [ProcessRecord] {
        try living { _, pid in ProcessState.userOf(pid) == uid }
    }

    /// The process if it is this user's, else nil.
    public func process(_ pid: Int32) -> ProcessRecord? {
        ProcessState.userOf(pid) == uid ? .capture(pid: pid) : nil
    }
}

/// The processes that have not ended and are meant.
private func living(
    _ isMeant: (ProcessState, Int32) -> Bool
) throws(WorkspaceError) -> [ProcessRecord] {
    var pids: [Int32] = []
    try Directory("/proc").forEachName { name in if let pid = Int32(String(cString: name)) { pids.append(pid) } }
    return pids.compactMap { pid in
        guard let state = ProcessState(pid: pid), !state.hasEnded, isMeant(state, pid) else { return nil }
        return ProcessRecord.capture(pid: pid)
    }
}

private func waitUntilGone(
    within limit: Duration, what: String, isThere: () throws(WorkspaceError) -> Bool
) async throws(WorkspaceError) {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try isThere() {
        guard clock.now < end else {
            throw WorkspaceError(.survivors, "\(what) lives on \(limit.components.seconds) s after SIGKILL")
        }
        // In a task of its own: what tears down must wait even when its own task has been cancelled.
        await Task.detached { try? await Task.sleep(for: .milliseconds(2)) }.value
    }
}
