import Conformance
import Jansson
import PluginProtocol
import Processes

/// Tells a conversation as it goes on, a line or more for each thing that happens.
///
/// What the host sends stands behind `→`, what the plugin sends behind `←`, and what it writes to its log behind `│`.
public struct Narrator: Sendable {
    /// Nothing is said of a message that is longer.
    private static let mostCharacters = 400

    /// Of what a plugin says: more helps nobody, and a record has it all.
    private static let mostLines = 2_000

    private var secretKeys: Set<String> = []
    private var heard = 0

    public init() {}

    /// - Returns: nothing for what is of no interest.
    public mutating func lines(for entry: Recording.Entry) -> [String] {
        if case .heard(let said) = entry.what, said.message?.body.isTerminal != true {
            heard += 1
            if heard > Self.mostLines { return heard == Self.mostLines + 1 ? ["         … more is not shown"] : [] }
        }
        return shown(entry)
    }

    private mutating func shown(_ entry: Recording.Entry) -> [String] {
        told(entry.what).enumerated().map { index, text in
            (index == 0 ? Self.time(entry.at) : String(repeating: " ", count: 8)) + " " + shortened(text)
        }
    }

    /// Seconds, of eight characters: `    0.04`.
    private static func time(_ at: Duration) -> String {
        let text = at.formattedSeconds
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }

    private mutating func told(_ what: Recording.Occurrence) -> [String] {
        switch what {
        case .sent(let bytes): sent(bytes)
        case .heard(let heard) where heard.line.stream == .error: ["  │ \(heard.text)"]
        case .heard(let heard): ["← " + said(heard)]
        case .exited(let exit): ["  " + exit.told]
        case .done(let what): ["→ \(what)"]
        case .inputEnded, .ended: []
        }
    }

    private mutating func sent(_ bytes: [UInt8]) -> [String] {
        guard let json = try? JSON(parsing: bytes), let message = try? HostMessage(json) else {
            return ["→ \(String(decoding: bytes, as: UTF8.self))"]
        }
        switch message {
        case .cancel(let cancel): return ["→ cancel (\(cancel.reason.rawValue))"]
        case .job(let job):
            secretKeys = Set(job.secretConfigurationKeys)
            return ["→ job \(job.operation.rawValue) \(job.data.actionTypeId)"] + details(of: job).map { "    \($0)" }
        }
    }

    private func details(of job: Job) -> [String] {
        let data = job.data
        let configuration = data.configuration.sorted { $0.key < $1.key }.map { key, value in
            "\(key) = \(secretKeys.contains(key) ? "****" : value)"
        }
        func artifacts(_ word: String, _ all: [JobData.Artifact]) -> [String] {
            all.map { "\(word) \($0.name): \($0.path)" }
        }
        return configuration + artifacts("input", data.inputArtifacts) + artifacts("output", data.outputArtifacts)
            + (data.continuationToken.map { ["token \($0)"] } ?? [])
    }

    /// A line of standard output.
    private func said(_ heard: Recording.Heard) -> String {
        switch heard.means {
        case .message(let message)?: told(message.body)
        case .protocolError(_, let violation)?: "wrong message, \(violation): \(heard.text)"
        case .truncated?: "cut off: \(heard.text)"
        case .blank?, .stray?, nil: "no message: \(heard.text)"
        }
    }

    private func told(_ body: PluginMessage.Body) -> String {
        switch body {
        case .acknowledge: "acknowledge"
        case .progress(let progress):
            (["progress"] + [progress.executionDetails.percentComplete.map { "\($0) %" }].compactMap { $0 }
                + [progress.executionDetails.summary].compactMap { $0 }).joined(separator: "  ")
        case .log(let log): "log \(log.level.rawValue)  \(log.message)"
        case .mask: "mask ****"
        case .jobSuccessResult(let result):
            result.continuationToken.map { token in
                "jobSuccessResult  not done yet, goes on with the token \(token)"
                    + (result.continueAfterSeconds.map { " in \($0) s" } ?? "")
            } ?? "jobSuccessResult"
        case .jobFailureResult(let result): "jobFailureResult  \(result.type.rawValue)"
        case .jobAbandonedResult: "jobAbandonedResult"
        }
    }

    private func shortened(_ text: String) -> String {
        text.count <= Self.mostCharacters ? text : text.prefix(Self.mostCharacters) + "…"
    }
}

extension Exit {
    var told: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let signal): "ended by signal \(signal)"
        }
    }
}

extension Duration {
    /// `12.04`
    var formattedSeconds: String {
        let hundredths = Int(components.seconds) * 100 + Int(components.attoseconds / 10_000_000_000_000_000)
        return "\(hundredths / 100)." + String(100 + hundredths % 100).dropFirst()
    }
}
