import Glibc
import PluginProtocol
import Processes

extension WorkerSession {
    mutating func begin(_ reportsStatus: Bool) -> [Effect] {
        openStreams = reportsStatus ? [.output, .error, .status] : [.output, .error]
        sandbox = reportsStatus ? SandboxStatus() : nil
        text = OutputText(masker: text.masker)
        hasSpoken = false
        phase = .running(.serving)
        return isShutDown || isLeaving ? retire() : supply() + idle()
    }

    /// A seat is free, or a job is gone that somebody waited for.
    mutating func vacated() -> [Effect] { admit() + idle() + closeIfDone() }

    private mutating func idle() -> [Effect] {
        guard isVacant, phase == .running(.serving) else { return [] }
        return idleTime == .zero ? retire() : [.set(.idle, idleTime)]
    }

    // MARK: Ending in order

    /// Takes no more jobs: another worker has to, at once.
    mutating func leave() -> [Effect] {
        isLeaving = true
        let declined = queue.map(\.jobId) + ready.map(\.job.jobId)
        queue = []
        ready = []
        return declined.map(Effect.decline) + retire()
    }

    /// Sends the process no more jobs, and ends it when those in flight have ended.
    private mutating func retire() -> [Effect] {
        guard phase == .running(.serving) else { return [] }
        phase = .running(.retiring)
        return [.clear(.idle)] + closeIfDone()
    }

    /// Nobody is waited for who was never heard of.
    private mutating func closeIfDone() -> [Effect] {
        guard phase == .running(.retiring), flights.values.allSatisfy(\.isLost) else { return [] }
        phase = .running(.closing)
        return [.closeInput, .set(.exitGrace, PluginSession.exitGrace)]
    }

    private mutating func kill(because: String) -> [Effect] {
        phase = .running(.killed(because: because))
        return [.signal(SIGKILL, .group)]
    }

    mutating func shutdown() -> [Effect] {
        isShutDown = true
        let waiting = queue.map(\.jobId) + ready.map(\.job.jobId)
        queue = []
        ready = []
        for jobId in preparing.keys { _ = cancel(jobId, .shutdown) }
        let cancels = flightIds.flatMap { cancel($0, .shutdown) }
        if phase == .backingOff { phase = .absent }
        return waiting.map { .end($0, .abandoned(.shutdown, nil)) } + cancels + [.clear(.restart)] + retire()
    }

    mutating func fired(_ timer: Timer, after measured: Duration) -> [Effect] {
        switch timer {
        case .job(let jobId, let timer):
            // Once all of it is ended, it has no time any more that could pass.
            guard phase == .running(.serving) || phase == .running(.retiring) || timer == .rate else { return [] }
            guard let effects = flights[jobId]?.conversation.fired(timer, after: measured, text.masker) else {
                return []
            }
            return perform(jobId, effects)
        case .acknowledge(let jobId): return unacknowledged(jobId, measured)
        case .giveUp(let jobId): return givenUp(jobId, measured)
        case .idle: return isVacant ? retire() : []
        case .exitGrace:
            guard phase == .running(.closing) else { return [] }
            phase = .running(.terminated)
            return [.signal(SIGTERM, .graceful(sandbox)), .set(.kill, Conversation.killGrace)]
        case .kill: return phase == .running(.terminated) ? kill(because: "the worker was ended") : []
        case .drain:
            guard case .draining(let exit, let course) = phase else { return [] }
            return release(exit, course)
        case .restart:
            guard phase == .backingOff else { return [] }
            phase = .absent
            return supply()
        case .forget:
            recentCrashes -= 1
            return []
        }
    }

