import Engine
import Failpoints
import GRDB
import Jansson
import Pipelines

extension Store: Archive {
    // MARK: Declarations

    public func create(_ pipeline: Pipeline, at: Instant) async throws -> PipelineRecord? {
        try await declare(pipeline, at: at, isNew: true)
    }

    public func update(_ pipeline: Pipeline, at: Instant) async throws -> PipelineRecord? {
        try await declare(pipeline, at: at, isNew: false)
    }

    private func declare(_ pipeline: Pipeline, at: Instant, isNew: Bool) async throws -> PipelineRecord? {
        let definition = pipeline.json.text
        let record: PipelineRecord? = try await write { database in
            let former = try database.pipeline(pipeline.name, version: nil)
            guard (former == nil) == isNew else { return nil }
            let version = (former?.version ?? 0) + 1
            try database.run(
                "INSERT INTO pipeline (name, version, definition, updatedAt) VALUES (?, ?, ?, ?)",
                [pipeline.name, version, definition, at.milliseconds])
            return PipelineRecord(
                pipeline: pipeline, version: version, created: former?.created ?? at, updated: at)
        }
        reach(.declarationStored)
        return record
    }

    public func pipeline(_ name: String, version: Int?) async throws -> PipelineRecord? {
        try await read { try $0.pipeline(name, version: version) }
    }

    public func pipelines(after name: String?, limit: Int) async throws -> [PipelineRecord] {
        try await read { database in
            try String.fetchAll(
                database, sql: "SELECT DISTINCT name FROM pipeline WHERE name > ? ORDER BY name LIMIT ?",
                arguments: [name ?? "", limit]
            ).compactMap { try database.pipeline($0, version: nil) }
        }
    }

    // MARK: What is driven

    public func load(
        _ name: String, limits: PipelineLimits
    ) async throws -> (state: PipelineState, newest: PipelineRecord, outbox: [Effect])? {
        try await read { database in
            guard let newest = try database.pipeline(name, version: nil) else { return nil }
            let stored = try Row.fetchOne(
                database, sql: "SELECT version, body FROM gates WHERE pipeline = ?", arguments: [name])
            let inForce = try stored.flatMap { try database.pipeline(name, version: $0["version"]) } ?? newest
            let state = PipelineState(
                restoring: inForce.pipeline, version: inForce.version, limits: limits,
                gates: try stored.map { try JSON(parsing: $0["body"] as String).decoded() } ?? [:],
                executions: try database.executionsInProgress(of: name))
            return (state, newest, try database.outbox(of: name))
        }
    }

