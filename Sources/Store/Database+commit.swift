import Engine
import GRDB
import Jansson
import Pipelines

extension Database {
    /// Writes one commit: facts appended, snapshots and history replaced where they changed, outbox brought up to date.
    func store(_ commit: Commit) throws {
        for change in commit.executions {
            try storeExecution(change)
            for fact in change.facts { try append(fact, of: change.after.id.text) }
            try storeStages(change)
        }
        for effect in commit.accepted {
            try run("DELETE FROM outbox WHERE execution = ? AND key = ?", [effect.attempt.execution.text, effect.key])
        }
        for effect in commit.effects {
            try run(
                "INSERT INTO outbox (execution, key, effect) VALUES (?, ?, ?)",
                [effect.attempt.execution.text, effect.key, try jsonText(effect)])
        }
        guard let pipeline = commit.pipeline else { return }
        if pipeline.isDeleted { try delete(pipeline.pipeline.name) } else { try storeGates(pipeline) }
    }

    /// EXE-15: of a name that is used again nothing old is to be seen.
    private func delete(_ pipeline: String) throws {
        try deleteExecutions(where: "pipeline = ?", pipeline)
        try run("DELETE FROM gates WHERE pipeline = ?", [pipeline])
        try run("DELETE FROM pipeline WHERE name = ?", [pipeline])
    }

    /// - Parameter condition: of SQL over `execution`, with one argument.
    func deleteExecutions(where condition: String, _ argument: String) throws {
        let executions = "(SELECT id FROM execution WHERE \(condition))"
        let actions = "(SELECT id FROM action WHERE execution IN \(executions))"
        for table in ["artifact", "revision", "outputVariable"] {
            try run("DELETE FROM \(table) WHERE action IN \(actions)", [argument])
        }
        for table in ["action", "stage", "outbox", "fact"] {
            try run("DELETE FROM \(table) WHERE execution IN \(executions)", [argument])
        }
        try run("DELETE FROM execution WHERE \(condition)", [argument])
    }

    func append(_ fact: Fact, of execution: String) throws {
        try run(
            "INSERT INTO fact (execution, at, body) VALUES (?, ?, ?)",
            [execution, fact.at.milliseconds, try jsonText(StoredFact(fact))])
    }

    /// What an older version says does not count any more.
    private func storeGates(_ state: PipelineState) throws {
        try run(
            """
            INSERT INTO gates (pipeline, version, body) VALUES (?, ?, ?)
            ON CONFLICT (pipeline) DO UPDATE SET version = excluded.version, body = excluded.body
                WHERE excluded.version >= version
            """, [state.pipeline.name, state.version, try jsonText(state.gates)])
    }

    private func storeExecution(_ change: ExecutionChange) throws {
        let execution = change.after
        let updatedAt = (change.facts.last?.at ?? execution.startedAt).milliseconds
        guard let before = change.before else {
            return try run(
                """
                INSERT INTO execution (id, pipeline, pipelineVersion, status, startedAt, updatedAt, start, statusDetail,
                    variables, attempt, clientRequestToken) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    execution.id.text, execution.pipeline.name, execution.start.pipelineVersion,
                    execution.status.name, execution.startedAt.milliseconds, updatedAt,
                    try jsonText(execution.start), try jsonText(execution.status), try jsonText(execution.variables),
                    execution.attempt, execution.start.clientRequestToken,
                ])
        }
        let id = execution.id.text
        guard before.status != execution.status || before.attempt != execution.attempt else {
            return try run("UPDATE execution SET updatedAt = ? WHERE id = ?", [updatedAt, id])
        }
        try run(
            "UPDATE execution SET status = ?, statusDetail = ?, attempt = ?, updatedAt = ? WHERE id = ?",
            [execution.status.name, try jsonText(execution.status), execution.attempt, updatedAt, id])
    }

    private func storeStages(_ change: ExecutionChange) throws {
        let before = change.before?.stages ?? []
        // Stages that had been left before this commit cannot have changed.
        for index in max(0, before.count - 1)..<max(before.count, change.after.stages.count) {
            let old = index < before.count ? before[index] : nil
            let new = change.after.stages[index]
            let declared = change.after.pipeline.stages[index]
            if old?.summary != new.summary { try storeStage(new, change.after.id, index, declared.name) }
            let former = Dictionary((old?.every(of: declared) ?? []).map { ($0.execution.id, $0.execution) }) { $1 }
            let replaced = change.replaced.filter { $0.place.stage == declared.name }
            for action in replaced + new.every(of: declared) where action.execution != former[action.execution.id] {
                try store(action, of: change.after.id)
            }
            for action in replaced {
                try run("UPDATE action SET isCurrent = 0 WHERE id = ?", [action.execution.id.text])
            }
        }
    }

    func storeStage(_ stage: StageExecution, _ execution: ExecutionID, _ position: Int, _ name: String) throws {
        try run(
            """
            INSERT INTO stage (execution, position, name, enteredAt, body) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (execution, position) DO UPDATE SET body = excluded.body
            """,
            [execution.text, position, name, stage.enteredAt.milliseconds, try jsonText(stage.summary)])
    }

    private func store(_ placed: PlacedAction, of execution: ExecutionID) throws {
        let (place, action) = (placed.place, placed.execution)
        var failure: ActionFailure?
        if case .failed(let reason) = action.state { failure = reason }
        try run(
            """
            INSERT INTO action (id, execution, stage, action, condition, isCurrent, status, startedAt, updatedAt,
                errorCode, errorMessage, body) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, updatedAt = excluded.updatedAt,
                errorCode = excluded.errorCode, errorMessage = excluded.errorMessage, body = excluded.body
            """,
            [
                action.id.text, execution.text, place.stage, place.name, place.condition?.rawValue, action.state.name,
                action.startedAt.milliseconds, action.updatedAt.milliseconds, failure?.code, failure?.message,
                try jsonText(action),
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

    func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }
}

/// A fact as it is stored: its moment has a column of its own.
struct StoredFact: Codable {
    let event: Event
    let seed: Seed
    let heldMilliseconds: Int64?

    init(_ fact: Fact) { (event, seed, heldMilliseconds) = (fact.event, fact.seed, fact.heldMilliseconds) }

    func fact(at: Instant) -> Fact { Fact(event, at: at, seed: seed, heldMilliseconds: heldMilliseconds) }
}

/// What is stored of a stage beside its actions and rules, which have rows of their own.
struct StageSummary: Hashable, Codable {
    var phase: StagePhase
    var conditions: [ConditionKind: ConditionState]
    var retries: Retries
}

extension StageExecution {
    fileprivate var summary: StageSummary {
        StageSummary(phase: phase, conditions: conditions.mapValues(\.state), retries: retries)
    }
}

func jsonText(_ value: some Encodable) throws -> String { try JSON(encoding: value).text }

extension Effect {
    fileprivate var attempt: Attempt {
        switch self {
        case .run(let dispatch): dispatch.attempt
        case .cancel(let attempt): attempt
        case .awaitApproval(let request): request.attempt
        }
    }

    /// The name of this effect among those of its execution.
    fileprivate var key: String {
        switch self {
        case .run(let dispatch): "run \(dispatch.attempt.id) \(dispatch.attempt.number)"
        case .cancel(let attempt): "cancel \(attempt.id) \(attempt.number)"
        case .awaitApproval(let request): "approval \(request.attempt.id)"
        }
    }
}
