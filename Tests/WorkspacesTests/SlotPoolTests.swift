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

    @Test("a job that waits for long is told once who has its user: a process by its number and command")
    func told() async throws {
        let impatient = SlotPool(uids: 60_600...60_600, locks: pool.locks, patience: .zero)
        var slot: Slot? = try await impatient.slot()
        let (texts, teller) = AsyncStream<String>.makeStream()
        let waiting = Task { try await impatient.slot { teller.yield($0) }.identity.uid }
        var said = texts.makeAsyncIterator()
        let text = try #require(await said.next())
        let holder = "60600 by another job of this process \(getpid()) ("
        #expect(text.hasPrefix("the job waits for user 60600 to run as, taken: \(holder)"), "\(text)")
        withExtendedLifetime(slot) {}
        slot = nil
        #expect(try await waiting.value == 60_600)
        teller.finish()
        #expect(await said.next() == nil)
    }

    @Test("a folder for the locks that cannot be made is named")
    func noLocks() async throws {
        let error = await #expect(throws: WorkspaceError.self) { try await SlotPool(locks: "/proc/none").slot() }
        #expect(error?.message.contains("/proc/none") == true)
    }
}
