import Engine
import GRDB
import Jansson

extension Store {
    public func forget(_ executions: [ExecutionID]) async throws {
        // Each in a transaction of its own: commits that wait meanwhile wait for one only.
        for id in executions {
            try await write { try $0.deleteExecutions(where: "id = ?", id.text) }
        }
    }

    public func holdings() async throws -> (executions: [Holding], gates: [Gate]) {
        try await read { database in
            let artifacts = try database.texts(
                "SELECT DISTINCT execution, digest FROM artifact JOIN action ON action.id = artifact.action")
            let successes = try database.texts(
                """
                SELECT execution, name FROM stage
                WHERE json_extract(body, '$.phase.over._0.succeeded') IS NOT NULL
                """)
            let executions = try Row.fetchAll(
                database, sql: "SELECT ordinal, id, pipeline, statusDetail, updatedAt, start FROM execution"
            ).map { row in
                let status: ExecutionStatus = try JSON(parsing: row["statusDetail"] as String).decoded()
                let start: Start = try JSON(parsing: row["start"] as String).decoded()
                let id: String = row["id"]
                return Holding(
                    id: ExecutionID(id), pipeline: row["pipeline"], isOver: status.isOver,
                    updatedAt: Instant(milliseconds: row["updatedAt"]), ordinal: row["ordinal"],
                    artifacts: Set(artifacts[id] ?? []), succeededIn: start.rollback == nil ? successes[id] ?? [] : [])
            }
            let gates = try String.fetchAll(database, sql: "SELECT body FROM gates").flatMap { body in
                let gates: [String: Gate] = try JSON(parsing: body).decoded()
                return gates.values
            }
            return (executions, gates)
        }
    }

    public func artifactsInUse(without forgotten: Set<ExecutionID>) async throws -> Set<String> {
        try await read { database in
            let made = try database.texts(
                "SELECT execution, digest FROM artifact JOIN action ON action.id = artifact.action")
            // A rollback names what it took over where it starts, a gate what it would give one, a job what it is given.
            let others = try database.texts(
                """
                SELECT id, start FROM execution UNION ALL SELECT execution, effect FROM outbox
                UNION ALL SELECT '', body FROM gates
                """)
            let texts = { (all: [String: [String]]) in
                all.lazy.filter { !forgotten.contains(ExecutionID($0.key)) }.flatMap(\.value)
            }
            return Set(texts(made)).union(texts(others).flatMap(digests))
        }
    }
}

/// Whatever looks like a digest: what is taken for one by mistake keeps nothing but itself.
private func digests(in text: String) -> [String] { text.matches(of: /[0-9a-f]{64}/).map { String($0.output) } }

extension Database {
    /// The second column by the first.
    fileprivate func texts(_ sql: String) throws -> [String: [String]] {
        let rows = try Row.fetchCursor(self, sql: sql)
        var texts: [String: [String]] = [:]
        while let row = try rows.next() { texts[row[0], default: []].append(row[1]) }
        return texts
    }
}
