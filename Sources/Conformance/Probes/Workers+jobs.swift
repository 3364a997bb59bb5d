import Jansson
import PluginProtocol
import Processes

extension Probe {
    static let workerJobs = Probe(
        "worker-jobs", "a worker gets several jobs with different secrets, one after the other and at once",
        judging: ["WRK-01", "WRK-02", "WRK-03", "WRK-07", "WRK-08"]
    ) { bench in
        guard bench.isWorker, let primary = try await bench.soundPrimary() else { return [] }
        var cases = JobCases(primary: primary)
        if let long = bench.fixture(.longRunning), try await bench.isSound(long) { cases.long = long }
        if let secret = bench.fixture(.usesSecret), try await bench.isSound(secret) { cases.secret = secret }
        if let artifact = bench.fixture(.producesArtifact), try await bench.isSound(artifact) {
            cases.artifact = artifact
        }
        let chosen = cases
        let (day, recording) = try await bench.work(on: chosen.all, probe: "worker-jobs") { shift in
            try await shift.working(on: chosen)
        }
        return day.findings(recording, scale: bench.setting.scale)
    }
}

/// The cases that are given to a worker.
private struct JobCases: Sendable {
    let primary: Fixture
    var long: Fixture?
    var secret: Fixture?
    var artifact: Fixture?

    init(primary: Fixture) { self.primary = primary }

    var all: [Fixture] { [primary] + [long, secret, artifact].compactMap { $0 } }

    /// Jobs that are given at once, in rounds of at most `width`.
    func rounds(width: Int) -> [[Fixture]] {
        let first = width > 1 ? [[long, primary].compactMap { $0 }] : [[primary]]
        let mixed = [secret ?? primary, secret ?? primary] + (artifact.map { [$0, $0] } ?? [])
        // From the end: two jobs with outputs are to be there together.
        return first
            + stride(from: mixed.count, to: 0, by: -width).map { Array(mixed[max(0, $0 - width)..<$0]) }
    }
}

/// What a worker was given, and how it went.
private struct Workday: Sendable {
    /// Text that a job has in place of a value of its configuration: job to texts.
    var marks: [String: [String]] = [:]
    /// The first job after a message of a type that nobody knows.
    var afterPing: String?
    /// A long job and a short one behind it.
    var pair: (long: String, short: String)?

    // MARK: Judging

    func findings(_ recording: Recording, scale: Double) -> [Finding] {
        if let late = lateFinding(recording, .seconds(10) * scale) { return [late] }
        if let afterPing, !recording.hasTerminal(afterPing) {
            let evidence = "after a message of the type x-ping a good job had no answer; \(recording.endDescription)"
            return [Finding("WRK-08", in: recording, evidence)]
        }
        let mixed = recording.errands.compactMap { errand in mixture(in: errand, recording).map { (errand, $0) } }
        let ids = Set(mixed.map(\.0.job.jobId))
        var findings = mixed.prefix(3).map { Finding("WRK-07", in: recording, $0.1) }
        if let blocked = blockedFinding(recording) { findings.append(blocked) }
        for errand in recording.errands where marks[errand.job.jobId] == nil && !ids.contains(errand.job.jobId) {
            guard let mismatch = recording.mismatch(of: errand), !recording.hasEndedEarly else { continue }
            findings.append(
                Finding("WRK-02", in: recording, "case \(errand.fixture.name), which is well alone: \(mismatch)"))
        }
        return findings
    }

    /// Spec: WRK-01
    private func lateFinding(_ recording: Recording, _ limit: Duration) -> Finding? {
        recording.errands.lazy.compactMap { errand -> Finding? in
            let first = recording.messages(of: errand.job.jobId).first?.at
            let end = first ?? recording.entries.last?.at ?? errand.at
            guard end - errand.at > limit else { return nil }
            let span = first.map { "only after \(($0 - errand.at).shown)" } ?? "in \((end - errand.at).shown)"
            return Finding("WRK-01", in: recording, "the first message about a job came \(span)")
        }.first
    }

    /// Spec: WRK-03
    private func blockedFinding(_ recording: Recording) -> Finding? {
        guard let pair, let long = recording.errand(pair.long), let short = recording.errand(pair.short),
            let longEnd = long.terminalAt, recording.usually(short.fixture, takesLessThan: (longEnd - long.at) / 2),
            short.terminalAt ?? .seconds(Int64.max >> 1) > longEnd
        else { return nil }
        let evidence = "a job of the case \(short.fixture.name) was not done before the long one that was there first"
        return Finding("WRK-03", in: recording, evidence)
    }

    /// What shows in one job and belongs to another. Spec: WRK-07
    private func mixture(in errand: Recording.Errand, _ recording: Recording) -> String? {
        let places = recording.places(of: errand)
        for other in recording.errands where other.job.jobId != errand.job.jobId {
            for (name, needle) in needles(of: other) {
                guard let place = places.first(where: { offset(of: needle, in: $0.bytes) != nil }) else { continue }
                return "\(place.name) of one job holds \(name) of another"
            }
            for secret in other.job.secrets {
                let found = places + recording.logPlaces(of: errand, after: other)
                guard let place = found.first(where: { secret.find(in: $0.bytes) != nil }) else { continue }
                return "\(place.name) of one job holds the secret \(secret.name) of another"
            }
        }
        guard marks[errand.job.jobId] == nil, recording.isFinalSuccess(errand) else { return nil }
        return errand.missingOutputs.first.map { "beside another job, \($0): it was made elsewhere" }
    }

