import PluginProtocol
import Processes

extension WorkerSession {
    /// Gives free seats away, in the order in which they were wanted.
    mutating func admit() -> [Effect] {
        var effects: [Effect] = []
        while let wish = queue.first, hasSeat(for: wish) {
            preparing[wish.jobId] = queue.removeFirst()
            effects.append(.admit(wish.jobId))
        }
        return effects + (effects.isEmpty ? [] : [.clear(.idle)])
    }

    /// Whoever was in flight in a crash runs alone the next time, so that nobody else is taken for what crashed it.
    private func hasSeat(for wish: Wish) -> Bool {
        let taken = preparing.count + ready.count + flights.count
        guard taken > 0, !suspects.isEmpty else { return taken < seats }
        let actions = preparing.values.map(\.action) + ready.map(\.action) + flights.values.map(\.action)
        return taken < seats && !suspects.contains(wish.action) && suspects.isDisjoint(with: actions)
    }

    mutating func take(_ job: Job, _ masker: Masker) -> [Effect] {
        guard let wish = preparing.removeValue(forKey: job.jobId) else { return [] }
        if let reason = wish.cancelled { return [.end(job.jobId, .abandoned(reason, nil))] + vacated() }
        guard !isLeaving else { return [.decline(job.jobId)] + vacated() }
        ready.append(Ready(job: job, masker: masker))
        return supply()
    }

    /// Sends what is ready, or has a process started for it.
    mutating func supply() -> [Effect] {
        guard recentCrashes <= Self.restartLimit else { return failReady(Failure(.workerCrashed, tooManyCrashes)) }
        switch phase {
        case .absent:
            guard !ready.isEmpty else { return [] }
            phase = .starting
            return [.start]
        case .running(.serving):
            let next = ready
            ready = []
            return next.flatMap { send($0) }
        case .backingOff, .starting, .running, .draining, .releasing: return []
        }
    }

    private var tooManyCrashes: String {
        "the worker of plugin \(plugin) crashed \(recentCrashes) times within \(Self.restartWindow.components.seconds) s;"
            + " it is started again when fewer than \(Self.restartLimit + 1) of them are as recent"
    }

    mutating func failReady(_ failure: Failure) -> [Effect] {
        let failed = ready
        ready = []
        return failed.map { .end($0.job.jobId, .failed(failure)) } + vacated()
    }

    private mutating func send(_ next: Ready) -> [Effect] {
        let jobId = next.job.jobId
        let conversation = Conversation(next.job, plugin: plugin, heartbeatSeconds: heartbeatSeconds)
        sent += 1
        flights[jobId] = Flight(number: sent, action: next.action, conversation: conversation, masker: next.masker)
        speaking.insert(jobId)
        remember(next.masker)
        return [.send(.job(next.job))] + perform(jobId, conversation.begin(unmaskable: next.masker.unmaskable))
            + [.set(.acknowledge(jobId), Self.acknowledgeTime)]
    }

    /// A secret of one job may turn up with any other, also after its own job's end.
    private mutating func remember(_ secrets: Masker) {
        text.masker.register(secrets)
        newSecrets.register(secrets)
        guard newSecrets.count > Self.rememberedSecrets else { return }
        text.masker = flights.values.reduce(into: newSecrets) { $0.register($1.masker) }
        newSecrets = Masker()
    }

    // MARK: What is said

    mutating func read(_ line: Line) -> [Effect] {
        switch line.stream {
        case .status: return sandbox?.read(line.bytes).map { [.sandboxed($0)] } ?? []
        case .error:
            let lines = text.addError(line)
            // Nobody can tell whose they are.
            return tellAll { $0.log.addError(lines) }
        case .output: return readOutput(line)
        }
    }

    private mutating func readOutput(_ line: Line) -> [Effect] {
        switch LineClass(line.bytes, ending: line.ending.onTheWire, jobIds: speaking) {
        case .blank: return []
        case .stray, .truncated:
            let lines = text.addStray(line)
            return tellAll { [plugin] in $0.log.addStray(lines, plugin: plugin, offset: line.offset) }
        case .message(let message): return take(message, line)
        case .protocolError(let jobId, let violation):
            return perform(jobId, flights[jobId]!.conversation.refuse(violation, line, &text))
        }
    }

    mutating func tellAll(_ add: (inout Conversation) -> [LogRecord]) -> [Effect] {
        flightIds.flatMap { jobId in add(&flights[jobId]!.conversation).map { .tell(jobId, .log($0)) } }
    }

    private mutating func take(_ message: PluginMessage, _ line: Line) -> [Effect] {
        let jobId = message.jobId
        hasSpoken = true
        var effects: [Effect] = []
        if !flights[jobId]!.isAcknowledged {
            flights[jobId]!.isAcknowledged = true
            effects.append(.clear(.acknowledge(jobId)))
        }
        if case .condemned = flights[jobId]!.conversation.judgement, message.body.isTerminal {
            // The plugin has given it up: that is all that was asked for.
            return effects + close(jobId)
        }
        return effects + perform(jobId, flights[jobId]!.conversation.take(message.body, line, &text))
    }

