import PluginProtocol
import Processes

/// What is said about one job and what is known of its result, as a pure machine; `PluginSession` and `WorkerSession`
/// know of the process.
///
///     open ──terminal──▶ reported
///     open ──cancel────▶ cancelling ──terminal──▶ reported
///     open ──limit, protocol error──▶ condemned
struct Conversation: Hashable, Sendable {
    enum Timer: Hashable, Sendable {
        /// The job's absolute bound.
        case timeout
        /// Three declared heartbeats without a message.
        case heartbeat
        /// A window of the count of messages.
        case rate
    }

    enum Effect: Hashable, Sendable {
        case tell(JobReport)
        /// Starts the timer, or starts it anew.
        case set(Timer, Duration)
        case clear(Timer)
        /// The host has judged: the plugin has so long to come to an end.
        case condemned(grace: Duration)
        /// The terminal message has come, and stands.
        case reported
    }

    enum Terminal: Hashable, Sendable {
        case success(JobSuccessResult)
        case failure(JobFailureResult)
        case abandoned(JobAbandonedResult)
    }

    enum Judgement: Hashable, Sendable {
        case open
        /// The plugin is told; a result still counts.
        case cancelling(CancelReason)
        /// - Parameter after: the cancel that came before the result.
        case reported(Terminal, after: CancelReason?)
        case condemned(Diagnosis)
    }

    static let killGrace = Duration.seconds(2)
    static let messageLimit = 100_000
    /// Of values registered by `mask` messages: each costs some thirty encodings in memory.
    static let maskedBytesLimit = 64 << 10

    let plugin: String
    let jobId: String
    let timeout: Duration
    let heartbeatSeconds: Int?
    let cancelGrace: Duration
    var log = SessionLog()
    var judgement = Judgement.open
    var flow = ProgressFlow()
    private(set) var messages = 0
    private var maskedBytes = 0
    private(set) var externalExecutionId: String?

    init(_ job: Job, plugin: String, heartbeatSeconds: Int?) {
        self.plugin = plugin
        self.heartbeatSeconds = heartbeatSeconds
        jobId = job.jobId
        timeout = .seconds(job.timeoutSeconds)
        cancelGrace = .seconds(job.cancelGraceSeconds)
    }

    var isOpen: Bool { judgement == .open }

    /// After its result a job is over: nothing can be said for it any more.
    var isReported: Bool { if case .reported = judgement { true } else { false } }

    /// The plugin has the job.
    /// - Parameter unmaskable: names of secrets.
    func begin(unmaskable: [String]) -> [Effect] {
        let warnings = unmaskable.map { name in
            Effect.tell(
                .log(
                    remark(
                        "the secret \(name) cannot be masked in the log: it has fewer than \(Masker.shortest)"
                            + " characters or only punctuation")))
        }
        return warnings + [.set(.timeout, timeout)] + beat()
    }

    /// Any message is a sign of life.
    private func beat() -> [Effect] {
        guard isOpen, let heartbeatSeconds else { return [] }
        return [.set(.heartbeat, .seconds(3 * heartbeatSeconds))]
    }

    mutating func take(_ body: PluginMessage.Body, _ line: Line, _ text: inout OutputText) -> [Effect] {
        messages += 1
        if messages == Self.messageLimit + 1, isOpen {
            return condemn(
                Diagnosis(
                    code: .limitExceeded, problem: "the plugin sent too many messages for one job",
                    quote: text.quote(line),
                    excess: .init(limit: "\(Self.messageLimit) messages", measured: "\(messages)")))
        }
        guard messages <= Self.messageLimit else { return [] }
        let window: [Effect] = flow.count() ? [.set(.rate, ProgressFlow.window)] : []
        return beat() + window + act(on: body, line, &text)
    }

    private mutating func act(on body: PluginMessage.Body, _ line: Line, _ text: inout OutputText) -> [Effect] {
        switch body {
        case .acknowledge: return []
        case .progress(let progress):
            externalExecutionId = progress.executionDetails.externalExecutionId ?? externalExecutionId
            return flow.offer(progress).map { [.tell(.progress($0.masked(by: text.masker)))] } ?? []
        case .log(let message): return tell(log.add(message, text.masker))
        case .mask(let mask): return register(mask.value, line, &text)
        case .jobSuccessResult(let result): return report(.success(result), line, &text)
        case .jobFailureResult(let result): return report(.failure(result), line, &text)
        case .jobAbandonedResult(let result): return report(.abandoned(result), line, &text)
        }
    }

