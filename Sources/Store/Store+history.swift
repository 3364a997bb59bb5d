import Engine
import GRDB
import Jansson
import Pipelines

extension Store {
    /// The newest executions first.
    public func executions(pipeline: String? = nil, limit: Int) async throws(StoreError) -> [ExecutionRecord] {
        try await read { database in
            try database.executionRecords("?1 IS NULL OR pipeline = ?1", [pipeline], limit: limit)
        }
    }

    /// The executions whose id starts with `prefix`, newest first, at most ten.
    public func executions(idPrefix prefix: String) async throws(StoreError) -> [ExecutionRecord] {
        try await read { database in
            try database.executionRecords("substr(id, 1, length(?1)) = ?1", [prefix.lowercased()], limit: 10)
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
        try await read { try $0.actions(of: id) }
    }

    /// Of the last 1,000 executions of a pipeline the one that succeeded in a stage and entered it last, rollbacks too.
    public func lastSuccess(in stage: String, of pipeline: String) async throws(StoreError) -> Execution? {
        try await read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT execution, body FROM
                        (SELECT id FROM execution WHERE pipeline = ? ORDER BY ordinal DESC LIMIT 1000)
                    JOIN stage ON stage.execution = id WHERE name = ? ORDER BY enteredAt DESC, position DESC
                    """, arguments: [pipeline, stage])
            while let row = try rows.next() {
                let summary: StageSummary = try JSON(parsing: row["body"] as String).decoded()
                guard case .over(.succeeded) = summary.phase else { continue }
                return try database.execution(ExecutionID(row["execution"]))
            }
            return nil
        }
    }

    /// Who was inside of a pipeline's stages and what its transitions and successes were, by the stage's name; empty
    /// unless they are those of this version.
    public func gates(of pipeline: String, version: Int) async throws(StoreError) -> [String: Gate] {
        try await read { database in
            let body = try String.fetchOne(
                database, sql: "SELECT body FROM gates WHERE pipeline = ? AND version = ?",
                arguments: [pipeline, version])
            return try body.map { try JSON(parsing: $0).decoded() } ?? [:]
        }
    }

    /// Stores a definition; a changed one becomes the pipeline's next version (STR-6).
    /// - Returns: the version under which it stands.
    public func save(_ pipeline: Pipeline, at: Instant) async throws(StoreError) -> Int {
        let definition = pipeline.json.text
        return try await write { database in
            let newest = try Row.fetchOne(
                database,
                sql: "SELECT version, definition FROM pipeline WHERE name = ? ORDER BY version DESC LIMIT 1",
                arguments: [pipeline.name])
            if let newest, newest["definition"] == definition { return newest["version"] }
            let version = (newest?["version"] ?? 0) + 1
            try database.execute(
                sql: "INSERT INTO pipeline (name, version, definition, updatedAt) VALUES (?, ?, ?, ?)",
                arguments: [pipeline.name, version, definition, at.milliseconds])
            return version
        }
    }
}

extension Database {
    func execution(_ id: ExecutionID) throws -> Execution? {
        guard
            let row = try Row.fetchOne(
                self,
                sql: """
                    SELECT execution.*, definition FROM execution
                    JOIN pipeline ON name = pipeline AND version = pipelineVersion WHERE id = ?
                    """, arguments: [id.text])
        else { return nil }
        return try execution(row, of: try Pipeline(stored: row["definition"]))
    }

    func execution(_ row: Row, of pipeline: Pipeline) throws -> Execution {
        Execution(
            restoring: try JSON(parsing: row["start"] as String).decoded(), of: pipeline,
            startedAt: Instant(milliseconds: row["startedAt"]),
            status: try JSON(parsing: row["statusDetail"] as String).decoded(),
            stages: try stages(of: ExecutionID(row["id"])), attempt: row["attempt"],
            variables: try JSON(parsing: row["variables"] as String).decoded())
    }

    private func stages(of id: ExecutionID) throws -> [StageExecution] {
        let records = try actions(of: id).filter(\.isCurrent)
        return try Row.fetchAll(
            self, sql: "SELECT name, enteredAt, body FROM stage WHERE execution = ? ORDER BY position",
            arguments: [id.text]
        ).map { row in
            let name: String = row["name"]
            let summary: StageSummary = try JSON(parsing: row["body"] as String).decoded()
            func executions(of condition: ConditionKind?) -> [String: ActionExecution] {
                let own = records.filter { $0.place.stage == name && $0.place.condition == condition }
                return Dictionary(own.map { ($0.place.name, $0.execution) }) { $1 }
            }
            var conditions: [ConditionKind: ConditionExecution] = [:]
            for (kind, state) in summary.conditions {
                conditions[kind] = ConditionExecution(rules: executions(of: kind), state: state)
            }
            return StageExecution(
                restoring: summary.phase, actions: executions(of: nil), conditions: conditions,
                retries: summary.retries, enteredAt: Instant(milliseconds: row["enteredAt"]))
        }
    }

    func actions(of id: ExecutionID) throws -> [ActionRecord] {
        try actionRecords("action.execution = ?1 ORDER BY action.ordinal", [id.text])
    }

    /// - Parameter condition: of SQL over `action` and `execution`, and what follows it.
    func actionRecords(_ condition: String, _ arguments: StatementArguments) throws -> [ActionRecord] {
        let statement = try cachedStatement(
            sql: """
                SELECT action.ordinal, execution, pipelineVersion, stage, condition, action, isCurrent, body
                FROM action CROSS JOIN execution ON execution.id = execution WHERE \(condition)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            ActionRecord(
                pipelineExecution: ExecutionID(row["execution"]), pipelineVersion: row["pipelineVersion"],
                place: .init(
                    stage: row["stage"], condition: (row["condition"] as String?).flatMap(ConditionKind.init),
                    name: row["action"]),
                isCurrent: row["isCurrent"], execution: try JSON(parsing: row["body"] as String).decoded(),
                ordinal: row["ordinal"])
        }
    }

    /// The newest first.
    /// - Parameter condition: of SQL over `execution`.
    func executionRecords(
        _ condition: String, _ arguments: StatementArguments, limit: Int
    ) throws -> [ExecutionRecord] {
        let statement = try cachedStatement(
            sql: """
                SELECT ordinal, pipeline, statusDetail, startedAt, updatedAt, start FROM execution
                WHERE \(condition) ORDER BY ordinal DESC LIMIT \(limit)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            ExecutionRecord(
                start: try JSON(parsing: row["start"] as String).decoded(), pipeline: row["pipeline"],
                status: try JSON(parsing: row["statusDetail"] as String).decoded(),
                startedAt: Instant(milliseconds: row["startedAt"]), updatedAt: Instant(milliseconds: row["updatedAt"]),
                ordinal: row["ordinal"])
        }
    }

    /// Each with its place in the whole journal.
    func facts(of id: ExecutionID) throws -> [(ordinal: Int64, fact: Fact)] {
        try Row.fetchAll(
            self, sql: "SELECT ordinal, at, body FROM fact WHERE execution = ? ORDER BY ordinal", arguments: [id.text]
        ).map { row in
            let stored: StoredFact = try JSON(parsing: row["body"] as String).decoded()
            return (row["ordinal"], stored.fact(at: Instant(milliseconds: row["at"])))
        }
    }
}

extension Pipeline {
    init(stored definition: String) throws { self = Pipeline.read(try JSON(parsing: definition)).pipeline }
}
