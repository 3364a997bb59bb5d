import Pipelines

/// Something to be done outside; it may be asked for twice and must be done once (by its attempt).
public indirect enum Effect: Hashable, Sendable, Codable {
    case run(Dispatch)
    case cancel(Attempt)
    case awaitApproval(ApprovalRequest)
}

/// One job of one action, complete.
public struct Dispatch: Hashable, Sendable, Codable {
    public var attempt: Attempt
    public var pipeline: String
    /// With every variable resolved.
    @Boxed public var action: Action
    /// The references to secrets in it, which only whoever makes the job replaces; nil without any (VAR-9).
    public var secretPlaces: SecretPlaces?
    /// Digest by artifact name.
    public var inputs: [String: String]
    /// The revisions of those inputs that a source action made, by artifact name.
    public var revisions: [String: String]
    public var continuationToken: String?
    /// A continuation waits; nothing else does.
    public var notBefore: Instant?
    /// When the action as a whole has taken too long, continuations included (QUO).
    public var deadline: Instant
    public var sourceDirectory: String?
    public var sourceRevision: SourceRevision?
    /// No plugin is asked then.
    public var stub: ActionStub?

    public init(
        attempt: Attempt, pipeline: String, action: Action, secretPlaces: SecretPlaces? = nil,
        inputs: [String: String] = [:], revisions: [String: String] = [:],
        continuationToken: String? = nil, notBefore: Instant? = nil, deadline: Instant,
        sourceDirectory: String? = nil, sourceRevision: SourceRevision? = nil, stub: ActionStub? = nil
    ) {
        self.attempt = attempt
        self.pipeline = pipeline
        self.action = action
        self.secretPlaces = secretPlaces
        self.inputs = inputs
        self.revisions = revisions
        self.continuationToken = continuationToken
        self.notBefore = notBefore
        self.deadline = deadline
        self.sourceDirectory = sourceDirectory
        self.sourceRevision = sourceRevision
        self.stub = stub
    }
}

/// A manual approval that somebody has to answer (APR-1).
public struct ApprovalRequest: Hashable, Sendable, Codable {
    public var attempt: Attempt
    /// Whoever answers shows it (APR-3).
    public var token: String
    /// What the reviewer is told.
    public var customData: String?
    public var externalEntityLink: String?
    public var expires: Instant
    /// Nobody is asked then.
    public var stub: ApprovalStub?

    public init(
        attempt: Attempt, token: String, customData: String? = nil, externalEntityLink: String? = nil, expires: Instant,
        stub: ApprovalStub? = nil
    ) {
        self.attempt = attempt
        self.token = token
        self.customData = customData
        self.externalEntityLink = externalEntityLink
        self.expires = expires
        self.stub = stub
    }
}
