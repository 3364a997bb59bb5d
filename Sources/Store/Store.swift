import Engine
import Failpoints
import GRDB
import Glibc

/// The state directory's database: journal, snapshots, outbox and history. It decides nothing.
///
/// One process writes; any number may read meanwhile.
public final class Store: Sendable {
    public enum Access: Sendable {
        case reading
        case writing
    }

    let database: DatabaseQueue
    let path: String
    private let lock: StateLock?
    /// What was found when an older schema was brought up to date.
    public let remarks: [String]
    private let commits: CommitQueue

    /// Opens `DIRECTORY/penstock.db`; writing makes both if they are missing.
    /// - Throws: `StoreError`: locked by another writer, not writable, missing (reading), of a newer Penstock, damaged.
    public init(directory: String, access: Access) throws(StoreError) {
        path = "\(directory)/penstock.db"
        switch access {
        case .writing:
            try Self.makeDirectory(directory)
            try Self.refuseForeign(directory)
            lock = try StateLock(directory: directory)
        case .reading:
            lock = nil
            guard Glibc.access(path, F_OK) == 0 else {
                throw StoreError(.missing, "\(directory): no execution has been recorded here; is --state right?")
            }
        }
        do {
            switch access {
            case .writing:
                database = try Self.open(path, access)
                try Schema.migrator.migrate(database)
                try Self.refuseNewerSchema(database, path)
            case .reading:
                let reader = try Self.openForReading(path)
                if try reader.read(Schema.migrator.hasCompletedMigrations) {
                    database = reader
                } else {
                    // Whoever may write it brings it up to date first; who may not is told so.
                    try reader.close()
                    try Store(directory: directory, access: .writing).close()
                    database = try Self.openForReading(path)
                }
            }
        } catch {
            throw StoreError(error, path: path)
        }
        let hasRemarks = "SELECT count(*) FROM sqlite_temp_master WHERE name = 'remark'"
        remarks =
            (try? database.read { database in
                guard try Int.fetchOne(database, sql: hasRemarks) == 1 else { return [] }
                return try String.fetchAll(database, sql: "SELECT text FROM remark ORDER BY rowid")
            }) ?? []
        commits = CommitQueue(database: database, path: path)
    }

    /// Ends the use of the directory; another process may write it from now on. Later calls fail.
    public func close() {
        try? database.close()
        lock?.release()
    }

    private static func open(_ path: String, _ access: Access) throws -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.readonly = access == .reading
        if access == .writing {
            configuration.journalMode = .wal
            keepToOurselves(path)
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        // GRDB sets NORMAL when it turns on WAL, under which a power cut loses commits: after it, not before.
        if access == .writing {
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        }
        return database
    }

    /// What is below a state directory is cleaned up without asking, so nobody else's directory may become one.
    private static func refuseForeign(_ directory: String) throws(StoreError) {
        guard access("\(directory)/penstock.db", F_OK) != 0 else { return }
        for name in ["workspaces", "artifacts", "logs", "kept"] where access("\(directory)/\(name)", F_OK) == 0 {
            throw StoreError(
                .notWritable,
                "\(directory) has \(name) but no penstock.db, so it is no state directory: choose another --state")
        }
    }

    private static func openForReading(_ path: String) throws -> DatabaseQueue {
        do {
            let database = try open(path, .reading)
            try refuseNewerSchema(database, path)
            return database
        } catch is DatabaseError where !hasLog(path) {
            // Also for reading SQLite makes a file beside a database in WAL mode, which a read-only or a full disk does
            // not let it. With no log there, everything is in the database itself.
            let name = path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
            let database = try open("file:\(name)?immutable=1", .reading)
            try refuseNewerSchema(database, path)
            return database
        }
    }

    private static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat("\(path)-wal", &status) == 0 && status.st_size > 0
    }

    /// Configuration values are stored, and some are secret. SQLite makes its other two files as it finds the first.
    private static func keepToOurselves(_ path: String) {
        for (suffix, flags) in [("", O_CREAT), ("-wal", 0), ("-shm", 0)] {
            let file = Glibc.open(path + suffix, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0o600)
            // What cannot be opened SQLite will tell.
            guard file >= 0 else { continue }
            fchmod(file, 0o600)
            Glibc.close(file)
        }
    }

    private static func makeDirectory(_ directory: String) throws(StoreError) {
        var partial = directory.hasPrefix("/") ? "" : "."
        for component in directory.split(separator: "/") {
            partial += "/\(component)"
            // 0711: the uid of a sandbox must reach its workspace below, and sees nothing on the way.
            guard mkdir(partial, 0o711) == 0 || errno == EEXIST else {
                throw StoreError(
                    .notWritable, "state directory \(directory): cannot make it: \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func refuseNewerSchema(_ database: DatabaseQueue, _ path: String) throws {
        if try database.read(Schema.migrator.hasBeenSuperseded) {
            throw StoreError(.newerSchema, "\(path): was written by a newer Penstock; use that one")
        }
    }

    func read<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws(StoreError) -> Value
    {
        do { return try await database.read(body) } catch { throw StoreError(error, path: path) }
    }

    func write<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws(StoreError)
        -> Value
    {
        do { return try await database.write(body) } catch { throw StoreError(error, path: path) }
    }
}

extension Store: Journal {
    public func commit(_ commit: Commit) async throws {
        try await commits.commit(commit)
    }

    public func recall(_ id: ExecutionID) async throws -> Execution? {
        try await read { try $0.execution(id) }
    }
}

/// Joins the commits that arrive while one is being written into one transaction: the disk's sync is what costs.
actor CommitQueue {
    private let database: DatabaseQueue
    private let path: String
    private var pending: [(commit: Commit, submitter: CheckedContinuation<Void, any Error>)] = []
    private var isWriting = false

    init(database: DatabaseQueue, path: String) {
        self.database = database
        self.path = path
    }

    func commit(_ commit: Commit) async throws {
        try await withCheckedThrowingContinuation { submitter in
            pending.append((commit, submitter))
            guard !isWriting else { return }
            isWriting = true
            Task { await drain() }
        }
    }

    private func drain() async {
        while !pending.isEmpty {
            let batch = pending
            pending = []
            do {
                try await write(batch.map(\.commit))
                for (_, submitter) in batch { submitter.resume() }
            } catch {
                await writeOneByOne(batch, after: error)
            }
        }
        isWriting = false
    }

    /// What is wrong with one execution's commit must not end the others that happened to stand beside it.
    private func writeOneByOne(
        _ batch: [(commit: Commit, submitter: CheckedContinuation<Void, any Error>)], after error: any Error
    ) async {
        for (commit, submitter) in batch {
            do {
                if batch.count == 1 { throw error }
                try await write([commit])
                submitter.resume()
            } catch {
                submitter.resume(throwing: StoreError(error, path: path))
            }
        }
    }

    private func write(_ commits: [Commit]) async throws {
        reach(.beforeCommit)
        try await database.write { database in
            for commit in commits { try database.store(commit) }
            reach(.insideCommit)
        }
        reach(.afterCommit)
    }
}