    public func pipelinesInProgress() async throws -> [String] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: "SELECT DISTINCT pipeline FROM execution WHERE status IN ('InProgress', 'Stopping') ORDER BY 1")
        }
    }

    public func execution(startedWith token: String, of pipeline: String) async throws -> ExecutionID? {
        try await read { database in
            try String.fetchOne(
                database, sql: "SELECT id FROM execution WHERE pipeline = ? AND clientRequestToken = ?",
                arguments: [pipeline, token]
            ).map(ExecutionID.init)
        }
    }

    // MARK: History

    public func executions(
        of pipeline: String, succeededIn success: (stage: String, version: Int)?, _ page: Page
    ) async throws -> [ExecutionRecord] {
        let succeeded = """
            EXISTS (SELECT 1 FROM stage WHERE execution = id AND stage.name = ?3
                AND json_extract(body, '$.phase.over._0.succeeded') IS NOT NULL)
            """
        return try await read { database in
            try database.executionRecords(
                "pipeline = ?1 AND ordinal < ?2 AND (?3 IS NULL OR pipelineVersion = ?4 AND \(succeeded))",
                [pipeline, page.before ?? .max, success?.stage, success?.version], limit: page.limit)
        }
    }

    public func sourceRevisions(
        of executions: [ExecutionID]
    ) async throws -> [ExecutionID: [(action: String, Revision)]] {
        try await read { database in
            var revisions: [ExecutionID: [(action: String, Revision)]] = [:]
            let statement = try database.cachedStatement(
                sql: """
                    SELECT action.action, revision, changeIdentifier, summary, created
                    FROM action JOIN revision ON revision.action = action.id
                    WHERE execution = ? AND isCurrent ORDER BY action.ordinal
                    """)
            for id in executions {
                revisions[id] = try Row.fetchAll(statement, arguments: [id.text]).map { row in
                    let created = (row["created"] as Int64?).map(Instant.init(milliseconds:))
                    let revision = Revision(
                        id: row["revision"], changeIdentifier: row["changeIdentifier"], summary: row["summary"],
                        created: created)
                    return (row["action"], revision)
                }
            }
            return revisions
        }
    }

    public func actions(_ query: ActionQuery, _ page: Page) async throws -> [ActionRecord] {
        let kind = query.kind == .rules ? "condition IS NOT NULL" : "condition IS NULL"
        let current = query.currentOnly ? "AND isCurrent" : ""
        // One of the two is asked for by its index.
        let scope = query.execution == nil ? "pipeline = ?1" : "action.execution = ?4 AND pipeline = ?1"
        return try await read { database in
            try database.actionRecords(
                "\(scope) AND \(kind) \(current) AND action.ordinal < ?2 ORDER BY action.ordinal DESC LIMIT ?3",
                [query.pipeline, page.before ?? .max, page.limit] + (query.execution.map { [$0.text] } ?? []))
        }
    }

    public func latestActions(
        of pipeline: String, stage: String
    ) async throws -> [PlacedAction.Place: ActionRecord] {
        try await read { database in
            let records = try database.actionRecords(
                """
                action.stage = ?2 AND isCurrent AND action.execution IN
                    (SELECT id FROM execution WHERE pipeline = ?1 ORDER BY ordinal DESC LIMIT 100)
                ORDER BY action.ordinal
                """, [pipeline, stage])
            return Dictionary(records.map { ($0.place, $0) }) { $1 }
        }
    }

    public func execution(
        thatTook revision: String, by action: String, of pipeline: String
    ) async throws -> ExecutionID? {
        try await read { database in
            try String.fetchOne(
                database,
                sql: """
                    SELECT action.execution FROM revision JOIN action ON action.id = revision.action
                    JOIN execution ON execution.id = action.execution
                    WHERE revision = ? AND action.action = ? AND pipeline = ? ORDER BY action.ordinal LIMIT 1
                    """, arguments: [revision, action, pipeline]
            ).map(ExecutionID.init)
        }
    }

    public func wasAnswered(token: String, of pipeline: String) async throws -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM fact
                        WHERE execution IN (SELECT id FROM execution WHERE pipeline = ? ORDER BY ordinal DESC LIMIT 1000)
                        AND json_extract(body, '$.event.approvalAnswered._1.token') = ?)
                    """, arguments: [pipeline, token]) ?? false
        }
    }

    public func facts(of id: ExecutionID) async throws -> [Fact] {
        try await read { try $0.facts(of: id).map(\.fact) }
    }
}

extension Database {
    /// - Parameter version: nil for the newest.
    func pipeline(_ name: String, version: Int?) throws -> PipelineRecord? {
        let row = try Row.fetchOne(
            self,
            sql: """
                SELECT version, definition, updatedAt,
                    (SELECT updatedAt FROM pipeline WHERE name = ?1 ORDER BY version LIMIT 1) AS created
                FROM pipeline WHERE name = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1
                """, arguments: [name, version])
        return try row.map {
            PipelineRecord(
                pipeline: try Pipeline(stored: $0["definition"]), version: $0["version"],
                created: Instant(milliseconds: $0["created"]), updated: Instant(milliseconds: $0["updatedAt"]))
        }
    }
}
