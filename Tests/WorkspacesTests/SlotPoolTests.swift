import Glibc
import Testing
import Workspaces

@Suite struct SlotPoolTests {
    private let folder: Folder
    private let pool: SlotPool

    init() throws {
        folder = try Folder()
        pool = SlotPool(uids: 60_600...60_601, locks: "\(folder.path)/locks")
    }

    @Test("each job has a user of its own until it gives it back")
    func distinct() async throws {
        var first: Slot? = try await pool.slot()
        let second = try await pool.slot()
        #expect(Set([first?.identity.uid, second.identity.uid]) == [60_600, 60_601])
        let freed = first?.identity
        first = nil
        #expect(try await pool.slot().identity == freed)
    }

    @Test("a job waits while all users are taken, and gives up when it is cancelled")
    func exhausted() async throws {
        let (pool, first) = (pool, try await pool.slot())
        var second: Slot? = try await pool.slot()
        let cancelled = Task { try await pool.slot() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let waiting = Task { try await pool.slot().identity }
        let freed = second?.identity
        second = nil
        #expect(try await waiting.value == freed)
        #expect(first.identity != freed)
    }

    @Test("a folder for the locks that cannot be made is named")
    func noLocks() async throws {
        let error = await #expect(throws: WorkspaceError.self) { try await SlotPool(locks: "/proc/none").slot() }
        #expect(error?.message.contains("/proc/none") == true)
    }
}
