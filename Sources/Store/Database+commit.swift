import Engine
import GRDB
import Jansson
import Pipelines

extension Database {
    /// Writes one commit: facts appended, snapshot and history replaced where they changed, outbox brought up to date.
    func store(_ commit: Commit) throws {
        try storeExecution(commit)
        let id = commit.after.id.text
        for fact in commit.facts {
            try run(
                "INSERT INTO fact (execution, at, body) VALUES (?, ?, ?)",
                [id, fact.at.milliseconds, try text(fact.event, seed: fact.seed)])
        }
        for effect in commit.accepted {
            try run("DELETE FROM outbox WHERE execution = ? AND key = ?", [id, effect.key])
        }
        for effect in commit.effects {
            try run(
                "INSERT INTO outbox (execution, key, effect) VALUES (?, ?, ?)", [id, effect.key, try jsonText(effect)])
        }
        try storeActions(commit)
    }

    private func storeExecution(_ commit: Commit) throws {
        let execution = commit.after
        let updatedAt = commit.facts.last?.at ?? execution.startedAt
        guard let before = commit.before else {
            return try run(
                """
                INSERT INTO execution (id, pipeline, pipelineVersion, status, startedAt, updatedAt, start, statusDetail,
                    variables, stagesEntered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    execution.id.text, execution.pipeline.name, execution.start.pipelineVersion,
                    execution.status.name, execution.startedAt.milliseconds, updatedAt.milliseconds,
                    try jsonText(execution.start), try jsonText(execution.status), try jsonText(execution.variables),
                    execution.stages.count,
                ])
        }
        let id = execution.id.text
        guard before.status != execution.status || before.stages.count != execution.stages.count else {
            return try run("UPDATE execution SET updatedAt = ? WHERE id = ?", [updatedAt.milliseconds, id])
        }
        try run(
            "UPDATE execution SET status = ?, statusDetail = ?, stagesEntered = ?, updatedAt = ? WHERE id = ?",
            [
                execution.status.name, try jsonText(execution.status), execution.stages.count, updatedAt.milliseconds,
                id,
            ])
    }

    private func storeActions(_ commit: Commit) throws {
        let before = commit.before?.stages ?? []
        // Stages that had been left before this commit cannot have changed.
        for index in max(0, before.count - 1)..<max(before.count, commit.after.stages.count) {
            let old = index < before.count ? before[index] : [:]
            let new = commit.after.stages[index]
            let stage = commit.after.pipeline.stages[index]
            for (name, action) in old where new[name]?.id != action.id {
                try run("UPDATE action SET isCurrent = 0 WHERE id = ?", [action.id.text])
            }
            for declared in stage.actions {
                guard let action = new[declared.name], action != old[declared.name] else { continue }
                try store(action, stage: stage.name, name: declared.name, execution: commit.after.id)
            }
        }
    }

    private func store(_ action: ActionExecution, stage: String, name: String, execution: ExecutionID) throws {
        var failure: ActionFailure?
        if case .failed(let reason) = action.state { failure = reason }
        try run(
            """
            INSERT INTO action (id, execution, stage, action, isCurrent, status, startedAt, updatedAt, errorCode,
                errorMessage, body) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, updatedAt = excluded.updatedAt,
                errorCode = excluded.errorCode, errorMessage = excluded.errorMessage, body = excluded.body
            """,
            [
                action.id.text, execution.text, stage, name, action.state.name, action.startedAt.milliseconds,
                action.updatedAt.milliseconds, failure?.code, failure?.message, try jsonText(action),
            ])
        if case .succeeded(let result) = action.state { try store(result, of: action.id) }
    }

    private func store(_ result: ActionResult, of id: ActionExecutionID) throws {
        for (name, digest) in result.artifacts {
            try run("INSERT INTO artifact (action, name, digest) VALUES (?, ?, ?)", [id.text, name, digest])
        }
        for (name, value) in result.outputVariables {
            try run("INSERT INTO outputVariable (action, name, value) VALUES (?, ?, ?)", [id.text, name, value])
        }
        if let revision = result.revision {
            try run(
                "INSERT INTO revision (action, revision, changeIdentifier, summary, created) VALUES (?, ?, ?, ?, ?)",
                [id.text, revision.id, revision.changeIdentifier, revision.summary, revision.created?.milliseconds])
        }
    }

    private func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }
}

/// A fact as it is stored: its moment has a column of its own.
struct StoredFact: Codable {
    let event: Event
    let seed: Seed
}

private func text(_ event: Event, seed: Seed) throws -> String { try jsonText(StoredFact(event: event, seed: seed)) }

func jsonText(_ value: some Encodable) throws -> String { try JSON(encoding: value).text }

extension Effect {
    /// The name of this effect among those of its execution.
    fileprivate var key: String {
        switch self {
        case .run(let dispatch): "run \(dispatch.attempt.id) \(dispatch.attempt.number)"
        case .cancel(let attempt): "cancel \(attempt.id) \(attempt.number)"
        case .awaitApproval(let request): "approval \(request.attempt.id)"
        }
    }
}
