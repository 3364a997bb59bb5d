import PluginProtocol
import Processes

extension PluginSession {
    /// The verdict table (protocol, section 4.4).
    func verdict(_ processExit: Exit, _ teardown: Teardown) -> Verdict {
        let exit = sandbox?.exit ?? processExit
        switch judgement {
        case .condemned(let diagnosis): return .failed(failure(diagnosis, exit))
        case .cancelling(let reason): return .abandoned(reason, nil)
        case .reported(.failure(let result), _): return .failed(masked(result))
        case .reported(.abandoned(let result), let reason):
            precondition(reason != nil, "an unasked abandonment is condemned when it is read")
            return .abandoned(reason!, result.executionDetails.map(masked))
        case .reported(.success(let result), let cancel):
            guard stands(exit, teardown, after: cancel) else {
                return .failed(
                    failure(
                        Diagnosis(code: .exitAfterSuccess, problem: "\(exit.sentence) after reporting success"), exit))
            }
            return success(masked(result))
        case .open: return .failed(failure(endWithoutResult(exit, teardown), exit))
        }
    }

    private func success(_ result: JobSuccessResult) -> Verdict {
        guard let token = result.continuationToken else { return .succeeded(result) }
        return .continues(
            result, token: token, afterSeconds: result.continueAfterSeconds ?? Verdict.defaultPollSeconds)
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

    private func endWithoutResult(_ exit: Exit, _ teardown: Teardown) -> Diagnosis {
        if let sandbox, sandbox.exit == nil, messages == 0, case .code = exit {
            // The file itself was looked at before; what it starts with was not.
            if log.tail.last?.hasPrefix("bwrap: execvp ") == true {
                return Diagnosis(
                    code: .commandNotFound,
                    problem: "the plugin's program cannot be started inside the sandbox: the interpreter in its first"
                        + " line must be below /usr or in the plugin's folder")
            }
            return Diagnosis(code: .sandboxFailed, problem: "the sandbox could not be made, so the plugin never ran")
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
            let hint = number == 9 ? "; the kernel does this when memory runs out" : ""
            return Diagnosis(code: .signalled, problem: "\(exit.sentence) without a result\(hint)")
        }
    }

    private func failure(_ diagnosis: Diagnosis, _ exit: Exit) -> Failure {
        Failure(
            type: diagnosis.code.failureType, hostCode: diagnosis.code,
            message: log.masker.mask(
                diagnosis.message(plugin: plugin, jobId: jobId, exit: exit, errorTail: log.tail)),
            externalExecutionId: externalExecutionId.map(log.masker.mask))
    }

    private func masked(_ result: JobFailureResult) -> Failure {
        Failure(
            type: result.type, message: log.masker.mask(result.message),
            externalExecutionId: (result.externalExecutionId ?? externalExecutionId).map(log.masker.mask))
    }

    private func masked(_ result: JobSuccessResult) -> JobSuccessResult {
        var result = result
        result.executionDetails = result.executionDetails.map(masked)
        result.currentRevision = result.currentRevision.map(masked)
        for index in result.changes.indices { result.changes[index].revision = masked(result.changes[index].revision) }
        return result
    }

    func masked(_ progress: Progress) -> Progress {
        Progress(
            executionDetails: masked(progress.executionDetails), currentRevision: progress.currentRevision.map(masked))
    }

    private func masked(_ details: ExecutionDetails) -> ExecutionDetails {
        ExecutionDetails(
            summary: details.summary.map(log.masker.mask), percentComplete: details.percentComplete,
            externalExecutionId: details.externalExecutionId.map(log.masker.mask))
    }

    private func masked(_ revision: Revision) -> Revision {
        var revision = revision
        revision.revision = log.masker.mask(revision.revision)
        revision.changeIdentifier = revision.changeIdentifier.map(log.masker.mask)
        revision.revisionSummary = revision.revisionSummary.map(log.masker.mask)
        return revision
    }
}
