import Engine
import GRDB
import Jansson
import Pipelines

/// The change from schema 1, where an execution went from stage to stage by itself: each journal is folded anew, with the
/// facts that let it in. They have the moment and the seed of the fact that made them possible, so ids come out the same.
extension Database {
    func enterStages() throws {
        try execute(sql: "CREATE TEMP TABLE remark (text TEXT NOT NULL)")
        var entries: [Int64: String] = [:]
        for id in try String.fetchAll(self, sql: "SELECT id FROM execution ORDER BY ordinal").map(ExecutionID.init) {
            for (ordinal, stage) in try enterStages(of: id) { entries[ordinal] = stage }
        }
        try insert(entries)
        try execute(sql: "ALTER TABLE execution DROP COLUMN stagesEntered")
    }

    /// Stores the stages of one execution as its journal tells them.
    /// - Returns: the stage that was entered by each fact.
    private func enterStages(of id: ExecutionID) throws -> [Int64: String] {
        // Its stages have no rows yet, so it comes without them.
        guard let stored = try execution(id) else { return [:] }
        let old = try oldActions(of: id)
        guard let (folded, entries) = try? refold(try facts(of: id), of: stored.pipeline),
            folded.status == stored.status,
            // Who answered an approval is written down since schema 3.
            folded.stages.map({ $0.actions.mapValues(\.withoutReviewer) }) == old
        else {
            // What was shown of it is worth more than a journal that does not tell the same.
            let remark = "the journal of execution \(id) does not tell what was stored of it, which is kept as it was"
            try execute(sql: "INSERT INTO remark VALUES (?)", arguments: [remark])
            try store(stagesGuessed(from: old, stored.status), of: stored)
            return [:]
        }
        try store(folded.stages, of: folded)
        try run("UPDATE execution SET attempt = ? WHERE id = ?", [folded.attempt, id.text])
        return entries
    }

    private func refold(
        _ journal: [(ordinal: Int64, fact: Fact)], of pipeline: Pipeline
    ) throws -> (Execution, [Int64: String])? {
        guard case .started(let start)? = journal.first?.fact.event else { return nil }
        var execution = Execution.starting(start, of: pipeline, at: journal[0].fact.at)
        var entries: [Int64: String] = [:]
        for (ordinal, fact) in journal {
            if ordinal != journal[0].ordinal { _ = try execution.apply(fact) }
            guard let awaited = execution.awaitedStage else { continue }
            let stage = pipeline.stages[awaited].name
            entries[ordinal] = stage
            _ = try execution.apply(Fact(.stageEntered(stage), at: fact.at, seed: fact.seed))
        }
        return (execution, entries)
    }

    private func oldActions(of id: ExecutionID) throws -> [[String: ActionExecution]] {
        let count = try Int.fetchOne(
            self, sql: "SELECT stagesEntered FROM execution WHERE id = ?", arguments: [id.text])
        guard let pipeline = try execution(id)?.pipeline else { return [] }
        let records = try actions(of: id).filter(\.isCurrent)
        return pipeline.stages.prefix(count ?? 0).map { stage in
            Dictionary(records.filter { $0.place.stage == stage.name }.map { ($0.place.name, $0.execution) }) { $1 }
        }
    }

    private func stagesGuessed(
        from actions: [[String: ActionExecution]], _ status: ExecutionStatus
    ) -> [StageExecution] {
        actions.enumerated().map { index, actions in
            let phase: StagePhase
            switch status {
            case _ where index + 1 < actions.count: phase = .over(.succeeded)
            case .succeeded: phase = .over(.succeeded)
            case .failed(let reason): phase = .over(.failed(reason: reason, rollsBack: false))
            case .stopped, .superseded, .cancelled: phase = .over(.stopped)
            case .inProgress, .stopping, .cancelling: phase = .acting
            }
            let moments = actions.values.map(\.startedAt)
            return StageExecution(
                restoring: phase, actions: actions, conditions: [:], retries: Retries(),
                enteredAt: moments.min() ?? Instant(milliseconds: 0))
        }
    }

    private func store(_ stages: [StageExecution], of execution: Execution) throws {
        for (index, stage) in stages.enumerated() {
            try storeStage(stage, execution.id, index, execution.pipeline.stages[index].name)
        }
    }

    /// Writes the journal again, with more facts in their places.
    private func insert(_ entries: [Int64: String]) throws {
        try execute(sql: "CREATE TEMP TABLE formerFact AS SELECT * FROM fact ORDER BY ordinal; DELETE FROM fact")
        let rows = try Row.fetchCursor(self, sql: "SELECT * FROM formerFact ORDER BY ordinal")
        while let row = try rows.next() {
            let (id, at, body): (String, Int64, String) = (row["execution"], row["at"], row["body"])
            try run("INSERT INTO fact (execution, at, body) VALUES (?, ?, ?)", [id, at, body])
            guard let stage = entries[row["ordinal"]] else { continue }
            let stored: StoredFact = try JSON(parsing: body).decoded()
            try append(Fact(.stageEntered(stage), at: Instant(milliseconds: at), seed: stored.seed), of: id)
        }
        try execute(sql: "DROP TABLE formerFact")
    }
}
