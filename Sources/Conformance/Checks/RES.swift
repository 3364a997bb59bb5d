import PluginProtocol
import Processes

extension Check {
    static let results: [Check] =
        [
            Check("RES-01") { recording in
                guard recording.exit != nil, recording.faults.isEmpty else { return [] }
                return recording.errands.filter { errand in
                    errand.terminalAt == nil && !errand.isOverdue && !errand.isCancelled
                        && !recording.hasWrongResult(of: errand)
                }.map { _ in
                    Breach("no terminal message came; \(recording.endDescription)", hint: Rule.hint(for: "RES-01"))
                }
            },
            Check("RES-03") { recording in
                recording.errands.flatMap { errand in
                    recording.heard(afterTerminalOf: errand).filter { $0.message?.body.isTerminal == true }
                }.map { Breach("\($0.quoted) is the second terminal message", hint: Rule.hint(for: "RES-03")) }
            },
            Check("RES-04") { recording in
                recording.errands.flatMap { errand in
                    recording.heard(afterTerminalOf: errand).filter { $0.message?.body.isTerminal == false }
                }.map { Breach("\($0.quoted) came after the terminal message", hint: Rule.hint(for: "RES-04")) }
            },
            Check("RES-05") { recording in
                guard recording.lifecycle == .oneShot, recording.faults.isEmpty, let exit = recording.exit,
                    exit != .code(0), let errand = recording.errands.first,
                    case .jobSuccessResult? = recording.terminal(of: errand.job.jobId)
                else { return [] }
                return [
                    Breach("it reported success, and then \(recording.endDescription)", hint: Rule.hint(for: "RES-05"))
                ]
            },
            Check("RES-13") { recording in
                recording.output.compactMap { _, heard in
                    guard case .jobFailureResult(let result)? = heard.message?.body else { return nil }
                    return fault(ofFailureMessage: result.message).map {
                        Breach("\(heard.quoted): the message \($0)", hint: Rule.hint(for: "RES-13"))
                    }
                }
            },
        ] + ["RES-06", "RES-07", "RES-08", "RES-09", "RES-12"].map { lines($0) }
}

extension Recording {
    /// The valid messages about a job that came after its first terminal one.
    fileprivate func heard(afterTerminalOf errand: Errand) -> [Heard] {
        let messages = output.map(\.heard).filter { $0.message?.jobId == errand.job.jobId }
        return Array(messages.drop { $0.message?.body.isTerminal == false }.dropFirst())
    }

    /// Whether a result was sent that breaks a rule of its own: then that is the fault, and not that none came.
    fileprivate func hasWrongResult(of errand: Errand) -> Bool {
        wrongLines.contains { wrong in
            guard wrong.violation.rule != "FRM-04", wrong.heard.text.contains("Result\"") else { return false }
            return wrong.violation.rule == "MSG-02" || wrong.heard.text.contains(errand.job.jobId)
        }
    }
}

/// Why a message of a failure helps nobody, as the end of a sentence; nil when it does. Spec: RES-13
func fault(ofFailureMessage message: String) -> String? {
    let lines = message.split(whereSeparator: \.isNewline)
    if !lines.isEmpty, lines.allSatisfy(isTraceLine) { return "is a line of a stack trace" }
    let words = Set(message.lowercased().split { !$0.isLetter && !$0.isNumber })
    // Scripts from Thai on write words without blanks between them.
    guard words.count < 2, !message.unicodeScalars.contains(where: { $0.value >= 0x0E00 && $0.properties.isAlphabetic })
    else { return nil }
    return "has no more than one word"
}

/// Whether a line is what Python, JavaScript, Java, Ruby or Go print for one call.
private func isTraceLine(_ line: Substring) -> Bool {
    let pattern =
        #/\s*File ".+", line \d+.*|\s*at .+:\d+(:\d+)?\)?|\s*(from )?\S+:\d+:in .+|Traceback \(most.+|goroutine \d+ .+/#
    return line.wholeMatch(of: pattern) != nil
}
