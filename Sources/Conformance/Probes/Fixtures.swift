import PluginProtocol
import Processes

extension Probe {
    /// Every fixture once, as a host would run it.
    static let fixtures = Probe(
        "fixtures", "every case is run once and compared with what it expects", judging: ["RES-02", "RES-11", "LIF-01"]
    ) { bench in
        var findings: [Finding] = []
        for fixture in bench.setting.fixtures where fixture.traits.isDisjoint(with: [.longRunning, .continues]) {
            findings += try await bench.judgeEnd(of: bench.plainRun(of: fixture))
        }
        return findings
    }
}

extension Bench {
    /// What the end of a run of a fixture, in which nothing was done to the plugin, says of it.
    func judgeEnd(of recording: Recording) async throws -> [Finding] {
        guard let errand = recording.errands.first else { return [] }
        let fixture = errand.fixture
        func finding(_ rule: String, _ evidence: String, _ hint: String) -> Finding {
            Finding(rule, fixture: fixture.name, probe: recording.probe, evidence: evidence, hint: hint)
        }
        if errand.isOverdue {
            return [
                finding(
                    "RES-02", "no terminal message within the \(errand.job.timeoutSeconds) seconds of the job",
                    "end the work in time; a fixture that needs longer says so with timeoutSeconds")
            ]
        }
        guard let mismatch = recording.mismatch(of: errand) else {
            return recording.objection.map { [finding("RES-11", $0, "mend the plugin, or the fixture's verify")] } ?? []
        }
        var findings = [finding("RES-11", mismatch, "mend the plugin, or the fixture's expect")]
        guard fixture.expect.status == .succeeded else { return findings }
        var generous = Scene.Start()
        generous.isGenerous = true
        let again = try await run(fixture, probe: recording.probe, start: generous)
        if again.mismatch(of: again.errands[0]) == nil {
            findings.append(
                finding(
                    "LIF-01", "it does as expected only with a terminal and with USER, LOGNAME, SHELL and TERM",
                    "rely on nothing but the environment that the contract lists"))
        }
        return findings
    }
}

extension Recording {
    /// How the end of a job differs from what its fixture expects; nil when it does not.
    func mismatch(of errand: Errand) -> String? {
        let expected = errand.fixture.expect
        switch terminal(of: errand.job.jobId) {
        case nil:
            return "expected \(expected.status.rawValue), but no terminal message came; \(endDescription)"
        case .jobSuccessResult(let result)?:
            guard expected.status == .succeeded else { return "expected \(expected.status.rawValue), but it succeeded" }
            for (name, value) in expected.outputVariables.sorted(by: { $0.key < $1.key }) {
                guard result.outputVariables[name] != value else { continue }
                return "expected the output variable \(name) to be \"\(value)\", found "
                    + (result.outputVariables[name].map { "\"\($0)\"" } ?? "none of that name")
            }
            return nil
        case .jobFailureResult(let result)?:
            let said = "failed with \(result.type.rawValue): \(result.message)"
            guard expected.status == .failed else { return "expected \(expected.status.rawValue), but it \(said)" }
            guard let type = expected.failureType, type != result.type else { return nil }
            return "expected the failure type \(type.rawValue), but it \(said)"
        case .jobAbandonedResult?:
            return expected.status == .abandoned ? nil : "expected \(expected.status.rawValue), but it was abandoned"
        case .acknowledge?, .progress?, .log?, .mask?: return nil
        }
    }

    /// How the process ended, with its last words.
    var endDescription: String {
        let words = log.suffix(3).map(\.heard.text).joined(separator: " / ")
        return exit.description + (words.isEmpty ? "" : "; its log ends with: \(quote(words.utf8))")
    }
}

extension Exit? {
    var description: String {
        switch self {
        case .code(let code)?: "it exited with status \(code)"
        case .signal(let signal)?: "it was ended by \(signalName(signal))"
        case nil: "it did not end"
        }
    }
}
