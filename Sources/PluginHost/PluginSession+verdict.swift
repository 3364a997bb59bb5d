import PluginProtocol
import Processes

extension PluginSession {
    /// The verdict table (protocol, section 4.4).
    func verdict(_ processExit: Exit, _ teardown: Teardown) -> Verdict {
        let exit = sandbox?.exit ?? processExit
        switch conversation.judgement {
        case .condemned(let diagnosis): return .failed(conversation.failure(diagnosis, exit, text.masker))
        case .cancelling(let reason): return .abandoned(reason, nil)
        case .reported(.success, let cancel) where !stands(exit, teardown, after: cancel):
            let diagnosis = Diagnosis(code: .exitAfterSuccess, problem: "\(exit.sentence) after reporting success")
            return .failed(conversation.failure(diagnosis, exit, text.masker))
        case .reported(let terminal, let cancel): return conversation.verdict(terminal, after: cancel, text.masker)
        case .open: return .failed(conversation.failure(endWithoutResult(exit), exit, text.masker))
        }
    }

    /// Whether a reported success stands with this end of the process.
    ///
    /// Once we have ended a process that lingered, its status says nothing about the work; after a cancel only death by
    /// a signal says nothing.
    private func stands(_ exit: Exit, _ teardown: Teardown, after cancel: CancelReason?) -> Bool {
        switch (exit, teardown) {
        case (.code(0), _), (_, .killed): true
        case (_, .none): false
        case (.signal, .terminated): true
        case (.code, .terminated): cancel == nil
        }
    }

    private func endWithoutResult(_ exit: Exit) -> Diagnosis {
        if conversation.messages == 0,
            let diagnosis = neverRan(sandbox, exit, errorTail: conversation.log.tail)
        {
            return diagnosis
        }
        if let cutOff {
            let problem = "\(exit.sentence), and its last message is cut off; flush stdout before the end"
            return Diagnosis(code: .noResult, problem: problem, quote: cutOff)
        }
        switch exit {
        case .code(0):
            return Diagnosis(
                code: .noResult, problem: "no result: the plugin ended without jobSuccessResult or jobFailureResult")
        case .code: return Diagnosis(code: .noResult, problem: "\(exit.sentence) without a result")
        case .signal(let number):
            if let limit = fatalSignals[number] {
                return Diagnosis(code: .limitExceeded, problem: "\(exit.sentence): \(limit)")
            }
            let hint = number == 9 ? "; the kernel does this when memory runs out" : ""
            return Diagnosis(code: .signalled, problem: "\(exit.sentence) without a result\(hint)")
        }
    }
}
