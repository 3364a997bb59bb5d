import Glibc
import PluginProtocol
import Processes
import Workspaces

extension Probe {
    static let ofWorkers: [Probe] = [workerJobs, workerExplosion, workerMany, workerCancel, workerEnd, workerOneShot]

    private static let workerEnd = Probe(
        "worker-end", "a worker's input ends while it has a job", judging: ["LIF-04"]
    ) { bench in
        guard bench.isWorker, let primary = try await bench.soundPrimary() else { return [] }
        let plain = try await bench.plainRun(of: primary)
        let (job, recording) = try await bench.work(on: [primary], probe: "worker-end") { shift in
            let job = try await shift.give(primary)
            await shift.subject.endInput()
            if try await shift.awaitEnds(of: [job], within: bench.patience(for: [primary])) {
                try await shift.subject.awaitExit(within: .seconds(5))
            }
            return job
        }
        let evidence: String? =
            if !recording.hasTerminal(job) {
                "the job that it had was not finished; \(recording.endDescription)"
            } else if recording.lingered {
                "it was still there 5 seconds after its last terminal message"
            } else if recording.exit != .code(0), plain.exit == .code(0) {
                "it finished its job, and then \(recording.endDescription)"
            } else {
                nil
            }
        return evidence.map { [Finding("LIF-04", in: recording, $0)] } ?? []
    }

    private static let workerExplosion = Probe(
        "worker-explosion", "a worker gets jobs that fail, one of them without a workspace, and then a good one",
        judging: ["WRK-05"]
    ) { bench in
        guard bench.isWorker, let primary = try await bench.soundPrimary() else { return [] }
        var findings: [Finding] = []
        let failing = bench.setting.fixtures.filter { $0.operation == .run && $0.traits.contains(.fails) }
        for fixture in failing.prefix(3) where try await bench.isSound(fixture) {
            findings += try await bench.explosion(fixture, then: primary) { try await $0.give(fixture) }
        }
        let homeless = bench.fixture(.producesArtifact) ?? primary
        findings += try await bench.explosion(homeless, then: primary) { shift in
            let place = try await shift.scene.place(for: homeless, Shift.start)
            var job = await shift.scene.job(homeless, at: place)
            job.workspace.root = "/jobs/is-not-there"
            await shift.subject.note(.noJob)
            await shift.subject.give(job, of: homeless, at: nil)
            return job.jobId
        }
        return findings
    }

    private static let workerMany = Probe(
        "worker-many", "a worker gets many jobs in a row, and what it holds is counted", judging: ["WRK-06"]
    ) { bench in
        guard bench.isWorker, let primary = try await bench.soundPrimary() else { return [] }
        let ((first, last, jobs), recording) = try await bench.work(on: [primary], probe: "worker-many") { shift in
            let clock = ContinuousClock()
            let due = clock.now + .seconds(3) * bench.setting.scale
            var (first, jobs) = (Holdings(), 0)
            // One with quick jobs is given enough of them also where the machine is busy.
            while jobs < 200, clock.now < due || (5..<100).contains(jobs) && clock.now < due + .seconds(12),
                try await shift.run(primary)
            {
                jobs += 1
                if jobs == 20 { first = await Holdings(of: shift.subject.processes()) }
            }
            return (first, await Holdings(of: shift.subject.processes()), jobs)
        }
        guard jobs >= 50, let growth = last.growth(since: first) else { return [] }
        return [Finding("WRK-06", in: recording, "from job 20 to job \(jobs) its processes have grown by \(growth)")]
    }

    /// Judged of all that was found, by `Judge`.
    private static let workerOneShot = Probe(
        "worker-one-shot", "what was found in runs with one job and the end of input at once", judging: ["WRK-04"]
    ) { _ in [] }
}

extension Bench {
    /// Gives a worker a job that goes wrong, and then a good one, to a new process if the first has ended.
    fileprivate func explosion(
        _ fixture: Fixture, then good: Fixture, giving give: @Sendable (Shift) async throws -> String
    ) async throws -> [Finding] {
        let limit = try await patience(for: [fixture])
        let (job, recording) = try await work(on: [fixture, good], probe: "worker-explosion") { shift in
            let job = try await give(shift)
            guard try await shift.awaitEnds(of: [job], within: limit) else { return job }
            _ = try await shift.run(good)
            return job
        }
        let what = recording.faults.contains(.noJob) ? "a job whose workspace is not there" : "a job that fails"
        guard recording.hasTerminal(job) else {
            let isLoud = recording.exit != nil && recording.exit != .code(0) && !recording.faults.contains(.killed)
            return isLoud
                ? [] : [Finding("WRK-05", in: recording, "\(what) had no answer; \(recording.endDescription)")]
        }
        guard let last = recording.errands.last, last.job.jobId != job, let mismatch = recording.mismatch(of: last)
        else { return [] }
        return [Finding("WRK-05", in: recording, "after \(what) a good one: \(mismatch)")]
    }
}

/// What processes hold of the system.
private struct Holdings: Sendable {
    private var descriptors = 0
    private var threads = 0
    private var memoryKiB = 0

    init() {}

    init(of processes: [ProcessTree.Process]) {
        for process in processes {
            descriptors += names(in: "/proc/\(process.pid)/fd")?.count ?? 0
            threads += names(in: "/proc/\(process.pid)/task")?.count ?? 0
            let status = String(decoding: bytes(ofFile: "/proc/\(process.pid)/status") ?? [], as: UTF8.self)
            memoryKiB += status.firstMatch(of: /VmRSS:\s*([0-9]+) kB/).flatMap { Int($0.1) } ?? 0
        }
    }

    /// More than what a collector of garbage or a cache explains.
    func growth(since first: Holdings) -> String? {
        let (descriptors, threads) = (self.descriptors - first.descriptors, self.threads - first.threads)
        let memoryMiB = (memoryKiB - first.memoryKiB) / 1024
        let words = [
            descriptors > 20 ? "\(descriptors) descriptors" : nil, threads > 10 ? "\(threads) threads" : nil,
            memoryMiB > 64 ? "\(memoryMiB) MiB of memory" : nil,
        ].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}
