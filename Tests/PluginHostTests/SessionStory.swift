import Glibc
import Jansson
import PluginProtocol
import Processes

@testable import PluginHost

/// A session under test, and all the effects that it had.
struct SessionStory {
    var session: PluginSession
    var effects: [PluginSession.Effect] = []
    private var offset = 0

    init(
        timeoutSeconds: Int = 60, heartbeatSeconds: Int? = nil, sandboxed: Bool = false, secrets: [String: String] = [:]
    ) {
        session = PluginSession(
            plugin: "acme", job: job(timeoutSeconds: timeoutSeconds), heartbeatSeconds: heartbeatSeconds,
            reportsStatus: sandboxed, masker: Masker(secrets: secrets))
        apply(.began)
    }

    @discardableResult
    mutating func apply(_ input: PluginSession.Input) -> [PluginSession.Effect] {
        let new = session.apply(input)
        effects += new
        return new
    }

    @discardableResult
    mutating func say(_ body: PluginMessage.Body) -> [PluginSession.Effect] {
        print(PluginMessage(jobId: jobId, body: body).json.text)
    }

    /// A line on the standard output.
    @discardableResult
    mutating func print(_ text: String) -> [PluginSession.Effect] { line(text, .output) }

    @discardableResult
    mutating func line(_ text: String, _ stream: Processes.Stream) -> [PluginSession.Effect] {
        defer { offset += text.utf8.count + 1 }
        return apply(.line(Line(stream: stream, offset: offset, bytes: Array(text.utf8), ending: .newline)))
    }

    /// The process ends and with it its pipes.
    @discardableResult
    mutating func exit(_ exit: Exit) -> [PluginSession.Effect] {
        var new = apply(.exited(exit))
        for stream in session.openStreams { new += apply(.ended(stream)) }
        return new
    }

    var verdicts: [Verdict] { effects.compactMap { if case .finish(let verdict) = $0 { verdict } else { nil } } }

    var failure: Failure? { if case .failed(let failure)? = verdicts.first { failure } else { nil } }

    var log: [LogRecord] { effects.compactMap { if case .tell(.log(let record)) = $0 { record } else { nil } } }
}

/// How a plugin is asked to end.
let graceful: [PluginSession.Effect] = [
    .clear(.timeout), .clear(.heartbeat), .clear(.exitGrace), .closeInput, .signal(SIGTERM, .group),
]
