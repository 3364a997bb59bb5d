import Jansson
import PluginProtocol
import Processes

/// A line of standard output that breaks the contract, and the one rule that explains it best.
struct WrongLine {
    let heard: Recording.Heard
    let violation: RuleViolation
}

extension Recording {
    /// All lines that are wrong by themselves. Each breaks one rule only: what is behind it shows when that is mended.
    var wrongLines: [WrongLine] {
        let lines = output.map(\.heard)
        let broken = interruptions(in: lines)
        return lines.compactMap { heard in
            if broken.tails.contains(heard.line.offset) { return nil }
            let interrupted = broken.heads.contains(heard.line.offset) ? heard.interrupted : nil
            return (interrupted ?? violation(of: heard)).map { WrongLine(heard: heard, violation: $0) }
        }
    }

    private func violation(of heard: Heard) -> RuleViolation? {
        switch heard.means {
        case .message?, .blank?, nil: return nil
        case .truncated?: return isCutShort ? nil : heard.cutOff
        case .protocolError(_, let violation)? where violation.rule == "FRM-01": return unrecognised(heard)
        case .protocolError(_, let violation)?: return violation
        case .stray?: return unrecognised(heard)
        }
    }

    /// Whether the kit ended the process, perhaps in the middle of a word.
    var isCutShort: Bool { !faults.isDisjoint(with: [.killed, .cancelled]) }

    /// What a host takes for somebody else's text may have been meant as a message.
    private func unrecognised(_ heard: Heard) -> RuleViolation? {
        if case .overlong(let totalBytes) = heard.line.ending {
            return RuleViolation(rule: "FRM-05", path: "", problem: "the line has \(totalBytes + 1) bytes with its LF")
        }
        if let violation = heard.encodingViolation { return violation }
        guard heard.line.bytes.first(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "{"), heard.namesProtocol
        else { return RuleViolation(rule: "FRM-01", path: "", problem: "the line is no message") }
        do {
            let json = try JSON(parsing: heard.withoutReturn, maximumDepth: MessageLimits.depth)
            guard json["protocol"]?.stringValue?.hasPrefix(WireProtocol.family) == true else {
                return RuleViolation(rule: "FRM-01", path: "protocol", problem: "is not the marker of a message")
            }
            // Without a job there is no jobId that a message could carry: LIF-02, LIF-03 and LIF-11 are about that.
            return errands.isEmpty ? nil : wrongJobId(json["jobId"])
        } catch {
            if heard.line.ending == .unterminated { return isCutShort ? nil : heard.cutOff }
            // With a text that it holds in place of the jobId, the line is judged as a host judges one with its jobId.
            let ending = LineEnding.newline
            guard
                case .protocolError(_, let violation) = LineClass(
                    heard.line.bytes, ending: ending, jobIds: [WireProtocol.family])
            else { return RuleViolation(rule: "FRM-08", path: "", problem: "is not strict JSON: \(error)") }
            return violation
        }
    }

    private func wrongJobId(_ found: JSON?) -> RuleViolation {
        let given = errands.map { "\"\($0.job.jobId)\"" }.joined(separator: " or ")
        let problem =
            switch found {
            case nil, .null?: "is missing; it has to be \(given)"
            case .string(let text)?: "is \"\(text)\", and no job of that id was given, but \(given)"
            case let other?: "is \(other.kind); it has to be \(given)"
            }
        return RuleViolation(rule: "MSG-02", path: "jobId", problem: problem)
    }

    /// Offsets of lines that were interrupted by another writer, and of those with nothing but the rest of one.
    private func interruptions(in lines: [Heard]) -> (heads: Set<Int>, tails: Set<Int>) {
        var (heads, tails): (Set<Int>, Set<Int>) = ([], [])
        for (index, heard) in lines.enumerated() where heard.isBroken {
            guard let beginning = heard.interruptedBeginning else { continue }
            let tail = lines[(index + 1)...].prefix(20).first { tail in
                tail.isBroken && isMessage(beginning + tail.line.bytes)
                    // A line feed between two words is no interruption but pretty printing.
                    && !isMessage(beginning + [UInt8(ascii: "\n")] + tail.line.bytes)
            }
            if let tail { tails.insert(tail.line.offset) }
            if tail != nil || heard.holdsTwoMessages { heads.insert(heard.line.offset) }
        }
        return (heads, tails)
    }
}

