import Jansson

/// `log`: one message for the log with its level.
public struct Log: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable, CaseIterable {
        case debug, info, notice, warning, error
    }

    public var level: Level
    /// At most 16 KiB.
    public var message: String
    public var time: Timestamp?

    public init(level: Level, message: String, time: Timestamp? = nil) {
        self.level = level
        self.message = message
        self.time = time
    }

    init(_ reader: JSONReader) throws(RuleViolation) {
        (level, message) = try obeying("LOG-02") {
            let message = try reader.required("message").string()
            guard message.utf8.count <= MessageLimits.logMessageBytes else {
                throw JSONTypeError(
                    path: "message",
                    problem: "must have at most \(MessageLimits.logMessageBytes) bytes, found \(message.utf8.count)")
            }
            return (try reader.required("level").word(Level.self), message)
        }
        time = try obeying("MSG-03") { try reader.optional("time", Timestamp.init) }
    }

    var members: [String: JSON?] {
        ["level": .string(level.rawValue), "message": .string(message), "time": time?.json]
    }
}