    /// What a conversation asks for.
    mutating func perform(_ jobId: String, _ effects: [Conversation.Effect]) -> [Effect] {
        effects.flatMap { effect -> [Effect] in
            switch effect {
            case .tell(let report):
                if case .mask(let secret) = report {
                    flights[jobId]?.masker.register(secret, name: "of a mask message")
                    remember(Masker(secrets: ["of a mask message": secret]))
                }
                return [.tell(jobId, report)]
            case .set(let timer, let duration): return [.set(.job(jobId, timer), duration)]
            case .clear(let timer): return [.clear(.job(jobId, timer))]
            case .condemned(let grace): return giveUp(jobId, grace: grace)
            case .reported: return close(jobId)
            }
        }
    }

    private mutating func close(_ jobId: String) -> [Effect] {
        speaking.remove(jobId)
        reported.append(jobId)
        return []
    }

    /// All that the plugin wrote before these results has been read: they can be told. Spec: HST-03
    mutating func settle() -> [Effect] {
        guard !reported.isEmpty else { return [] }
        let ended = reported
        reported = []
        crashesInRow = 0
        return ended.flatMap { end($0, exit: nil) } + vacated()
    }

    // MARK: Giving up

    mutating func cancel(_ jobId: String, _ reason: CancelReason) -> [Effect] {
        if let index = queue.firstIndex(where: { $0.jobId == jobId }) {
            queue.remove(at: index)
            return [.end(jobId, .abandoned(reason, nil))] + vacated()
        }
        if let index = ready.firstIndex(where: { $0.job.jobId == jobId }) {
            ready.remove(at: index)
            return [.end(jobId, .abandoned(reason, nil))] + vacated()
        }
        if preparing[jobId]?.cancelled == nil { preparing[jobId]?.cancelled = reason }
        // A result that is told or a failure that is known is not changed by a cancel.
        guard let conversation = flights[jobId]?.conversation, conversation.isOpen else { return [] }
        flights[jobId]?.conversation.judgement = .cancelling(reason)
        return giveUp(jobId, grace: conversation.cancelGrace)
    }

    /// Asks the plugin to give a job up, and sees to it.
    func giveUp(_ jobId: String, grace: Duration) -> [Effect] {
        guard case .running = phase, let conversation = flights[jobId]?.conversation else { return [] }
        let cancel = Cancel(
            jobId: jobId, reason: conversation.cancelReason, graceSeconds: Int(grace.components.seconds))
        return [
            .clear(.job(jobId, .timeout)), .clear(.job(jobId, .heartbeat)), .clear(.acknowledge(jobId)),
            .send(.cancel(cancel)), .set(.giveUp(jobId), grace),
        ]
    }

    /// Tells a job's end.
    /// - Parameter exit: of the process; nil while it runs.
    mutating func end(_ jobId: String, exit: (Exit, Course)?, isPoison: Bool = false) -> [Effect] {
        guard var flight = flights.removeValue(forKey: jobId) else { return [] }
        speaking.remove(jobId)
        if exit == nil || isPoison { suspects.remove(flight.action) }
        let records = flight.conversation.tell(flight.conversation.log.finish())
        let rest = perform(jobId, flight.conversation.tellHeldProgress(text.masker) + records)
        let timers: [Timer] = [
            .job(jobId, .timeout), .job(jobId, .heartbeat), .job(jobId, .rate), .acknowledge(jobId), .giveUp(jobId),
        ]
        return rest + timers.map(Effect.clear) + [.end(jobId, verdict(flight.conversation, exit, isPoison))]
    }

    private func verdict(_ conversation: Conversation, _ exit: (Exit, Course)?, _ isPoison: Bool) -> Verdict {
        switch conversation.judgement {
        case .reported(let terminal, let cancel):
            return conversation.verdict(terminal, after: cancel, text.masker)
        case .condemned(let diagnosis): return .failed(conversation.failure(diagnosis, exit?.0, text.masker))
        case .cancelling(let reason): return .abandoned(reason, nil)
        case .open:
            guard let (exit, course) = exit else { preconditionFailure("a job whose worker runs ends by a message") }
            let diagnosis = lostJob(conversation, exit, course, isPoison)
            return .failed(conversation.failure(diagnosis, exit, text.masker))
        }
    }
}

extension Conversation {
    /// As the plugin is told.
    fileprivate var cancelReason: CancelReason {
        switch judgement {
        case .cancelling(let reason): reason
        case .condemned(let diagnosis) where [.timedOut, .heartbeatLost, .ackTimeout].contains(diagnosis.code):
            .timeout
        case .condemned, .open, .reported: .user
        }
    }
}

extension PluginMessage.Body {
    fileprivate var isTerminal: Bool {
        switch self {
        case .jobSuccessResult, .jobFailureResult, .jobAbandonedResult: true
        case .acknowledge, .progress, .log, .mask: false
        }
    }
}
