import PluginProtocol
import Processes

/// A rule that is judged in every run, whatever the run was made for.
struct Check: Sendable {
    /// What was seen, and what to do about it.
    struct Breach: Hashable, Sendable {
        let evidence: String
        let hint: String

        init(_ evidence: String, hint: String) {
            self.evidence = evidence
            self.hint = hint
        }
    }

    let rule: String
    let breaches: @Sendable (Recording) -> [Breach]

    init(_ rule: String, _ breaches: @escaping @Sendable (Recording) -> [Breach]) {
        self.rule = rule
        self.breaches = breaches
    }

    /// All of them.
    static let everyRun: [Check] =
        framing + messages + results + process + logs + secrets + artifacts + progress + continuation + cancel

    /// How a breach is found, in one sentence: what the `check` of a requirement stands for.
    static func about(_ check: String) -> String {
        switch check {
        case "manifest": "it is read from the plugin's files; nothing is executed"
        case "every run": "it is looked for in every run of the plugin"
        default: Probe.all.first { $0.name == check }?.about ?? "by the probe \(check)"
        }
    }

    func findings(in recording: Recording) -> [Finding] {
        breaches(recording).map {
            Finding(rule, fixture: recording.fixture, probe: recording.probe, evidence: $0.evidence, hint: $0.hint)
        }
    }
}

extension Recording {
    /// What it breaks of the rules that are judged in every run.
    public var findings: [Finding] { Check.everyRun.flatMap { $0.findings(in: self) } }
}

extension Recording.Heard {
    /// Where the line stands, and its beginning: `stdout at byte 12: "Starting…"`.
    var quoted: String {
        let stream = line.stream == .output ? "stdout" : "stderr"
        return "\(stream) at byte \(line.offset): \(quote(line.bytes))"
    }
}

/// The beginning of a text, as one line without anything that a terminal would act on.
func quote(_ bytes: some Collection<UInt8>) -> String {
    let shown = String(decoding: bytes.prefix(200), as: UTF8.self).unicodeScalars.map { scalar in
        scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return "\"\(shown.joined())\""
}
