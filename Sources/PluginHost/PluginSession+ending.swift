import Glibc
import PluginProtocol
import Processes

extension PluginSession {
    mutating func cancel(_ reason: CancelReason) -> [Effect] {
        // A result that is told, a failure that is known or an end that has come is not changed by a cancel.
        guard conversation.isOpen, case .running = process else { return [] }
        conversation.judgement = .cancelling(reason)
        return terminate(grace: conversation.cancelGrace)
    }

    /// Asks the process to end, and sees to it.
    mutating func terminate(grace: Duration) -> [Effect] {
        guard process == .running(.none) else { return [] }
        process = .running(.terminated)
        return [
            .clear(.timeout), .clear(.heartbeat), .clear(.exitGrace), .closeInput,
            .signal(SIGTERM, .graceful(sandbox)), .set(.kill, grace),
        ]
    }

    mutating func fired(_ timer: Timer, after measured: Duration) -> [Effect] {
        switch timer {
        case .job(.rate): return perform(conversation.fired(.rate, after: measured, text.masker))
        case .job(let timer):
            guard case .running = process else { return [] }
            return perform(conversation.fired(timer, after: measured, text.masker))
        case .exitGrace:
            guard conversation.isReported, process == .running(.none) else { return [] }
            let remark = remark("the plugin lingered: it still ran \(seconds(measured)) after its result, and is ended")
            return [.tell(.log(remark))] + terminate(grace: Conversation.killGrace)
        case .kill:
            guard process == .running(.terminated) else { return [] }
            process = .running(.killed)
            return [.signal(SIGKILL, .group)]
        case .drain:
            guard case .draining(let exit, let teardown) = process else { return [] }
            let remark = remark("a process that the plugin left behind kept its pipes open, and is killed")
            return [.tell(.log(remark))] + finish(exit, teardown)
        }
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
        let rest = text.finish()
        let records = perform(conversation.tell(conversation.log.finish(error: rest.error, stray: rest.stray)))
        let progress = perform(conversation.tellHeldProgress(text.masker))
        let verdict = verdict(exit, teardown)
        process = .finished
        return records + progress + [.clear(.drain), .clear(.rate), .signal(SIGKILL, .group), .finish(verdict)]
    }
}
