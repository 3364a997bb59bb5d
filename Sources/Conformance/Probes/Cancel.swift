import Glibc
import PluginProtocol
import Processes

extension Probe {
    static let ofCancel: [Probe] = [cancel]

    private static let cancel = Probe(
        "cancel", "SIGTERM comes while it works, once and twice", judging: ["CAN-01", "CAN-03", "CAN-07"]
    ) { bench in
        guard let example = bench.fixture(.longRunning) ?? bench.primary else { return [] }
        let fixture = try await bench.sound(example)
        // In whatever phase of its work: the seed says when.
        let phase = Duration.milliseconds(500 + bench.setting.seed % 400)
        let (once, twice) = try await bench.runBoth(
            fixture, probe: "cancel", { try await $0.cancelAtWork(after: phase, times: 1) },
            { try await $0.cancelAtWork(after: phase, times: 2) })
        if let finding = once.lateness ?? once.leftovers { return [finding] }
        if let finding = twice.lateness { return [finding] }
        return twice.worsening(since: once).map {
            [twice.finding(of: "CAN-07", "after a second SIGTERM, 0.2 seconds after the first, \($0)")]
        } ?? []
    }
}

extension Subject {
    /// Lets it begin its work, sends SIGTERM, and waits for its end as long as the job promises.
    fileprivate func cancelAtWork(after phase: Duration, times: Int) async throws {
        try await awaitStart()
        // What has not said anything yet may still be starting.
        try await wait(.seconds(2)) { $0.hasEnded || !$0.output.isEmpty }
        try await pause(phase)
        for time in 0..<times {
            if time > 0 { try await pause(.milliseconds(200)) }
            cancel()
        }
        let grace = recording.errands.first?.job.cancelGraceSeconds ?? 10
        if try await !wait(.seconds(grace), until: \.hasEnded) { try await end(within: .zero) }
    }
}

extension Recording {
    fileprivate var lateness: Finding? {
        guard faults.contains(.killed), let errand = errands.first else { return nil }
        return finding(of: "CAN-01", "it still ran \(errand.job.cancelGraceSeconds) seconds after SIGTERM")
    }

    fileprivate var leftovers: Finding? {
        survivors.isEmpty ? nil : finding(of: "CAN-03", "after a cancel and its exit there still ran \(survivorNames)")
    }

    /// How the process ended worse than one that was cancelled once; nil if it did not.
    fileprivate func worsening(since once: Recording) -> String? {
        guard let errand = errands.first, let before = once.errands.first else { return nil }
        if before.terminalAt != nil, errand.terminalAt == nil {
            return "no terminal message came, as it does after one; \(endDescription)"
        }
        if case .code? = once.exit, case .signal? = exit {
            return "\(endDescription), while after one \(once.exit.description)"
        }
        if once.survivors.isEmpty, !survivors.isEmpty { return "there still ran \(survivorNames)" }
        guard once.scraps.isEmpty, let scrap = scraps.first else { return nil }
        return "\(scrap) was left, which is not so after one"
    }

    /// What lies in the workspace beside artifacts.
    private var scraps: [String] {
        let paths = errands.first?.remains.all?.entries.keys.sorted() ?? []
        return paths.filter { path in ["tmp/", "home/"].contains { path.hasPrefix($0) } }
    }
}
