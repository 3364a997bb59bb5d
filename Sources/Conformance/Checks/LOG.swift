import PluginProtocol
import Processes

extension Check {
    static let logs: [Check] = [
        evident("LOG-01") { recording in [recording.longLogLine, recording.logLineThatIsNoText].compactMap { $0 } },
        lines("LOG-02"),
        evident("LOG-03") { recording in recording.errands.compactMap { recording.silentFailure(of: $0) } },
        evident("LOG-04") { recording in recording.errands.compactMap { recording.flood(about: $0) } },
    ]
}

extension Recording {
    fileprivate var longLogLine: String? {
        log.map(\.heard).first { $0.line.ending == .split }.map {
            "\($0.quoted)… has more than \(MessageLimits.logMessageBytes) bytes"
        }
    }

    fileprivate var logLineThatIsNoText: String? {
        let lines = log.map(\.heard)
        return lines.indices.first { index in
            let line = lines[index].line
            // A piece of a long line can end within a character, and so can what the kit has ended.
            let isPiece = line.ending == .split || index > 0 && lines[index - 1].line.ending == .split
            let isCutOff = line.ending == .unterminated && !faults.isEmpty
            guard !isPiece, !isCutOff else { return false }
            return line.bytes.contains(0) || String(validating: line.bytes, as: UTF8.self) == nil
        }.map { "\(lines[$0].quoted) is not UTF-8 text" }
    }

    /// A failure that says nothing, neither by itself nor in the log.
    fileprivate func silentFailure(of errand: Errand) -> String? {
        let leastCharacters = 10
        guard faults.isEmpty, !errand.isCancelled,
            case .jobFailureResult(let result)? = terminal(of: errand.job.jobId),
            result.message.unicodeScalars.count < leastCharacters,
            log.allSatisfy({ $0.heard.line.bytes.allSatisfy { $0 <= UInt8(ascii: " ") } })
        else { return nil }
        let hasLogged = messages(of: errand.job.jobId).contains { message in
            if case .log = message.body { true } else { false }
        }
        return hasLogged ? nil : "it failed with the message \(quote(result.message.utf8)), and logged nothing"
    }

    /// More messages than 100 a second: over 2 seconds at least, and not in a single short burst.
    fileprivate func flood(about errand: Errand) -> String? {
        let (span, mostInSpan, mostInBurst) = (Duration.seconds(2), 200, 300)
        // Where the kit has held the process or its pipes, what comes afterwards comes at once.
        let isHeld = entries.contains { entry in if case .done = entry.what { true } else { false } }
        let instants = messages(of: errand.job.jobId).map(\.at)
        guard !isHeld, instants.count > mostInBurst else { return nil }
        var first = 0
        for (index, instant) in instants.enumerated() {
            while instant - instants[first] > span { first += 1 }
            guard index - first >= mostInSpan else { continue }
            return "\(instants.count) messages about one job, and more than \(mostInSpan) of them within 2 seconds"
        }
        return nil
    }
}
