import Engine
import Foundation
import GRDB
import Pipelines
import Testing

@testable import Store

@Suite("The file of the store")
struct StoreFileTests {
    @Test("FULL synchronisation and WAL are really in force")
    func durability() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        _ = try await Run(store)
        let pragmas = try await store.write { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        #expect(pragmas.0 == 2)
        #expect(pragmas.1 == "wal")
    }

    @Test("a second writer is refused by name, a reader is not, and the lock goes with its holder")
    func locking() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let run = try await Run(store)
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("two writers")
        } catch {
            #expect(error.code == .locked)
            #expect(error.message.contains(folder.path) && error.message.contains("process \(getpid())"))
        }
        let reader = try Store(directory: folder.path, access: .reading)
        #expect(try await reader.execution(run.execution.id)?.execution == run.execution)
        store.close()
        #expect(throws: Never.self) { _ = try Store(directory: folder.path, access: .writing) }
    }

    @Test("configuration values are stored, so only we can read the files; an older one is narrowed (HST-13)")
    func modes() async throws {
        let folder = try Folder()
        let path = folder.path + "/penstock.db"
        for _ in 1...2 {
            let store = try Store(directory: folder.path, access: .writing)
            _ = try await store.save(Run.pipeline, at: Instant(milliseconds: 0))
            for suffix in ["", "-wal", "-shm"] {
                var status = stat()
                #expect(stat(path + suffix, &status) == 0 && status.st_mode & 0o777 == 0o600, "penstock.db\(suffix)")
            }
            store.close()
            #expect(chmod(path, 0o644) == 0)
        }
    }

    @Test("what is committed survives the writer, and reading needs no lock")
    func reopening() async throws {
        let folder = try Folder()
        let first = try Store(directory: folder.path, access: .writing)
        var run = try await Run(first)
        try await run.succeedSource()
        first.close()
        let second = try Store(directory: folder.path, access: .writing)
        #expect(try await second.execution(run.execution.id)?.execution == run.execution)
    }

    @Test("commits of many executions at once all land, joined or not")
    func groupCommit() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    var run = try await Run(store, id: "00000000-0000-4000-8000-\(100_000_000_000 + index)")
                    try await run.succeedSource()
                }
            }
            try await group.waitForAll()
        }
        let counts = try await store.read { database in
            try Int.fetchAll(database, sql: "SELECT count(*) FROM fact GROUP BY execution")
        }
        #expect(counts == [Int](repeating: 4, count: 100), "the start, the way into both stages, and the result")
    }

    @Test("nothing of a commit that fails is stored")
    func atomicity() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        try await store.write { try $0.execute(sql: "DROP TABLE revision") }
        let before = run.execution
        await #expect(throws: StoreError.self) { try await run.succeedSource() }
        #expect(try await store.execution(before.id)?.execution == before)
        #expect(try await store.facts(of: before.id).count == 2)
    }

    @Test("reading where nothing was recorded says so")
    func missing() throws {
        let folder = try Folder()
        #expect(throws: StoreError(.missing, "\(folder.path): no execution has been recorded here; is --state right?"))
        {
            _ = try Store(directory: folder.path, access: .reading)
        }
    }

    @Test("a file that is no database is named")
    func damaged() throws {
        let folder = try Folder()
        try Data(repeating: 65, count: 5_000).write(to: URL(filePath: folder.path + "/penstock.db"))
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.message.contains("penstock.db: is not a Penstock database"))
        }
    }

    @Test("a state directory of a newer Penstock is refused")
    func newerSchema() async throws {
        let folder = try Folder()
        do {
            let store = try Store(directory: folder.path, access: .writing)
            try await store.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
            store.close()
        }
        do {
            _ = try Store(directory: folder.path, access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.code == .newerSchema)
        }
    }

    @Test("a state directory that cannot be made is named")
    func unwritable() throws {
        let folder = try Folder()
        try Data().write(to: URL(filePath: folder.path + "/file"))
        do {
            _ = try Store(directory: folder.path + "/file/state", access: .writing)
            Issue.record("opened")
        } catch {
            #expect(error.code == .notWritable)
            #expect(error.message.contains("/file/state"))
        }
    }

    @Test(
        "a full disk refuses the commit in words, and what was there stays",
        .enabled(if: getuid() == 0, "needs root to mount a small disk"))
    func diskFull() async throws {
        let folder = try Folder()
        #expect(shell("mount -t tmpfs -o size=1m penstock-test \(folder.path)") == 0)
        defer { _ = shell("umount -l \(folder.path)") }
        let store = try Store(directory: folder.path, access: .writing)
        var run = try await Run(store)
        #expect(shell("head -c 2m /dev/zero > \(folder.path)/ballast 2>/dev/null") != 0)
        let before = run.execution
        let long = String(repeating: "x", count: 2_000_000)
        do {
            try await run.apply(.actionFailed(run.attempt("Checkout"), ActionFailure(code: "JobFailed", message: long)))
            Issue.record("stored on a full disk")
        } catch {
            #expect((error as? StoreError)?.code == .diskFull)
        }
        #expect(shell("rm \(folder.path)/ballast") == 0)
        #expect(try await store.execution(before.id)?.execution == before)
    }

    private func shell(_ command: String) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("a commit that cannot be written does not take those with it that stand beside it")
    func neighbours() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path, access: .writing)
        let ids = (2...9).map { "00000000-0000-4000-8000-00000000000\($0)" }
        _ = try await Run(store, id: ids[0])
        // All at once, so that some share a transaction; the first one's id is taken.
        let outcomes = await withTaskGroup(of: (String, Bool).self) { group in
            for id in ids { group.addTask { (id, (try? await Run(store, id: id)) != nil) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes[ids[0]] == false)
        for id in ids.dropFirst() {
            #expect(outcomes[id] == true)
            #expect(try await store.execution(ExecutionID(id)) != nil)
        }
    }
}
