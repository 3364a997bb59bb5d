import Engine
import GRDB
import Jansson
import Pipelines

/// One line of the history.
public struct ExecutionRecord: Hashable, Sendable {
    public let id: ExecutionID
    public let pipeline: String
    public let pipelineVersion: Int
    /// The API's word (STS-1).
    public let status: String
    public let startedAt: Instant
    public let updatedAt: Instant
    /// Whether stubs stood in for some of its actions.
    public let hasStubs: Bool
}

/// One admission of one action, current or superseded by a retry.
public struct ActionRecord: Hashable, Sendable {
    public let stage: String
    public let action: String
    public let isCurrent: Bool
    public let execution: ActionExecution
}

extension Store {
    /// The newest executions first.
    public func executions(pipeline: String? = nil, limit: Int) async throws(StoreError) -> [ExecutionRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, pipeline, pipelineVersion, status, startedAt, updatedAt, start FROM execution
                    WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY ordinal DESC LIMIT ?2
                    """, arguments: [pipeline, limit]
            ).map { try ExecutionRecord($0) }
        }
    }

    /// The executions whose id starts with `prefix`, newest first, at most ten.
    public func executions(idPrefix prefix: String) async throws(StoreError) -> [ExecutionRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, pipeline, pipelineVersion, status, startedAt, updatedAt, start FROM execution
                    WHERE substr(id, 1, length(?1)) = ?1 ORDER BY ordinal DESC LIMIT 10
                    """, arguments: [prefix.lowercased()]
            ).map { try ExecutionRecord($0) }
        }
    }

    /// An execution as its snapshot has it, with what stands in its outbox.
    public func execution(_ id: ExecutionID) async throws(StoreError) -> (execution: Execution, outbox: [Effect])? {
        try await read { database in
            guard let execution = try database.execution(id) else { return nil }
            let effects = try String.fetchAll(
                database, sql: "SELECT effect FROM outbox WHERE execution = ?", arguments: [id.text])
            return (execution, try effects.map { try JSON(parsing: $0).decoded() })
        }
    }

    /// Every admission of every action, oldest first: the attempts that a retry replaced too.
    public func actions(of id: ExecutionID) async throws(StoreError) -> [ActionRecord] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT stage, action, isCurrent, body FROM action WHERE execution = ? ORDER BY ordinal",
                arguments: [id.text]
            ).map(ActionRecord.init)
        }
    }

    /// The journal of an execution, oldest first.
    public func facts(of id: ExecutionID) async throws(StoreError) -> [Fact] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT at, body FROM fact WHERE execution = ? ORDER BY ordinal", arguments: [id.text]
            ).map { row in
                let stored: StoredFact = try JSON(parsing: row["body"] as String).decoded()
                return Fact(stored.event, at: Instant(milliseconds: row["at"]), seed: stored.seed)
            }
        }
    }

    /// Stores a definition; a changed one becomes the pipeline's next version (STR-6).
    /// - Returns: the version under which it stands.
    public func save(_ pipeline: Pipeline) async throws(StoreError) -> Int {
        let definition = pipeline.json.text
        return try await write { database in
            let newest = try Row.fetchOne(
                database,
                sql: "SELECT version, definition FROM pipeline WHERE name = ? ORDER BY version DESC LIMIT 1",
                arguments: [pipeline.name])
            if let newest, newest["definition"] == definition { return newest["version"] }
            let version = (newest?["version"] ?? 0) + 1
            try database.execute(
                sql: "INSERT INTO pipeline (name, version, definition) VALUES (?, ?, ?)",
                arguments: [pipeline.name, version, definition])
            return version
        }
    }
}

extension Database {
    fileprivate func execution(_ id: ExecutionID) throws -> Execution? {
        guard
            let row = try Row.fetchOne(
                self,
                sql: """
                    SELECT execution.*, definition FROM execution
                    JOIN pipeline ON name = pipeline AND version = pipelineVersion WHERE id = ?
                    """, arguments: [id.text])
        else { return nil }
        let pipeline = Pipeline.read(try JSON(parsing: row["definition"] as String)).pipeline
        var stages = [[String: ActionExecution]](repeating: [:], count: row["stagesEntered"])
        let actions = try Row.fetchAll(
            self,
            sql: "SELECT stage, action, isCurrent, body FROM action WHERE execution = ? AND isCurrent ORDER BY ordinal",
            arguments: [id.text])
        for record in try actions.map(ActionRecord.init) {
            guard let index = pipeline.stages.firstIndex(where: { $0.name == record.stage }) else { continue }
            stages[index][record.action] = record.execution
        }
        return Execution(
            restoring: try JSON(parsing: row["start"] as String).decoded(), of: pipeline,
            startedAt: Instant(milliseconds: row["startedAt"]),
            status: try JSON(parsing: row["statusDetail"] as String).decoded(), stages: stages,
            variables: try JSON(parsing: row["variables"] as String).decoded())
    }
}

extension ExecutionRecord {
    fileprivate init(_ row: Row) throws {
        let start: Start = try JSON(parsing: row["start"] as String).decoded()
        self.init(
            id: ExecutionID(row["id"]), pipeline: row["pipeline"], pipelineVersion: row["pipelineVersion"],
            status: row["status"], startedAt: Instant(milliseconds: row["startedAt"]),
            updatedAt: Instant(milliseconds: row["updatedAt"]), hasStubs: !start.stubs.isEmpty)
    }
}

extension ActionRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            stage: row["stage"], action: row["action"], isCurrent: row["isCurrent"],
            execution: try JSON(parsing: row["body"] as String).decoded())
    }
}
