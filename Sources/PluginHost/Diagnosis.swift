import PluginProtocol
import Processes

/// What the host saw when it made a failure, and how it tells it.
struct Diagnosis: Hashable, Sendable {
    /// A line of the plugin that is at fault: where it stood and how it began, masked.
    struct Quote: Hashable, Sendable {
        static let lengthBytes = 200
        var offset: Int
        var text: String
    }

    /// A figure that was exceeded.
    struct Excess: Hashable, Sendable {
        var limit: String
        var measured: String
    }

    var code: HostCode
    /// One sentence without its full stop.
    var problem: String
    var quote: Quote?
    var excess: Excess?

    /// The whole message, at most 5000 characters: a sentence for the reader, then the facts one a line.
    func message(plugin: String, jobId: String, exit: Exit?, errorTail: [String]) -> String {
        var lines = [problem]
        if let excess { lines.append("limit: \(excess.limit); measured: \(excess.measured)") }
        lines.append("plugin \(plugin), job \(jobId), \(exit.map(\.sentence) ?? "still running")")
        if let quote { lines.append("stdout at byte \(quote.offset): \(quote.text)") }
        if !errorTail.isEmpty {
            lines.append("last lines of stderr:")
            lines += errorTail.map { "  " + clipped($0) }
        }
        let message = lines.joined(separator: "\n")
        return String(String.UnicodeScalarView(message.unicodeScalars.prefix(MessageLimits.failureMessageCharacters)))
    }
}

/// The first 200 bytes of a text.
func clipped(_ text: String) -> String { clipped(Array(text.utf8)) }

func clipped(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes.prefix(Diagnosis.Quote.lengthBytes), as: UTF8.self)
    return bytes.count > Diagnosis.Quote.lengthBytes ? text + "…" : text
}

extension Exit {
    /// `exit status 3`, `killed by SIGKILL (9)`
    var sentence: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let number): "killed by \(signalName(number))"
        }
    }
}

private func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV",
        13: "SIGPIPE", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
    return names[number].map { "\($0) (\(number))" } ?? "signal \(number)"
}
