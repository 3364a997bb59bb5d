import Glibc
import PluginHost
import PluginProtocol
import Processes

/// What a worker costs in the host: no store, no sandbox, and a worker that does nothing.
struct WorkerBench {
    private static let width = 8

    private struct Place: WorkerPlace {
        let program: String

        func command() -> Command { Command(executable: program, arguments: ["worker"]) }
        func started(pid: Int32) {}
        func sandboxed(pid: Int32) {}
        func ended() {}
        func left() {}
    }

    private let program: String
    private let run: Manifest.Run

    init(_ site: Site) throws {
        program = "\(site.programs)/penstock-bench-action"
        let manifest = """
            {"manifestVersion": 1, "name": "bench", "version": "1", "protocol": ["penstock/1"],
             "actionTypes": [{"category": "Test", "provider": "Bench", "version": "1"}],
             "run": {"command": ["run"], "lifecycle": "worker", "maxConcurrentJobs": 65}}
            """
        run = try Manifest(parsing: Array(manifest.utf8)).run
    }

    func report() async throws -> String {
        let one = PluginWorker("bench", run, in: Place(program: program))
        _ = try await perSecond([one], jobs: 200, at: 1)
        var trips = Series()
        for _ in 0..<5 { trips.add(1e6 / (try await perSecond([one], jobs: 2_000, at: 1))) }
        let single = try await perSecond([one], jobs: 20_000, at: Self.width)
        let many = (0..<8).map { _ in PluginWorker("bench", run, in: Place(program: program)) }
        let eight = try await perSecond(many, jobs: 20_000, at: Self.width)
        let (before, during) = try await memory(one)
        for worker in many + [one] { await worker.shutdown() }
        return """
            a worker's round trip per job, µs       \(trips.text)
            jobs a second through one worker        \(Int(single))   aim: at least 1000
            jobs a second through eight             \(Int(eight))
            memory with 64 jobs in flight, MiB      \(fixed(during)) (\(fixed(before)) without)

            """
    }

    /// - Parameter width: how many jobs are in flight in each worker.
    private func perSecond(_ workers: [PluginWorker], jobs: Int, at width: Int) async throws -> Double {
        let each = jobs / workers.count / width
        let taken = try await ContinuousClock().measure {
            try await withThrowingTaskGroup { group in
                for (index, worker) in workers.enumerated() {
                    for lane in 0..<width {
                        group.addTask {
                            for number in 0..<each {
                                let job = Self.job(index << 8 | lane, number)
                                guard case .succeeded = try await Self.run(job, worker, CancelSignal()) else {
                                    throw MeasurementFailed(description: "a job of the worker did not succeed")
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        return Double(each * width * workers.count) / (taken / .seconds(1))
    }

    private func memory(_ worker: PluginWorker) async throws -> (before: Double, during: Double) {
        let before = try residentMebibytes()
        let signals = (0..<64).map { _ in CancelSignal() }
        let (told, teller) = AsyncStream<Void>.makeStream()
        return try await withThrowingTaskGroup { group in
            for (number, signal) in signals.enumerated() {
                let job = Self.job(0xFFFF, number, ["Mode": "hold"])
                group.addTask { _ = try await Self.run(job, worker, signal) { teller.yield() } }
            }
            var count = 0
            for await _ in told {
                count += 1
                if count == signals.count { break }
            }
            // Jobs go out in order: with the end of one that came after them they are all there.
            _ = try await Self.run(Self.job(0xFFFE, 0), worker, CancelSignal())
            let during = try residentMebibytes()
            for signal in signals { signal.cancel(.user) }
            try await group.waitForAll()
            return (before, during)
        }
    }

    private static func run(
        _ job: Job, _ worker: PluginWorker, _ cancel: CancelSignal, prepared: @escaping @Sendable () -> Void = {}
    ) async throws -> Verdict? {
        try await worker.run(
            job.jobId, of: job.data.pipelineContext.actionExecutionId, cancel: cancel, report: { _ in }
        ) {
            prepared()
            return (job, Masker(secrets: ["Token": "a-secret-of-all-jobs"]))
        }
    }

    private static func job(_ lane: Int, _ number: Int, _ configuration: [String: String] = [:]) -> Job {
        let id = digits(lane, 8) + "-0000-4000-8000-" + digits(number, 12)
        return Job(
            jobId: id, workspace: .init(root: "/workspace"), host: .init(name: "penstock", version: "bench"),
            data: JobData(
                actionTypeId: .init(category: "Test", owner: "Custom", provider: "Bench", version: "1"),
                configuration: configuration,
                pipelineContext: .init(pipelineName: "p", stageName: "s", actionName: "a", actionExecutionId: id)))
    }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: width - text.count) + text
    }

    private func residentMebibytes() throws -> Double {
        let fields = try readLines("/proc/self/statm").first?.split(separator: " ") ?? []
        guard fields.count > 1, let pages = Int(fields[1]) else {
            throw MeasurementFailed(description: "/proc/self/statm: cannot be read")
        }
        return Double(pages * sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
