import PluginProtocol
import Processes

extension Conversation {
    /// What a terminal message that stands comes to, where the end of the process changes nothing about it.
    func verdict(_ terminal: Terminal, after cancel: CancelReason?, _ masker: Masker) -> Verdict {
        switch terminal {
        case .success(let result):
            let result = result.masked(by: masker)
            guard let token = result.continuationToken else { return .succeeded(result) }
            return .continues(
                result, token: token, afterSeconds: result.continueAfterSeconds ?? Verdict.defaultPollSeconds)
        case .failure(let result):
            return .failed(
                Failure(
                    type: result.type, message: masker.mask(result.message),
                    externalExecutionId: (result.externalExecutionId ?? externalExecutionId).map(masker.mask)))
        case .abandoned(let result):
            guard let cancel else {
                preconditionFailure("an unasked abandonment is condemned when it is read")
            }
            return .abandoned(cancel, result.executionDetails?.masked(by: masker))
        }
    }

    /// - Parameter exit: nil while the process runs.
    func failure(_ diagnosis: Diagnosis, _ exit: Exit?, _ masker: Masker) -> Failure {
        var failure = Failure(
            type: diagnosis.code.failureType, hostCode: diagnosis.code,
            message: masker.mask(diagnosis.message(plugin: plugin, jobId: jobId, exit: exit, errorTail: log.tail)),
            externalExecutionId: externalExecutionId.map(masker.mask))
        if case .signal(let number)? = exit { failure.signal = number }
        return failure
    }
}

extension JobSuccessResult {
    func placeOfSecret(_ masker: Masker) -> String? {
        if let token = continuationToken, masker.holdsSecret(token) { return "the continuation token" }
        if let cursor, masker.holdsSecret(cursor) { return "the cursor" }
        return outputVariables.sorted { $0.key < $1.key }
            .first { masker.holdsSecret($0.value) || masker.holdsSecret($0.key) }
            .map { "the output variable \(masker.mask($0.key))" }
    }

    func masked(by masker: Masker) -> JobSuccessResult {
        var result = self
        result.executionDetails = executionDetails?.masked(by: masker)
        result.currentRevision = currentRevision?.masked(by: masker)
        for index in changes.indices { result.changes[index] = changes[index].masked(by: masker) }
        return result
    }
}

extension Progress {
    func masked(by masker: Masker) -> Progress {
        Progress(
            executionDetails: executionDetails.masked(by: masker),
            currentRevision: currentRevision?.masked(by: masker))
    }
}

extension ExecutionDetails {
    fileprivate func masked(by masker: Masker) -> ExecutionDetails {
        ExecutionDetails(
            summary: summary.map(masker.mask), percentComplete: percentComplete,
            externalExecutionId: externalExecutionId.map(masker.mask))
    }
}

extension Revision {
    fileprivate func masked(by masker: Masker) -> Revision {
        var revision = self
        revision.revision = masker.mask(self.revision)
        revision.changeIdentifier = changeIdentifier.map(masker.mask)
        revision.revisionSummary = revisionSummary.map(masker.mask)
        return revision
    }
}

extension Change {
    fileprivate func masked(by masker: Masker) -> Change {
        Change(
            revision: revision.masked(by: masker), branch: branch.map(masker.mask), tag: tag.map(masker.mask),
            files: files.map(masker.mask), author: author.map(masker.mask))
    }
}
