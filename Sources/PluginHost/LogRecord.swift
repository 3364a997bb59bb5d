import PluginProtocol

/// One or more lines for the log of a job, with line feeds between them, masked. Whoever keeps them adds the time.
public struct LogRecord: Hashable, Sendable {
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// What the plugin wrote to its standard error.
        case stderr
        /// Stray text on the standard output.
        case stdout
        /// A `log` message.
        case message
        /// The host's own remark about the plugin.
        case host
    }

    public var source: Source
    public var level: Log.Level
    public var text: String

    public init(source: Source, level: Log.Level, text: String) {
        self.source = source
        self.level = level
        self.text = text
    }
}
