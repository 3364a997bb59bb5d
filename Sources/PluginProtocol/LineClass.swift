import Jansson

/// How a line ended.
public enum LineEnding: Hashable, Sendable {
    case newline
    /// The stream ended without an LF.
    case endOfStream
    /// The line went on past what is kept of it.
    case overlong(totalBytes: Int)
}

/// What one line of a plugin's standard output is (protocol, section 4.1).
public enum LineClass: Hashable, Sendable {
    /// Ignored.
    case blank
    case message(PluginMessage)
    /// Somebody else's text: logged, counted, never fatal.
    case stray
    /// It names the job in flight and is not a valid message: it fails that job.
    case protocolError(jobId: String, RuleViolation)
    /// The beginning of a message, cut off by the end of the stream: discarded. Spec: FRM-04
    case truncated

    /// Classifies `line`, without its LF, given the jobs in flight.
    public init(_ line: [UInt8], ending: LineEnding, jobIds: Set<String>) {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...]
        guard let first = text.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else {
            self = .blank
            return
        }
        do throws(RuleViolation) {
            try checkLength(of: line, ending)
            // Only an object can be a message: other text need not be parsed.
            guard first == UInt8(ascii: "{") else {
                throw text.starts(with: byteOrderMark) ? beginsWithMark : noMessage
            }
            let json = try parse(text)
            guard let jobId = json["jobId"]?.stringValue, jobIds.contains(jobId),
                json["protocol"]?.stringValue?.hasPrefix(WireProtocol.family) == true
            else { throw noMessage }
            self = Self.decode(json, jobId: jobId)
        } catch {
            guard let jobId = jobIds.first(where: { contains($0.utf8, in: text) }) else {
                self = .stray
                return
            }
            let isComplete = error == noMessage || error == beginsWithMark
            self = ending == .endOfStream && !isComplete ? .truncated : .protocolError(jobId: jobId, error)
        }
    }

    private static func decode(_ json: JSON, jobId: String) -> LineClass {
        do throws(RuleViolation) {
            try checkIntegers(in: json, path: "")
            return .message(try PluginMessage(json))
        } catch {
            return .protocolError(jobId: jobId, error)
        }
    }
}

private let noMessage = RuleViolation(
    rule: "FRM-01", path: "", problem: "the line holds the jobId and is no message; one message, one line")

private let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

private let beginsWithMark = RuleViolation(
    rule: "FRM-02", path: "", problem: "the line begins with a byte order mark; write UTF-8 without one")

private func checkLength(of line: [UInt8], _ ending: LineEnding) throws(RuleViolation) {
    var bytes = line.count + 1
    if case .overlong(let totalBytes) = ending { bytes = totalBytes + 1 }
    guard bytes > MessageLimits.lineBytes else { return }
    throw RuleViolation(
        rule: "FRM-05", path: "",
        problem: "the line has \(bytes) bytes with its LF; at most \(MessageLimits.lineBytes) are allowed")
}

private func parse(_ text: ArraySlice<UInt8>) throws(RuleViolation) -> JSON {
    do {
        return try JSON(parsing: text, maximumDepth: MessageLimits.depth)
    } catch {
        // The parser tells its faults apart in words only.
        let rule =
            switch error.message {
            case let message where message.hasPrefix("nested deeper"): "FRM-06"
            case let message where message.hasPrefix("duplicate object key"): "FRM-07"
            case let message where message.hasPrefix("unable to decode byte"): "FRM-02"
            default: "FRM-08"
            }
        throw RuleViolation(rule: rule, path: "", problem: "is not strict JSON: \(error); one message, one line")
    }
}

private func checkIntegers(in json: JSON, path: String) throws(RuleViolation) {
    switch json {
    case .integer(let integer) where !MessageLimits.integers.contains(integer):
        throw RuleViolation(
            rule: "FRM-08", path: path, problem: "must be an integer within ±(2^53−1), found \(integer)")
    case .array(let elements):
        for (index, element) in elements.enumerated() { try checkIntegers(in: element, path: "\(path)[\(index)]") }
    case .object(let members):
        for (key, member) in members { try checkIntegers(in: member, path: path.isEmpty ? key : "\(path).\(key)") }
    case .null, .bool, .integer, .real, .string: return
    }
}

private func contains(_ needle: String.UTF8View, in text: ArraySlice<UInt8>) -> Bool {
    guard let first = needle.first, text.count >= needle.count else { return false }
    return (text.startIndex...(text.endIndex - needle.count)).contains {
        text[$0] == first && text[$0...].starts(with: needle)
    }
}
