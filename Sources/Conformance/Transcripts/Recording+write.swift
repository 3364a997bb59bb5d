import Glibc
import Jansson
import PluginProtocol
import Processes
import Workspaces

extension Recording {
    /// As text: one JSON object a line, in the form of `spec/transcripts/README.md`. What is left in workspaces is not in
    /// it.
    public var transcript: String { (([header] + body + remarks).map(\.text) + [""]).joined(separator: "\n") }

    private var header: JSON {
        .object(present: [
            "note": .string("probe \(probe)" + (fixture.map { ", case \($0)" } ?? "")), "probe": .string(probe),
            "case": fixture.map(JSON.string), "lifecycle": .string(lifecycle.rawValue),
            "faults": .strings(faults.map(\.rawValue).sorted()),
        ])
    }

    private var body: [JSON] {
        [["from": "host", "event": "start", "at": .real(0)]]
            + entries.map { .object(written($0.what).merging(["at": .real($0.at.seconds)]) { own, _ in own }) }
    }

    private func written(_ what: Occurrence) -> [String: JSON] {
        switch what {
        case .sent(let bytes): text(bytes).merging(["from": "host"]) { own, _ in own }
        case .inputEnded: ["from": "host", "event": "endOfInput"]
        case .heard(let heard): line(heard.line).merging(["from": "plugin"]) { own, _ in own }
        case .ended(let stream): ["from": "plugin", "event": "end", "stream": .string(stream.transcriptName)]
        case .exited(.code(let code)): ["from": "plugin", "event": "exit", "status": .integer(Int64(code))]
        case .exited(.signal(let signal)): ["from": "plugin", "event": "exit", "signal": .string(signalName(signal))]
        case .done(let what): ["from": "host", "event": "signal", "signal": .string(what)]
        }
    }

    private func line(_ line: Line) -> [String: JSON] {
        var members = text(line.bytes)
        members["stream"] = .string(line.stream.transcriptName)
        members["offset"] = .integer(Int64(line.offset))
        switch line.ending {
        case .newline: break
        case .unterminated: members["ending"] = "none"
        case .split: members["ending"] = "split"
        case .overlong(let totalBytes): members["totalBytes"] = .integer(Int64(totalBytes))
        }
        return members
    }

    /// A line, or its bytes in hexadecimal where it is no text.
    private func text(_ bytes: [UInt8]) -> [String: JSON] {
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) { return ["line": .string(text)] }
        return ["hex": .string(bytes.map { String(Int($0) + 256, radix: 16).dropFirst() }.joined())]
    }

    /// What was seen when it was over.
    private var remarks: [JSON] {
        survivors.map {
            ["from": "judge", "event": "survivor", "pid": .integer(Int64($0.pid)), "arguments": .strings($0.arguments)]
        }
            + openPipes.map { ["from": "judge", "event": "openPipe", "stream": .string($0.transcriptName)] }
            + strewn.map { ["from": "judge", "event": "strewn", "path": .string($0)] }
            + (lingered ? [["from": "judge", "event": "lingered"]] : [])
            + errands.filter(\.isOverdue).map {
                ["from": "judge", "event": "overdue", "jobId": .string($0.job.jobId)]
            }
    }
}

private let signalNames: [Int32: String] = [
    SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS",
    SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM",
    SIGTERM: "SIGTERM", SIGSYS: "SIGSYS",
]

func signalName(_ signal: Int32) -> String { signalNames[signal] ?? "SIG\(signal)" }

/// Nil when it is no name of a signal.
func signal(named name: String) -> Int32? {
    signalNames.first { $0.value == name }?.key ?? (name.hasPrefix("SIG") ? Int32(name.dropFirst(3)) : nil)
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Processes.Stream {
    var transcriptName: String {
        switch self {
        case .output: "stdout"
        case .error: "stderr"
        case .status: "status"
        }
    }
}