    /// Whoever read the job instead, a child of the worker perhaps, may read the next one, too: so it is the last that
    /// this worker got. The job is dispatched again when the process is gone, which may yet come to it. Spec: HST-25
    private mutating func unacknowledged(_ jobId: String, _ measured: Duration) -> [Effect] {
        guard let flight = flights[jobId], !flight.isAcknowledged, flight.conversation.isOpen else { return [] }
        let diagnosis = Diagnosis(
            code: .ackTimeout,
            problem: "the worker did not acknowledge the job: it does not read its standard input line by line, or a"
                + " child of it reads there (start children with </dev/null)",
            excess: .init(limit: seconds(Self.acknowledgeTime), measured: seconds(measured)))
        let condemned = flights[jobId]!.conversation.condemn(diagnosis, grace: flight.conversation.cancelGrace)
        return perform(jobId, condemned) + leave()
    }

    private mutating func givenUp(_ jobId: String, _ measured: Duration) -> [Effect] {
        guard let flight = flights[jobId], speaking.contains(jobId), case .running = phase else { return [] }
        if !flight.isAcknowledged, phase == .running(.retiring) {
            flights[jobId]?.isLost = true
            return closeIfDone()
        }
        return kill(
            because: "the worker was killed because another of its jobs, \(jobId), was still there \(seconds(measured))"
                + " after its cancel")
    }

    // MARK: The end

    mutating func ended(_ exit: Exit) -> [Effect] {
        guard case .running(let course) = phase else { return [] }
        phase = .draining(exit, course)
        let clear = [Timer.idle, .exitGrace, .kill].map(Effect.clear)
        return clear + (openStreams.isEmpty ? release(exit, course) : [.set(.drain, PluginSession.drain)])
    }

    mutating func end(_ stream: Stream) -> [Effect] {
        openStreams.remove(stream)
        guard openStreams.isEmpty, case .draining(let exit, let course) = phase else { return [] }
        return release(exit, course)
    }

    private mutating func release(_ exit: Exit, _ course: Course) -> [Effect] {
        phase = .releasing(exit, course)
        let rest = text.finish()
        let records = tellAll { $0.log.addError(rest.error) + $0.log.addStray(rest.stray) }
        return records + [.clear(.drain), .signal(SIGKILL, .group), .release]
    }

    mutating func released() -> [Effect] {
        guard case .releasing(let processExit, let course) = phase else { return [] }
        let exit = sandbox?.exit ?? processExit
        let open = flights.values.filter(\.conversation.isOpen)
        let isOurs = course != .serving && course != .retiring
        let isCrash = !isOurs && !isShutDown && !isLeaving && !neverRan(exit) && (!open.isEmpty || exit != .code(0))
        var effects: [Effect] = []
        phase = .absent
        let before = suspects
        if isCrash {
            suspects = Set(open.map(\.action))
            effects += backOff()
        }
        for jobId in flightIds {
            let isPoison = isCrash && before.contains(flights[jobId]!.action)
            effects += end(jobId, exit: (exit, course), isPoison: isPoison)
        }
        reported = []
        return effects + supply() + vacated()
    }

    private func neverRan(_ exit: Exit) -> Bool {
        !hasSpoken && PluginHost.neverRan(sandbox, exit, errorTail: []) != nil
    }

    private mutating func backOff() -> [Effect] {
        phase = .backingOff
        crashes += 1
        recentCrashes += 1
        crashesInRow += 1
        let doublings = min(crashesInRow - 1, 6)
        let delay = min(Self.shortestBackOff * (1 << doublings), Self.longestBackOff)
        return [.set(.restart, delay), .set(.forget(crashes), Self.restartWindow)]
    }

    /// Why a job came to nothing about which the worker said nothing final.
    func lostJob(_ conversation: Conversation, _ exit: Exit, _ course: Course, _ isPoison: Bool) -> Diagnosis {
        if !hasSpoken, let diagnosis = PluginHost.neverRan(sandbox, exit, errorTail: conversation.log.tail) {
            return diagnosis
        }
        if isPoison {
            return Diagnosis(
                code: .poisonJob,
                problem: "the worker crashed twice in a row with this job in flight, so it is not tried again:"
                    + " \(exit.sentence)")
        }
        if case .killed(let because) = course { return Diagnosis(code: .workerCrashed, problem: because) }
        return Diagnosis(code: .workerCrashed, problem: "the worker crashed with the job in flight: \(exit.sentence)")
    }
}