    private mutating func register(_ secret: String, _ line: Line, _ text: inout OutputText) -> [Effect] {
        maskedBytes += secret.utf8.count
        guard maskedBytes <= Self.maskedBytesLimit else {
            let excess = Diagnosis.Excess(limit: "\(Self.maskedBytesLimit) bytes", measured: "\(maskedBytes)")
            let problem = "the plugin asked to mask too much"
            return isOpen ? condemn(Diagnosis(code: .limitExceeded, problem: problem, excess: excess)) : []
        }
        let masked = text.masker.register(secret, name: "of a mask message")
        let warning = "a secret of a mask message, at byte \(line.offset) of stdout, is too short to be masked"
        return [.tell(.mask(secret))] + (masked ? [] : tell([remark(warning)]))
    }

    private mutating func report(_ terminal: Terminal, _ line: Line, _ text: inout OutputText) -> [Effect] {
        switch judgement {
        case .reported: return stray(line, &text)
        case .condemned: return tell([remark("the plugin's result came too late: the job was over")])
        case .open:
            if case .abandoned = terminal {
                let problem = "the plugin reported that it abandoned a job which nobody cancelled"
                return condemn(Diagnosis(code: .protocolError, problem: problem, quote: text.quote(line)))
            }
            return accept(terminal, after: nil, text.masker)
        case .cancelling(let reason): return accept(terminal, after: reason, text.masker)
        }
    }

    private mutating func accept(_ terminal: Terminal, after cancel: CancelReason?, _ masker: Masker) -> [Effect] {
        if case .success(let result) = terminal, let place = result.placeOfSecret(masker) {
            let problem = "a secret stands in \(place) of the result, which is kept and shown"
            return condemn(Diagnosis(code: .secretInOutput, problem: problem))
        }
        judgement = .reported(terminal, after: cancel)
        return tellHeldProgress(masker) + [.clear(.timeout), .clear(.heartbeat), .reported]
    }

    /// A line that names the job and is no message of it.
    mutating func refuse(_ violation: RuleViolation, _ line: Line, _ text: inout OutputText) -> [Effect] {
        // A level that a later minor version may have added is no reason to fail a job; the line is logged.
        guard isOpen, violation.rule != "LOG-02" else { return stray(line, &text) }
        return condemn(
            Diagnosis(
                code: .protocolError, problem: "a line on stdout is no valid message: \(violation)",
                quote: text.quote(line)))
    }

    mutating func stray(_ line: Line, _ text: inout OutputText) -> [Effect] {
        tell(log.addStray(text.addStray(line), plugin: plugin, offset: line.offset))
    }

    /// The host's own judgement: nothing that the plugin says can change it.
    mutating func condemn(_ diagnosis: Diagnosis, grace: Duration = killGrace) -> [Effect] {
        judgement = .condemned(diagnosis)
        return [.condemned(grace: grace)]
    }

    mutating func fired(_ timer: Timer, after measured: Duration, _ masker: Masker) -> [Effect] {
        switch timer {
        case .timeout: return isOpen ? condemn(timedOut(measured), grace: cancelGrace) : []
        case .heartbeat: return isOpen ? condemn(heartbeatLost(measured), grace: cancelGrace) : []
        case .rate:
            return tellHeldProgress(masker) + (flow.close() ? [.set(.rate, ProgressFlow.window)] : [])
        }
    }

    private func timedOut(_ measured: Duration) -> Diagnosis {
        Diagnosis(
            code: .timedOut, problem: "the job did not end in time",
            excess: .init(limit: "timeoutSeconds \(timeout.components.seconds)", measured: seconds(measured)))
    }

    private func heartbeatLost(_ measured: Duration) -> Diagnosis {
        Diagnosis(
            code: .heartbeatLost, problem: "the plugin gave no sign of life",
            excess: .init(
                limit: "one message in \(3 * (heartbeatSeconds ?? 0)) s, three times its heartbeatSeconds"
                    + " \(heartbeatSeconds ?? 0)", measured: "none for \(seconds(measured))"))
    }

    mutating func tellHeldProgress(_ masker: Masker) -> [Effect] {
        flow.takeHeld().map { [.tell(.progress($0.masked(by: masker)))] } ?? []
    }

    func tell(_ records: [LogRecord]) -> [Effect] { records.map { .tell(.log($0)) } }
}

func seconds(_ duration: Duration) -> String {
    let milliseconds = duration / .milliseconds(1)
    return "\((milliseconds / 100).rounded() / 10) s"
}
