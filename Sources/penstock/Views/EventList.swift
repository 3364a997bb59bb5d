import Engine
import Jansson

/// What happened to an execution, in order, each with its number.
struct EventList: Shown {
    let execution: ExecutionID
    let facts: [Fact]

    var human: String {
        let width = "\(facts.count)".count
        let lines = facts.enumerated().map { index, fact in
            let number = "\(index + 1)"
            let margin = String(repeating: " ", count: width - number.count)
            return "\(margin)\(number)  \(timeWithMilliseconds(fact.at))  \(printable(fact.event.words))"
        }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        [
            "pipelineExecutionId": .string(execution.text),
            "events": .array(
                facts.enumerated().map { index, fact in
                    [
                        "number": .integer(Int64(index + 1)), "time": .string(rfc3339(fact.at)),
                        "event": .string(fact.event.name), "text": .string(fact.event.words),
                    ]
                }),
        ]
    }
}

extension Event {
    /// As it is called in the engine.
    fileprivate var name: String {
        switch self {
        case .started: "started"
        case .stageEntered: "stageEntered"
        case .actionProgressed: "actionProgressed"
        case .actionSucceeded: "actionSucceeded"
        case .actionContinues: "actionContinues"
        case .actionFailed: "actionFailed"
        case .attemptLost: "attemptLost"
        case .approvalAnswered: "approvalAnswered"
        case .approvalExpired: "approvalExpired"
        case .stopRequested: "stopRequested"
        case .resumed: "resumed"
        case .superseded: "superseded"
        case .cancelled: "cancelled"
        case .stageRetried: "stageRetried"
        case .conditionOverridden: "conditionOverridden"
        }
    }

    fileprivate var words: String {
        func told(_ text: String?) -> String { text.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? "" }
        return switch self {
        case .started(let start): "started by \(start.trigger.detail) (\(start.trigger.type))"
        case .stageEntered(let stage): "the stage \(stage) is entered"
        case .actionProgressed(let attempt, let external): "\(attempt) goes on\(told(external.summary))"
        case .actionSucceeded(let attempt, let result): "\(attempt) succeeds\(told(result.external.summary))"
        case .actionContinues(let attempt, let more):
            "\(attempt) is to be asked again from \(timeOfDay(more.notBefore))"
        case .actionFailed(let attempt, let failure): "\(attempt) fails: \(failure.code): \(failure.message)"
        case .attemptLost(let attempt, .coreEnded): "\(attempt) is lost: the core has ended"
        case .attemptLost(let attempt, .unavailable(let why)): "\(attempt) is lost: \(why)"
        case .approvalAnswered(let attempt, let answer):
            "\(attempt) is \(answer.status.rawValue.lowercased()) by \(answer.by)\(told(answer.summary))"
        case .approvalExpired(let attempt): "\(attempt) expires: nobody has answered"
        case .stopRequested(let stop): "stop and \(stop.kind.rawValue), asked for by \(stop.by)\(told(stop.reason))"
        case .resumed(let who): "resumed by \(who)"
        case .superseded(let newer): "superseded by \(newer)"
        case .cancelled(let reason): "cancelled\(told(reason))"
        case .stageRetried(let retry): "the stage \(retry.stage) is retried (\(retry.mode.rawValue)) by \(retry.by)"
        case .conditionOverridden(let override):
            "the condition \(override.condition.rawValue) of \(override.stage) is overridden by \(override.by)"
        }
    }
}
