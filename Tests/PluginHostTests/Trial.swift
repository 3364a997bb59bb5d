import PluginProtocol
import Processes
import Synchronization

@testable import PluginHost

/// What bash plugins begin with: `send TYPE 'MEMBERS'` sends a message.
let bash = """
    #!/bin/bash
    exec 3>&1 1>&2
    job=$(cat); id=${job#*'"jobId":"'}; id=${id%%'"'*}
    send() { printf '{"protocol":"penstock/1","jobId":"%s","type":"%s"%s}\\n' "$id" "$1" "${2:+,$2}" >&3; }

    """

let python = """
    #!/usr/bin/python3
    import json, os, signal, sys, time
    job = json.loads(sys.stdin.readline())
    def line(type, **more):
        return json.dumps(dict(more, protocol="penstock/1", jobId=job["jobId"], type=type)).encode() + b"\\n"

    """

/// A plugin that misbehaves in one way, and what came of running it.
struct Trial {
    var verdict: Verdict
    var reports: [JobReport]

    var failure: Failure? { if case .failed(let failure) = verdict { failure } else { nil } }
    var log: [LogRecord] { reports.flatMap { if case .log(let record) = $0 { record.lines } else { [LogRecord]() } } }
    var text: [String] { log.filter { $0.source == .stderr }.map(\.text) }
    var succeeded: Bool { if case .succeeded = verdict { true } else { false } }

    /// - Parameter onLine: is called with each line that the plugin adds to the log.
    static func run(
        _ script: String, job: Job = job(), environment: [String: String] = ["PATH": Plugin.path],
        heartbeatSeconds: Int? = nil, masker: Masker = Masker(), cancel: CancelSignal = CancelSignal(),
        clock: some Clock<Duration> = SuspendingClock(), onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Trial {
        let folder = TemporaryDirectory()
        let command = Command(
            executable: folder.file("plugin", script, mode: 0o755), environment: environment, directory: folder.path)
        return await run(
            command, job: job, heartbeatSeconds: heartbeatSeconds, masker: masker, cancel: cancel, clock: clock,
            onLine: onLine)
    }

    static func run(
        _ command: Command, job: Job = job(), heartbeatSeconds: Int? = nil, masker: Masker = Masker(),
        cancel: CancelSignal = CancelSignal(), clock: some Clock<Duration> = SuspendingClock(),
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Trial {
        let reports = Mutex<[JobReport]>([])
        let verdict = await PluginConnection().run(
            job, by: "acme", command, heartbeatSeconds: heartbeatSeconds, masker: masker, cancel: cancel, clock: clock
        ) { report in
            reports.withLock { $0.append(report) }
            if case .log(let record) = report, record.source != .host {
                for line in record.lines { onLine(line.text) }
            }
        }
        return Trial(verdict: verdict, reports: reports.withLock { $0 })
    }
}

/// Whether the process is gone or a zombie; waits for a killed one to die.
func isGone(_ pid: Int32?) async -> Bool {
    guard let pid else { return false }
    for _ in 0..<100_000 {
        guard case .bytes(let bytes) = read("/proc/\(pid)/stat", limitBytes: 4096) else { return true }
        if String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z") == true { return true }
        await Task.yield()
    }
    return false
}
