import Engine
import GRDB
import Jansson
import Pipelines

extension Database {
    func executionsInProgress(of pipeline: String) throws -> [Execution] {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT * FROM execution WHERE pipeline = ? AND status IN ('InProgress', 'Stopping') ORDER BY ordinal
                """, arguments: [pipeline])
        // Many are of one version, and reading a definition takes longer than reading an execution.
        var definitions: [Int: Pipeline] = [:]
        return try rows.compactMap { row in
            let version: Int = row["pipelineVersion"]
            guard let definition = try definitions[version] ?? self.pipeline(pipeline, version: version)?.pipeline
            else { return nil }
            definitions[version] = definition
            return try execution(row, of: definition)
        }
    }

    func outbox(of pipeline: String) throws -> [Effect] {
        let effects = try String.fetchAll(
            self, sql: "SELECT effect FROM outbox CROSS JOIN execution ON id = execution WHERE pipeline = ?",
            arguments: [pipeline])
        return try effects.map { try JSON(parsing: $0).decoded() }
    }
}
