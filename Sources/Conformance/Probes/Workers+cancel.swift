import PluginProtocol
import Processes

extension Probe {
    static let workerCancel = Probe(
        "worker-cancel", "one of a worker's jobs is cancelled, then a finished one and one that it never had",
        judging: ["CAN-04", "CAN-05"]
    ) { bench in
        guard bench.isWorker, let example = bench.primary else { return [] }
        let primary = try await bench.sound(example)
        var long = primary
        if let longer = bench.fixture(.longRunning), try await bench.isSound(longer) { long = longer }
        let cancelled = long
        let (day, recording) = try await bench.work(on: [cancelled, primary], probe: "worker-cancel") { shift in
            try await shift.cancelling(cancelled, primary)
        }
        return day.cancelFinding(recording).map { [$0] } ?? []
    }
}

/// The jobs of a worker of which one is cancelled.
private struct CancelledDay: Sendable {
    let cancelled: String
    let other: String?
    var wasAnswered = false
    /// Given after all cancels; nil if it did not come to that.
    var last: String?

    func cancelFinding(_ recording: Recording) -> Finding? {
        let grace = recording.errand(cancelled)?.job.cancelGraceSeconds ?? 0
        guard wasAnswered else {
            let evidence = "a cancelled job had no terminal message within \(grace) seconds"
            let end = recording.exit == nil || recording.faults.contains(.killed) ? "" : "; \(recording.endDescription)"
            return Finding("CAN-04", in: recording, evidence + end)
        }
        let answers = recording.messages(of: cancelled).filter(\.body.isTerminal).count
        if answers > 1 { return Finding("CAN-04", in: recording, "a cancelled job had \(answers) terminal messages") }
        guard let last else { return Finding("CAN-04", in: recording, "after a cancel \(recording.endDescription)") }
        if let errand = recording.errand(last), let mismatch = recording.mismatch(of: errand) {
            let evidence = "after a cancel of a finished job and of one that it never had, a good job: \(mismatch)"
            return Finding("CAN-05", in: recording, evidence)
        }
        if let errand = other.flatMap(recording.errand), let mismatch = recording.mismatch(of: errand) {
            return Finding("CAN-04", in: recording, "the job beside the cancelled one: \(mismatch)")
        }
        return nil
    }
}

extension Shift {
    fileprivate func cancelling(_ long: Fixture, _ primary: Fixture) async throws -> CancelledDay {
        let other = bench.width > 1 ? try await give(long) : nil
        let cancelled = try await give(long)
        let jobs = [other, cancelled].compactMap { $0 }
        // A cancel is for work that has begun, and WRK-01 is about one that does not say so.
        try await subject.wait(.seconds(2)) { record in
            record.hasEnded || jobs.allSatisfy { !record.messages(of: $0).isEmpty }
        }
        var day = CancelledDay(cancelled: cancelled, other: other)
        let grace = bench.setting.manifest.run.cancelGraceSeconds
        await subject.cancel(job: cancelled, graceSeconds: grace)
        day.wasAnswered = try await awaitEnds(of: [cancelled], within: .seconds(grace))
        guard day.wasAnswered, await !subject.recording.hasEnded else { return day }
        await subject.cancel(job: cancelled, graceSeconds: grace)
        await subject.cancel(job: scene.newIdentifier(), graceSeconds: grace)
        let last = try await give(primary)
        day.last = last
        try await awaitEnds(of: jobs + [last], within: bench.patience(for: [long, primary]))
        return day
    }
}
