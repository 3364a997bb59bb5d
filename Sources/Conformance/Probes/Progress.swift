import PluginProtocol
import Processes

extension Probe {
    static let ofProgress: [Probe] = [long]

    private static let long = Probe(
        "long", "the cases that take long are run, and the times of their messages are looked at",
        judging: ["FRM-10", "PRG-03", "PRG-04", "RES-02", "RES-11"]
    ) { bench in
        var findings: [Finding] = []
        let run = bench.setting.manifest.run
        for fixture in bench.setting.fixtures
        where fixture.traits.contains(.longRunning) && !fixture.traits.contains(.continues) {
            let recording = try await bench.plainRun(of: fixture)
            findings += try await bench.judgeEnd(of: recording)
            // Messages that were kept back tell nothing about when they were sent.
            if let unflushed = recording.unflushed(bench.setting.scale) {
                findings.append(Finding("FRM-10", in: recording, unflushed))
            } else {
                let silence = run.heartbeatSeconds.flatMap { recording.silence(heartbeatSeconds: $0) }
                findings += silence.map { [Finding("PRG-03", in: recording, $0)] } ?? []
                findings += recording.lackOfSummary.map { [Finding("PRG-04", in: recording, $0)] } ?? []
            }
        }
        return findings
    }
}

extension Recording {
    private var instants: [Duration] { messages(of: errands[0].job.jobId).map(\.at) }

    /// That all messages came together when it ended.
    fileprivate func unflushed(_ scale: Double) -> String? {
        guard faults.isEmpty, let exitedAt, instants.count >= 3, exitedAt - errands[0].at >= .seconds(2),
            let first = instants.first, exitedAt - first < .milliseconds(100) * scale
        else { return nil }
        return "all \(instants.count) messages came when it ended, \((exitedAt - errands[0].at).shown) after the job"
    }

    /// A span without a message that ends a job in the host.
    fileprivate func silence(heartbeatSeconds: Int) -> String? {
        let end = errands[0].terminalAt ?? exitedAt ?? errands[0].at
        let instants = [errands[0].at] + instants.filter { $0 < end } + [end]
        let longest = zip(instants, instants.dropFirst()).map { ($0, $1 - $0) }.max { $0.1 < $1.1 }!
        guard longest.1 > .seconds(3 * heartbeatSeconds) else { return nil }
        return "no message for \(longest.1.shown), from \((longest.0 - errands[0].at).shown) after the job on; "
            + "heartbeatSeconds is \(heartbeatSeconds), so a host waits for \(3 * heartbeatSeconds) s"
    }

    fileprivate var lackOfSummary: String? {
        let span = Duration.seconds(10)
        guard duration(of: errands[0]) > span else { return nil }
        let hasSummary = messages(of: errands[0].job.jobId).contains { message in
            message.at - errands[0].at <= span && message.body.executionDetails?.summary != nil
        }
        return hasSummary
            ? nil : "the job took \(duration(of: errands[0]).shown), and no summary came in the first 10 s"
    }
}

extension Duration {
    /// `1.25 s`
    var shown: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        let fraction = String(milliseconds % 1000 / 10)
        return "\(milliseconds / 1000).\(fraction.count < 2 ? "0" : "")\(fraction) s"
    }
}
