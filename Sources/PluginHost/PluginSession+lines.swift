import Jansson
import PluginProtocol
import Processes

extension PluginSession {
    mutating func read(_ line: Line) -> [Effect] {
        switch line.stream {
        case .error: return log.addError(line.bytes, ended: line.ending != .split).map(Effect.log)
        case .status: return readStatus(line.bytes)
        case .output: return readOutput(line)
        }
    }

    /// bwrap's `{"child-pid": 7}` and `{"exit-code": 0}`; a child killed by signal n is told as 128 + n.
    private mutating func readStatus(_ bytes: [UInt8]) -> [Effect] {
        guard let json = try? JSON(parsing: bytes) else { return [] }
        if case .integer(let number)? = json["child-pid"], let pid = Int32(exactly: number) {
            sandbox?.childPid = pid
            return [.sandboxed(pid)]
        }
        if case .integer(let code)? = json["exit-code"], let code = Int32(exactly: code) {
            sandbox?.exit = 129...159 ~= code ? .signal(code - 128) : .code(code)
        }
        return []
    }

    private mutating func readOutput(_ line: Line) -> [Effect] {
        switch LineClass(line.bytes, ending: line.ending.onTheWire, jobIds: jobsInFlight) {
        case .blank: return []
        case .stray: return stray(line)
        case .truncated:
            cutOff = quote(line)
            return stray(line)
        case .message(let message): return take(message.body, line)
        case .protocolError(_, let violation):
            // A level that a later minor version may have added is no reason to fail a job; the line is logged.
            guard case .open = judgement, violation.rule != "LOG-02" else { return stray(line) }
            return condemn(
                Diagnosis(
                    code: .protocolError, problem: "a line on stdout is no valid message: \(violation)",
                    quote: quote(line)), grace: Self.killGrace)
        }
    }

    /// After its result a job is over: nothing can be said for it any more.
    private var jobsInFlight: Set<String> {
        if case .reported = judgement { return [] }
        return [jobId]
    }

    private mutating func stray(_ line: Line) -> [Effect] {
        log.addStray(line.bytes, plugin: plugin, offset: line.offset).map(Effect.log)
    }

    func quote(_ line: Line) -> Diagnosis.Quote {
        Diagnosis.Quote(offset: line.offset, text: clipped(log.masker.mask(line.bytes)))
    }

    private mutating func take(_ body: PluginMessage.Body, _ line: Line) -> [Effect] {
        messages += 1
        if messages == Self.messageLimit + 1, case .open = judgement {
            return condemn(
                Diagnosis(
                    code: .limitExceeded, problem: "the plugin sent too many messages for one job", quote: quote(line),
                    excess: .init(limit: "\(Self.messageLimit) messages", measured: "\(messages)")),
                grace: Self.killGrace)
        }
        guard messages <= Self.messageLimit else { return [] }
        let window: [Effect] = flow.count() ? [.set(.rate, ProgressFlow.window)] : []
        return beat() + window + act(on: body, line)
    }

    private mutating func act(on body: PluginMessage.Body, _ line: Line) -> [Effect] {
        switch body {
        case .acknowledge: return []
        case .progress(let progress):
            externalExecutionId = progress.executionDetails.externalExecutionId ?? externalExecutionId
            return flow.offer(progress).map { [.progress(masked($0))] } ?? []
        case .log(let message): return log.add(message).map(Effect.log)
        case .mask(let mask): return register(mask.value, line)
        case .jobSuccessResult(let result): return report(.success(result), line)
        case .jobFailureResult(let result): return report(.failure(result), line)
        case .jobAbandonedResult(let result): return report(.abandoned(result), line)
        }
    }

    private mutating func register(_ secret: String, _ line: Line) -> [Effect] {
        maskedBytes += secret.utf8.count
        guard maskedBytes <= Self.maskedBytesLimit else {
            guard case .open = judgement else { return [] }
            let excess = Diagnosis.Excess(limit: "\(Self.maskedBytesLimit) bytes", measured: "\(maskedBytes)")
            let problem = "the plugin asked to mask too much"
            return condemn(
                Diagnosis(code: .limitExceeded, problem: problem, excess: excess), grace: Self.killGrace)
        }
        let masked = log.masker.register(secret, name: "of a mask message")
        let warning = "a secret of a mask message, at byte \(line.offset) of stdout, is too short to be masked"
        return [.mask(secret)] + (masked ? [] : [.log(remark(warning))])
    }

    private mutating func report(_ terminal: Terminal, _ line: Line) -> [Effect] {
        switch judgement {
        case .reported, .condemned: return stray(line)
        case .open:
            if case .abandoned = terminal {
                let problem = "the plugin reported that it abandoned a job which nobody cancelled"
                return condemn(
                    Diagnosis(code: .protocolError, problem: problem, quote: quote(line)), grace: Self.killGrace)
            }
            return accept(terminal, after: nil)
        case .cancelling(let reason): return accept(terminal, after: reason)
        }
    }

    private mutating func accept(_ terminal: Terminal, after cancel: CancelReason?) -> [Effect] {
        if case .success(let result) = terminal, let place = placeOfSecret(in: result) {
            let problem = "a secret stands in \(place) of the result, which is kept and shown"
            return condemn(Diagnosis(code: .secretInOutput, problem: problem), grace: Self.killGrace)
        }
        judgement = .reported(terminal, after: cancel)
        let grace: [Effect] = process == .running(.none) ? [.set(.exitGrace, Self.exitGrace)] : []
        return tellHeldProgress() + [.clear(.timeout), .clear(.heartbeat), .closeInput] + grace
    }

    private func placeOfSecret(in result: JobSuccessResult) -> String? {
        if let token = result.continuationToken, log.masker.holdsSecret(token) { return "the continuation token" }
        return result.outputVariables.sorted { $0.key < $1.key }
            .first { log.masker.holdsSecret($0.value) || log.masker.holdsSecret($0.key) }
            .map { "the output variable \(log.masker.mask($0.key))" }
    }

    mutating func tellHeldProgress() -> [Effect] {
        flow.takeHeld().map { [.progress(masked($0))] } ?? []
    }
}

extension Line.Ending {
    fileprivate var onTheWire: LineEnding {
        switch self {
        case .newline, .split: .newline
        case .unterminated: .endOfStream
        case .overlong(let totalBytes): .overlong(totalBytes: totalBytes)
        }
    }
}
