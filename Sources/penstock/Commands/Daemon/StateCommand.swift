import ArgumentParser
import Jansson

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Shows where a pipeline stands: its stages, who waits, and what is held back.")

    @Argument(help: "The pipeline.")
    var pipeline: String
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.tell("GetPipelineState", ["name": .string(pipeline)]) { state in
            state.list("stageStates").flatMap(lines).joined(separator: "\n")
        }
    }

    private func lines(of stage: JSON) -> [String] {
        var lines: [String] = []
        if let words = held(stage["inboundTransitionState"]) { lines.append("  -- nobody enters: \(words)") }
        for waiting in stage.list("inboundExecutions") {
            lines.append("  -- waits: \(waiting.text("pipelineExecutionId"))")
        }
        let latest = stage["latestExecution"]
        let status = latest.map { "  \($0.text("status"))  \($0.text("pipelineExecutionId"))" } ?? ""
        lines.append("\(stage.text("stageName"))\(status)")
        lines += ["beforeEntry", "onSuccess", "onFailure"].flatMap { conditions($0, stage) }
        lines += stage.list("actionStates").map { item($0.text("actionName"), $0["latestExecution"]) }
        if let words = held(stage["outboundTransitionState"]) { lines.append("  -- nobody leaves: \(words)") }
        return lines
    }

    private func conditions(_ name: String, _ stage: JSON) -> [String] {
        guard let state = stage["\(name)ConditionState"] else { return [] }
        let rules = state.list("conditionStates").flatMap { $0.list("ruleStates") }
        return ["  \(name)  \(state["latestExecution"]?.text("status") ?? "")"]
            + rules.map { "  \(item($0.text("ruleName"), $0["latestExecution"]))" }
    }

    private func item(_ name: String, _ execution: JSON?) -> String {
        guard let execution else { return "  \(name)" }
        var text = "  \(name)  \(execution.text("status"))"
        if execution["token"] != nil { text += ", waits for an approval" }
        let remark = execution["errorDetails"]?.text("message") ?? execution.text("summary")
        return remark.isEmpty ? text : "\(text): \(printable(remark))"
    }

    private func held(_ transition: JSON?) -> String? {
        guard let transition, transition["enabled"] == .bool(false) else { return nil }
        return "\(transition.text("disabledReason")) (\(transition.text("lastChangedBy")))"
    }
}
