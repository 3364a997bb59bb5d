import PluginProtocol

extension Check {
    /// A rule whose breaches all have the same hint.
    static func evident(_ rule: String, _ evidence: @escaping @Sendable (Recording) -> [String]) -> Check {
        Check(rule) { recording in evidence(recording).map { Breach($0, hint: Rule.hint(for: rule)) } }
    }
}

extension Finding {
    init(_ rule: String, in recording: Recording, _ evidence: String) {
        self.init(
            rule, fixture: recording.fixture, probe: recording.probe, evidence: evidence, hint: Rule.hint(for: rule))
    }
}

extension Recording {
    /// Whether the job has a result that is the action's: a success that asks for no continuation.
    func isFinalSuccess(_ errand: Errand) -> Bool {
        guard case .jobSuccessResult(let result)? = terminal(of: errand.job.jobId) else { return false }
        return result.continuationToken == nil
    }
}
