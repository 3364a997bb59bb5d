import Glibc
import PluginProtocol
import Processes

extension PluginSession {
    mutating func cancel(_ reason: CancelReason) -> [Effect] {
        // A result that is told, a failure that is known or an end that has come is not changed by a cancel.
        guard case .open = judgement, case .running = process else { return [] }
        judgement = .cancelling(reason)
        return terminate(grace: cancelGrace)
    }

    /// The host's own judgement: nothing that the plugin says can change it.
    mutating func condemn(_ diagnosis: Diagnosis, grace: Duration) -> [Effect] {
        judgement = .condemned(diagnosis)
        return terminate(grace: grace)
    }

    /// Asks the process to end, and sees to it.
    private mutating func terminate(grace: Duration) -> [Effect] {
        guard process == .running(.none) else { return [] }
        process = .running(.terminated)
        return [
            .clear(.timeout), .clear(.heartbeat), .clear(.exitGrace), .closeInput, .signal(SIGTERM, gracefulTarget),
            .set(.kill, grace),
        ]
    }

    /// SIGTERM to a sandbox kills all at once; its child's group has a chance to end in order.
    private var gracefulTarget: Target {
        guard let sandbox, sandbox.exit == nil, let pid = sandbox.childPid else { return .group }
        return .innerGroup(pid)
    }

    mutating func fired(_ timer: Timer, after measured: Duration) -> [Effect] {
        switch timer {
        case .timeout, .heartbeat:
            guard case .open = judgement, case .running = process else { return [] }
            return condemn(timer == .timeout ? timedOut(measured) : heartbeatLost(measured), grace: cancelGrace)
        case .exitGrace:
            guard case .reported = judgement, process == .running(.none) else { return [] }
            let remark = remark("the plugin lingered: it still ran \(seconds(measured)) after its result, and is ended")
            return [.log(remark)] + terminate(grace: Self.killGrace)
        case .kill:
            guard process == .running(.terminated) else { return [] }
            process = .running(.killed)
            return [.signal(SIGKILL, .group)]
        case .drain:
            guard case .draining(let exit, let teardown) = process else { return [] }
            let remark = remark("a process that the plugin left behind kept its pipes open, and is killed")
            return [.log(remark)] + finish(exit, teardown)
        case .rate:
            return tellHeldProgress() + (flow.close() ? [.set(.rate, ProgressFlow.window)] : [])
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

    mutating func ended(_ exit: Exit) -> [Effect] {
        guard case .running(let teardown) = process else { return [] }
        process = .draining(exit, teardown)
        let clear = [Timer.timeout, .heartbeat, .exitGrace, .kill].map(Effect.clear)
        return clear + (openStreams.isEmpty ? finish(exit, teardown) : [.set(.drain, Self.drain)])
    }

    mutating func end(_ stream: Stream) -> [Effect] {
        openStreams.remove(stream)
        guard openStreams.isEmpty, case .draining(let exit, let teardown) = process else { return [] }
        return finish(exit, teardown)
    }

    /// What of the plugin's group is left is killed, whatever the verdict. Spec: HST-07
    private mutating func finish(_ exit: Exit, _ teardown: Teardown) -> [Effect] {
        let records = log.finish().map(Effect.log)
        let progress = tellHeldProgress()
        let verdict = verdict(exit, teardown)
        process = .finished
        return records + progress + [.clear(.drain), .clear(.rate), .signal(SIGKILL, .group), .finish(verdict)]
    }
}

private func seconds(_ duration: Duration) -> String {
    let milliseconds = duration / .milliseconds(1)
    return "\((milliseconds / 100).rounded() / 10) s"
}
