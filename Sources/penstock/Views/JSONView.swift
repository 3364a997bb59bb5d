import Engine
import Glibc
import Jansson
import Pipelines
import Runner

/// One JSON object a line: `event` is `execution`, `action`, `stage` (one is left out), `approval`, `log`, `skipped`
/// (log lines) or `kept`.
final class JSONView: View {
    private let quiet: Bool
    private var statuses: [ExecutionID: ExecutionStatus] = [:]

    init(quiet: Bool) {
        self.quiet = quiet
        setvbuf(standardOutput, nil, _IOLBF, 0)
    }

    func show(_ moment: Moment) {
        switch moment {
        case .takenUp(let execution):
            say(execution.json(at: now()))
            statuses[execution.id] = execution.status
        case .committed(let commit): for change in commit.executions { show(change) }
        case .log(let attempt, let line):
            guard !quiet else { return }
            var members: [String: JSON] = [
                "event": "log", "pipelineExecutionId": .string(attempt.execution.text), "stage": .string(attempt.stage),
                "action": .string(attempt.action),
            ]
            members["condition"] = attempt.condition.map { .string($0.rawValue) }
            members.merge(line.json.members) { ours, _ in ours }
            members["time"] = .string(rfc3339(line.time))
            say(.object(members))
        case .skipped(let count):
            if !quiet { say(["event": "skipped", "time": .string(rfc3339(now())), "lines": .integer(Int64(count))]) }
        case .approval(let request, _):
            say(
                .object(present: [
                    "event": "approval", "time": .string(rfc3339(now())),
                    "pipelineExecutionId": .string(request.attempt.execution.text),
                    "stage": .string(request.attempt.stage),
                    "action": .string(request.attempt.action), "customData": request.customData.map { .string($0) },
                    "expires": .string(rfc3339(request.expires)),
                ]))
        case .interrupt, .inputEnded, .tick: break
        }
    }

    private func show(_ change: ExecutionChange) {
        let at = change.facts.last?.at ?? now()
        let execution = change.after
        let status = statuses.updateValue(execution.status, forKey: execution.id)
        if status == nil { say(execution.json(at: at)) }
        for action in change.actions { say(action.json(in: execution, at: at)) }
        for stage in change.skippedStages {
            say([
                "event": "stage", "time": .string(rfc3339(at)), "pipelineExecutionId": .string(execution.id.text),
                "stage": .string(stage), "status": .string(StageStatus.skipped.rawValue),
            ])
        }
        if let status, status != execution.status { say(execution.json(at: at)) }
    }

    func suspend() {}
    func end(_ execution: Execution, _ resumption: String, shells: [(action: String, command: String)]) {
        for shell in shells {
            say([
                "event": "kept", "time": .string(rfc3339(now())), "pipelineExecutionId": .string(execution.id.text),
                "action": .string(shell.action), "command": .string(shell.command),
            ])
        }
    }

    private func say(_ json: JSON) { print(json.text) }
}

extension JSON {
    fileprivate var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
}

extension Execution {
    /// As `run --format json` and `show --format json` print it.
    func json(at: Instant) -> JSON {
        .object(present: [
            "event": "execution", "time": .string(rfc3339(at)), "pipelineExecutionId": .string(id.text),
            "pipeline": .string(pipeline.name), "pipelineVersion": .integer(Int64(start.pipelineVersion)),
            "status": .string(status.name), "reason": status.reason.map { .string($0) },
            "startTime": .string(rfc3339(startedAt)), "sandbox": .string(start.sandbox),
            "stubs": start.stubs.isEmpty ? nil : .strings(start.stubs.keys.sorted()),
            "rollback": start.rollback.map {
                .strings(["stage": $0.stage, "targetPipelineExecutionId": $0.target.text])
            },
        ])
    }
}

extension PlacedAction {
    func json(in execution: Execution, at: Instant) -> JSON {
        var members: [String: JSON?] = [
            "event": "action", "time": .string(rfc3339(at)), "pipelineExecutionId": .string(execution.id.text),
            "stage": .string(place.stage), "condition": place.condition.map { .string($0.rawValue) },
            "action": .string(place.name),
            "status": .string(self.execution.state.name),
            "actionExecutionId": .string(self.execution.id.text),
            "startTime": .string(rfc3339(self.execution.startedAt)),
            "summary": self.execution.external.summary.map { .string($0) },
            "externalExecutionId": self.execution.external.id.map { .string($0) },
        ]
        switch self.execution.state {
        case .succeeded(let result):
            members["outputVariables"] = .strings(result.outputVariables)
            members["artifacts"] = .strings(result.artifacts)
            members["revision"] = result.revision.map { .string($0.id) }
        case .failed(let failure):
            members["error"] = .object(present: [
                "code": .string(failure.code), "hostCode": failure.hostCode.map { .string($0) },
                "message": .string(failure.message),
            ])
        case .running, .awaitingApproval, .abandoned: break
        }
        return .object(present: members)
    }
}