extension Recording.Heard {
    /// The line as it is meant where it ends with CR LF.
    fileprivate var withoutReturn: ArraySlice<UInt8> { hasReturn ? line.bytes.dropLast() : line.bytes[...] }

    var hasReturn: Bool { line.bytes.last == UInt8(ascii: "\r") }

    /// Whether the line carries the marker: then it is meant as a message, though perhaps a wrong one.
    var namesProtocol: Bool { markers > 0 }

    /// How often the marker stands there, not counting quotations of it. Some writers of JSON put a `\` before each `/`.
    private var markers: Int { text.matches(of: /(?:^|[^\\])"penstock\\?\//).count }

    fileprivate var isBroken: Bool {
        guard line.bytes.count < MessageLimits.lineBytes, encodingViolation == nil else { return false }
        switch means {
        case .stray?, .truncated?: return true
        case .protocolError(_, let violation)?: return ["FRM-01", "FRM-07", "FRM-08"].contains(violation.rule)
        case .message?, .blank?, nil: return false
        }
    }

    /// What of the line came before another writer went on in it, or before its end: the beginning of a message, and no
    /// whole one. Nil where nothing is begun.
    fileprivate var interruptedBeginning: [UInt8]? {
        let bytes = line.bytes
        guard bytes.first == UInt8(ascii: "{"), !isObject(bytes) else { return nil }
        let braces = bytes.indices.dropFirst().filter { bytes[$0] == UInt8(ascii: "{") }.prefix(16)
        // Two whole messages on one line are no interruption.
        guard !braces.contains(where: { isObject(bytes[..<$0]) }) else { return nil }
        return braces.first { isMessage(bytes[$0...]) }.map { Array(bytes[..<$0]) } ?? bytes
    }

    fileprivate var holdsTwoMessages: Bool { markers > 1 }

    fileprivate var interrupted: RuleViolation {
        RuleViolation(rule: "FRM-09", path: "", problem: "the message is interrupted by another")
    }

    fileprivate var cutOff: RuleViolation {
        RuleViolation(rule: "FRM-04", path: "", problem: "the last line is cut off")
    }

    /// What keeps the line from being text. Spec: FRM-02
    var encodingViolation: RuleViolation? {
        let problem: String
        if line.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            problem = "the line begins with a byte order mark"
        } else if line.bytes.contains(0) {
            problem = "the line has bytes of zero, as UTF-16 has them"
        } else if case .overlong = line.ending {
            // Perhaps cut within a character.
            return nil
        } else if String(validating: line.bytes, as: UTF8.self) == nil {
            problem = "the line is not UTF-8"
        } else {
            return nil
        }
        return RuleViolation(rule: "FRM-02", path: "", problem: problem)
    }
}

private func isObject(_ bytes: some Collection<UInt8>) -> Bool {
    guard case .object? = try? JSON(parsing: bytes, maximumDepth: MessageLimits.depth) else { return false }
    return true
}

private func isMessage(_ bytes: some Collection<UInt8>) -> Bool {
    let json = try? JSON(parsing: bytes, maximumDepth: MessageLimits.depth)
    return json?["protocol"]?.stringValue?.hasPrefix(WireProtocol.family) == true
}

extension Check {
    /// A rule about single lines of standard output.
    static func lines(_ rule: String) -> Check {
        Check(rule) { recording in
            recording.wrongLines.filter { $0.violation.rule == rule }.map {
                Breach("\($0.heard.quoted): \($0.violation)", hint: Rule.hint(for: rule))
            }
        }
    }
}
