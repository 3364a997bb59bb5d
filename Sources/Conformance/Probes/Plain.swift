import PluginProtocol
import Processes

extension Bench {
    /// Whether a fixture ends as it should when it is run as it stands.
    ///
    /// What goes wrong there already must not be blamed on anything that is tried besides.
    func isSound(_ fixture: Fixture) async throws -> Bool { try await plainRun(of: fixture).disappointment == nil }

    /// The fixture, to try something with it besides.
    /// - Throws: `KitFault` when it does not end as it should: what is asked for cannot be judged by it then.
    func sound(_ fixture: Fixture) async throws -> Fixture {
        guard let disappointment = try await plainRun(of: fixture).disappointment else { return fixture }
        throw KitFault(
            "it does not end as it should even when it is run as it stands: \(disappointment)", fixture: fixture.name)
    }
}

extension Recording {
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