    private func needles(of errand: Recording.Errand) -> [(name: String, bytes: [UInt8])] {
        let job = errand.job
        let texts =
            [
                ("the jobId", job.jobId), ("the workspace", job.workspace.root),
                ("the actionExecutionId", job.data.pipelineContext.actionExecutionId),
            ] + (marks[job.jobId] ?? []).map { ("the configuration", $0) }
        return texts.map { ($0.0, Array($0.1.utf8)) }
    }
}

extension Recording {
    fileprivate typealias Place = (name: String, bytes: [UInt8])

    /// Whether it exited while it had a job: then that explains what is missing.
    fileprivate var hasEndedEarly: Bool {
        !entries.contains { $0.what == .inputEnded && $0.at < exitedAt ?? $0.at }
    }

    /// Whether jobs of a fixture took less, where they were not beside others.
    fileprivate func usually(_ fixture: Fixture, takesLessThan limit: Duration) -> Bool {
        errands.filter { $0.fixture.name == fixture.name }.contains { $0.terminalAt != nil && duration(of: $0) < limit }
    }

    /// Everything that is a job's own.
    fileprivate func places(of errand: Errand) -> [Place] {
        let said = output.filter { $0.heard.message?.jobId == errand.job.jobId }.map {
            ("a message (stdout at byte \($0.heard.line.offset))", $0.heard.line.bytes)
        }
        let left = (errand.remains.all?.entries ?? [:]).filter { !$0.key.hasPrefix("in/") }
        return said + left.sorted { $0.key < $1.key }.map { ($0.key, Array($0.key.utf8) + $0.value.kind.bytes) }
    }

    /// What was logged while a job was there and the other was done.
    fileprivate func logPlaces(of errand: Errand, after other: Errand) -> [Place] {
        guard let start = other.terminalAt, start <= errand.at, let end = errand.terminalAt else { return [] }
        return log.filter { errand.at <= $0.at && $0.at <= end }.map {
            ("the log (stderr at byte \($0.heard.line.offset))", $0.heard.line.bytes)
        }
    }
}

extension Shift {
    fileprivate func working(on cases: JobCases) async throws -> Workday {
        var day = Workday()
        guard try await runMarked(cases.primary, &day), try await runOne(cases.primary) else { return day }
        let ping: JSON = [
            "protocol": .string(WireProtocol.version), "type": "x-ping", "jobId": .string(await scene.newIdentifier()),
        ]
        await subject.send(ping.serialized)
        day.afterPing = try await give(cases.primary)
        guard try await awaitEnds(of: [day.afterPing!], within: bench.patience(for: [cases.primary])) else {
            return day
        }
        for round in cases.rounds(width: bench.width) {
            var jobs: [String] = []
            for fixture in round { jobs.append(try await give(fixture)) }
            if jobs.count == 2, round[0].name == cases.long?.name { day.pair = (jobs[0], jobs[1]) }
            guard try await isHeard(jobs), try await awaitEnds(of: jobs, within: bench.patience(for: round)) else {
                return day
            }
        }
        return day
    }

    /// Waits for a sign of life of each job. Spec: WRK-01
    private func isHeard(_ jobs: [String]) async throws -> Bool {
        try await subject.wait(.milliseconds(10_100)) { record in
            record.hasEnded || jobs.allSatisfy { !record.messages(of: $0).isEmpty }
        }
    }

    private func runOne(_ fixture: Fixture) async throws -> Bool {
        let job = try await give(fixture)
        guard try await isHeard([job]) else { return false }
        return try await awaitEnds(of: [job], within: bench.patience(for: [fixture]))
    }

    /// Gives jobs with texts in their configuration that no other job has: at first in all properties, then in one each.
    /// What becomes of them does not matter.
    private func runMarked(_ fixture: Fixture, _ day: inout Workday) async throws -> Bool {
        let type = bench.setting.manifest.actionTypes.first { $0.id == fixture.actionType }
        let texts = (type?.configurationProperties ?? []).filter { property in
            property.type == .string && !property.secret && fixture.configuration[property.name]?.isEmpty == false
        }.map(\.name)
        for names in texts.isEmpty ? [] : [texts] + texts.prefix(4).map({ [$0] }) {
            let mark = "marked-\(await scene.newIdentifier())"
            let job = try await give(fixture) { job in
                for name in names { job.data.configuration[name] = mark }
            }
            day.marks[job] = [mark]
            guard try await isHeard([job]) else { return false }
            guard try await awaitEnds(of: [job], within: bench.patience(for: [fixture])) else {
                // A job that fails and has no answer is WRK-05's; it is still there, beside those that follow.
                guard bench.width > 1 else { return false }
                return await !subject.recording.hasEnded
            }
        }
        return true
    }
}
