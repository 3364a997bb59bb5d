import Engine
import Pipelines

/// What a story answers.
extension Story {
    mutating func answer(_ change: PipelineChange) -> String {
        for change in change.executions {
            let id = change.after.id
            if change.before == nil, change.after.start.trigger.type == "AutomatedRollback" {
                names[id] = "auto\(names.count + 1)"
            }
            journals[id, default: []] += change.facts
            if let index = executions.firstIndex(where: { $0.id == id }) {
                executions[index] = change.after
            } else {
                executions.append(change.after)
            }
        }
        var lines: [String] = []
        for effect in change.effects {
            if case .awaitApproval(let request) = effect { tokens[request.attempt] = request.token }
            lines.append(prefix(effect.attempt.execution) + describe(effect))
        }
        for change in change.executions {
            lines += Story.changes(change.before, change.after, name).map { prefix(change.after.id) + $0 }
        }
        return lines.joined(separator: "\n")
    }

    private func prefix(_ id: ExecutionID) -> String { id.text == "e" ? "" : "\(name(of: id)): " }

    private func describe(_ effect: Effect) -> String {
        switch effect {
        case .run(let dispatch): describe(dispatch)
        case .cancel(let attempt): "cancel \(attempt)"
        case .awaitApproval(let request):
            "await approval \(request.attempt)\(request.customData.map { " \"\($0)\"" } ?? "")"
        }
    }

    private func describe(_ dispatch: Dispatch) -> String {
        var line = "run \(dispatch.attempt)"
        for (key, value) in dispatch.action.configuration.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
        for (name, digest) in dispatch.inputs.sorted(by: { $0.key < $1.key }) { line += " \(name):\(digest)" }
        for (name, id) in dispatch.revisions.sorted(by: { $0.key < $1.key }) { line += " \(name)@\(id)" }
        if let revision = dispatch.sourceRevision { line += " at \(revision.type) \(revision.value)" }
        if let token = dispatch.continuationToken { line += " token \"\(token)\"" }
        if let wait = dispatch.notBefore { line += " in \((wait.milliseconds - clock) / 1_000) s" }
        return line
    }

    func counters(of id: ExecutionID) -> String {
        guard let execution = executions.first(where: { $0.id == id }), let retries = execution.stages.last?.retries
        else { return "nothing has been entered" }
        return "attempt \(execution.attempt), of the stage \(retries.automatic) automatic and \(retries.manual) manual"
            + (retries.latest.map { ", the last \($0.rawValue)" } ?? "")
    }

    /// Where its time went until now, in seconds.
    func timing(of id: ExecutionID) -> String {
        guard let execution = executions.first(where: { $0.id == id }) else { return "no execution" }
        let arrival = state?.gates.values.flatMap(\.waiting).first { $0.execution == id }
        guard
            let timing = try? Timing(
                of: execution.declaration, journal: journals[id]!, until: now,
                heldMilliseconds: arrival?.held(at: now) ?? 0)
        else { return "no timing" }
        func words(_ uses: [TimeUse: Int64]) -> String {
            TimeUse.allCases.compactMap { use in
                uses[use].map { " \(use.rawValue) \($0 / 1_000)" }
            }.filter { !$0.hasSuffix(" 0") }.joined()
        }
        var lines = timing.stages.flatMap { stage in
            ["\(stage.name): \(stage.insideMilliseconds / 1_000) inside\(words(stage.waits))"]
                + stage.actions.map { "  \($0.place.name): \($0.totalMilliseconds / 1_000)\(words($0.uses))" }
        }
        lines.append("total \(timing.totalMilliseconds / 1_000), over \(timing.overMilliseconds / 1_000)")
        return lines.joined(separator: "\n")
    }

    func gates() -> String {
        guard let state else { return "no gates yet" }
        return state.pipeline.stages.map { stage in
            let gate = state.gates[stage.name]!
            var parts: [String] = []
            if let reason = gate.inbound.disabledReason { parts.append("closed (\(reason))") }
            if let reason = gate.outbound.disabledReason { parts.append("exit closed (\(reason))") }
            if let inside = gate.inside { parts.append("\(name(of: inside)) inside") }
            if !gate.waiting.isEmpty {
                parts.append(gate.waiting.map { name(of: $0.execution) }.joined(separator: ", ") + " waiting")
            }
            return "\(stage.name): \(parts.isEmpty ? "free" : parts.joined(separator: ", "))"
        }.joined(separator: "\n")
    }

    /// Folds everything again: the pipeline's facts, and the facts of each execution alone (law 4).
    func replay() -> String {
        var copy = PipelineState(declared, version: 1, limits: limits)
        var versions = [1: declared]
        for (fact, past) in facts {
            if case .declared(let pipeline, let version) = fact.event { versions[version] = pipeline }
            _ = try? copy.apply(fact, recalling: past)
        }
        guard copy == state ?? copy else { return "different" }
        for execution in executions {
            let pipeline = versions[execution.start.pipelineVersion]!
            guard (try? Execution.folding(journals[execution.id]!, of: pipeline)) == execution else {
                return "\(execution.id) is different by its own facts"
            }
        }
        return "the same"
    }
}

extension Effect {
    fileprivate var attempt: Attempt {
        switch self {
        case .run(let dispatch): dispatch.attempt
        case .cancel(let attempt): attempt
        case .awaitApproval(let request): request.attempt
        }
    }
}
