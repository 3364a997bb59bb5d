import PluginProtocol
import Processes

extension Bench {
    /// A fixture run as it stands: as it was seen before, or by running it now.
    ///
    /// What goes wrong there already must not be blamed on anything that is tried besides.
    func plain(_ fixture: Fixture) async throws -> Recording {
        let probe = fixture.traits.contains(.longRunning) ? "long" : "fixtures"
        let known = recordings.first { $0.fixture == fixture.name && $0.probe == probe }
        if let known { return known }
        return try await run(fixture, probe: probe)
    }

    /// Whether a fixture ends as it should when it is run as it stands.
    func isSound(_ fixture: Fixture) async throws -> Bool {
        let recording = try await plain(fixture)
        return recording.endsAsExpected(recording.errands[0])
    }
}

extension Recording {
    func endsAsExpected(_ errand: Errand) -> Bool {
        mismatch(of: errand) == nil && !errand.isOverdue && (!isFinalSuccess(errand) || errand.missingOutputs.isEmpty)
    }

    /// How long the job took to its terminal message, or to the end of the process.
    func duration(of errand: Errand) -> Duration { (errand.terminalAt ?? exitedAt ?? errand.at) - errand.at }

    /// Whether a message about the job breaks a rule of its own: then there is no result for that reason.
    func holdsWrongMessage(of errand: Errand) -> Bool {
        output.contains { line in
            guard case .protocolError(let id, let violation) = line.heard.means else { return false }
            return id == errand.job.jobId && violation.rule != "LOG-02"
        }
    }
}
