import PluginProtocol
import Processes

extension Bench {
    /// Whether a fixture ends as it should when it is run as it stands.
    ///
    /// What goes wrong there already must not be blamed on anything that is tried besides.
    func isSound(_ fixture: Fixture) async throws -> Bool { try await plainRun(of: fixture).disappointment == nil }
}

extension Bench {
    /// The primary fixture, for a probe in which it has to end as ever; nil where there is none.
    /// - Throws: `KitFault` when even a plain run of it does not.
    func soundPrimary() async throws -> Fixture? {
        guard let primary else { return nil }
        guard try await isSound(primary) else { throw KitFault(notAsExpected: primary) }
        return primary
    }
}

extension KitFault {
    init(notAsExpected fixture: Fixture) {
        self.init("it does not end as it should, so nothing more was tried with it", fixture: fixture.name)
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
