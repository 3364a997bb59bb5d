/// What answers in place of an action's plugin, or of whoever would answer an approval; chosen at the start.
public enum Stub: Hashable, Sendable, Codable {
    case action(ActionStub)
    case approval(ApprovalStub)

    // A stub of the wrong kind fails its action, which must not run for real on any account.

    func forAction() throws(ActionFailure) -> ActionStub {
        if case .action(let stub) = self { return stub }
        throw ActionFailure(code: "ConfigurationError", message: "the stub of this action is one for an approval")
    }

    func forApproval() throws(ActionFailure) -> ApprovalStub {
        if case .approval(let stub) = self { return stub }
        throw ActionFailure(code: "ConfigurationError", message: "the stub of this approval is none for an approval")
    }
}

/// Answers in place of a plugin.
public struct ActionStub: Hashable, Sendable, Codable {
    public enum Outcome: Hashable, Sendable, Codable {
        /// `files` by output artifact: text by path.
        case succeeds(outputVariables: [String: String], files: [String: [String: String]])
        case fails(ActionFailure)
    }
    public var outcome: Outcome
    public var delaySeconds: Int

    public init(_ outcome: Outcome, delaySeconds: Int = 0) {
        self.outcome = outcome
        self.delaySeconds = delaySeconds
    }

    /// When it answers a job that begins at `moment`: never after the action's time limit.
    public func moment(for dispatch: Dispatch, from moment: Instant) -> Instant {
        min(moment.adding(seconds: delaySeconds), dispatch.deadline)
    }

    /// Its answer, which is the time limit's when that comes first.
    /// - Parameter artifacts: digests by name, of what was made of its files.
    public func event(for dispatch: Dispatch, at moment: Instant, artifacts: [String: String]) -> Event {
        let attempt = dispatch.attempt
        guard moment < dispatch.deadline else {
            let message = "the action as a whole has reached its time limit"
            return .actionFailed(attempt, ActionFailure(code: "JobFailed", message: message))
        }
        switch outcome {
        case .succeeds(let variables, _):
            let external = ExternalExecution(summary: "answered by a stub")
            return .actionSucceeded(
                attempt, ActionResult(outputVariables: variables, artifacts: artifacts, external: external))
        case .fails(let failure): return .actionFailed(attempt, failure)
        }
    }
}

/// Answers in place of a reviewer.
public enum ApprovalStub: Hashable, Sendable, Codable {
    case answers(ApprovalAnswer.Status, summary: String, afterSeconds: Int)
    /// Nil: when the approval's own time is over.
    case expires(afterSeconds: Int?)

    /// When the approval is over that begins at `moment` and has time until `deadline`.
    func expiry(from moment: Instant, deadline: Instant) -> Instant {
        if case .expires(let seconds?) = self { min(moment.adding(seconds: seconds), deadline) } else { deadline }
    }

    /// When it answers a request that was made at `moment`.
    public func moment(for request: ApprovalRequest, from moment: Instant) -> Instant {
        switch self {
        case .answers(_, _, let seconds): min(moment.adding(seconds: seconds), request.expires)
        case .expires: request.expires
        }
    }

    /// Its answer, which is that nobody answered when the time is over.
    public func event(for request: ApprovalRequest, at moment: Instant) -> Event {
        switch self {
        case .answers(let status, let summary, _) where moment < request.expires:
            let answer = ApprovalAnswer(token: request.token, status: status, summary: summary, by: "a stub")
            return .approvalAnswered(request.attempt, answer)
        case .answers, .expires: return .approvalExpired(request.attempt)
        }
    }
}

extension KeyedDecodingContainer {
    /// An execution that was recorded before there were stubs has none.
    func decode(_ type: [String: Stub].Type, forKey key: Key) throws -> [String: Stub] {
        try decodeIfPresent(type, forKey: key) ?? [:]
    }
}
