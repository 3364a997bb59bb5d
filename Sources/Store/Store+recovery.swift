import Engine
import GRDB
import Jansson
import Pipelines

/// A pipeline as it was committed last, to be driven again.
public struct StoredPipeline: Sendable {
    /// The declaration that was in force.
    public let pipeline: Pipeline
    public let version: Int
    public let gates: [String: Gate]
    /// Those that are not over, oldest first.
    public let executions: [Execution]
    /// What its executions asked for and is not known to be taken on.
    public let outbox: [Effect]
    /// A declaration that was saved and has not come into force.
    public let newer: (pipeline: Pipeline, version: Int)?

    public func state(_ limits: PipelineLimits = PipelineLimits()) -> PipelineState {
        PipelineState(restoring: pipeline, version: version, limits: limits, gates: gates, executions: executions)
    }
}

extension Store {
    /// A pipeline with everything that is in progress; nil when none was saved under this name.
    ///
    /// The version in force is that of the gates, which were written with it; the core may have ended between a save
    /// and the fact of it, and what was held back before must be held back still.
    public func storedPipeline(_ name: String) async throws(StoreError) -> StoredPipeline? {
        try await read { database in
            guard let newest = try database.newestVersion(of: name) else { return nil }
            let gates = try Row.fetchOne(
                database, sql: "SELECT version, body FROM gates WHERE pipeline = ?", arguments: [name])
            let version: Int = gates?["version"] ?? newest
            let pipeline = try database.definition(of: name, version)
            return StoredPipeline(
                pipeline: pipeline, version: version,
                gates: try gates.map { try JSON(parsing: $0["body"] as String).decoded() } ?? [:],
                executions: try database.executionsInProgress(of: name), outbox: try database.outbox(of: name),
                newer: newest == version ? nil : (try database.definition(of: name, newest), newest))
        }
    }
}

extension Database {
    fileprivate func newestVersion(of pipeline: String) throws -> Int? {
        try Int.fetchOne(self, sql: "SELECT max(version) FROM pipeline WHERE name = ?", arguments: [pipeline])
    }

    fileprivate func definition(of pipeline: String, _ version: Int) throws -> Pipeline {
        let definition = try String.fetchOne(
            self, sql: "SELECT definition FROM pipeline WHERE name = ? AND version = ?", arguments: [pipeline, version])
        return try Pipeline(stored: definition ?? "")
    }

    fileprivate func executionsInProgress(of pipeline: String) throws -> [Execution] {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT * FROM execution WHERE pipeline = ? AND status IN ('InProgress', 'Stopping') ORDER BY ordinal
                """, arguments: [pipeline])
        // Many are of one version, and reading a definition takes longer than reading an execution.
        var definitions: [Int: Pipeline] = [:]
        return try rows.map { row in
            let version: Int = row["pipelineVersion"]
            let definition = try definitions[version] ?? self.definition(of: pipeline, version)
            definitions[version] = definition
            return try execution(row, of: definition)
        }
    }

    fileprivate func outbox(of pipeline: String) throws -> [Effect] {
        let effects = try String.fetchAll(
            self, sql: "SELECT effect FROM outbox JOIN execution ON id = execution WHERE pipeline = ?",
            arguments: [pipeline])
        return try effects.map { try JSON(parsing: $0).decoded() }
    }
}
