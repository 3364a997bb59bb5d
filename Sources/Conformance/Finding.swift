/// A breach of one rule that was seen.
public struct Finding: Hashable, Sendable {
    /// Id of the rule: `RES-03`.
    public let rule: String
    /// Name of the fixture; nil where no job was at work.
    public let fixture: String?
    /// In which scenario; nil for what is read from files.
    public let probe: String?
    /// What was seen and where: stream, byte offset and text, or the file and member.
    public let evidence: String
    /// What to do about it, in one line.
    public let hint: String

    public init(_ rule: String, fixture: String? = nil, probe: String? = nil, evidence: String, hint: String) {
        self.rule = rule
        self.fixture = fixture
        self.probe = probe
        self.evidence = evidence
        self.hint = hint
    }
}
