import Pipelines

/// Something that happened, with everything that the machine may know of its moment.
public struct Fact: Hashable, Sendable, Codable {
    public let event: Event
    public let at: Instant
    public let seed: Seed
    /// How long a disabled transition kept the execution waiting, where it waits before a stage no more by this fact; nil
    /// if it did not. It is for the record: the machine does not look at it.
    public internal(set) var heldMilliseconds: Int64?

    public init(_ event: Event, at: Instant, seed: Seed, heldMilliseconds: Int64? = nil) {
        self.event = event
        self.at = at
        self.seed = seed
        self.heldMilliseconds = heldMilliseconds
    }
}

public enum Event: Hashable, Sendable, Codable {
    /// Always the first fact of an execution, and only that.
    case started(Start)
    case actionProgressed(Attempt, ExternalExecution)
    case actionSucceeded(Attempt, ActionResult)
    /// The job is done and the action is not: it wants to be asked again.
    case actionContinues(Attempt, Continuation)
    case actionFailed(Attempt, ActionFailure)
    case attemptLost(Attempt, Loss)
    case approvalAnswered(Attempt, ApprovalAnswer)
    case approvalExpired(Attempt)
    case stopRequested(StopRequest)
    case resumed(by: String)
    /// It may go into the stage that it waits for.
    case stageEntered(String)
    /// A newer one has taken its place (EXE-6).
    case superseded(by: ExecutionID)
    /// Its pipeline has been changed (EXE-13).
    case cancelled(reason: String)
    case stageRetried(StageRetry)
    case conditionOverridden(ConditionOverride)
}

/// What an execution is bound to for its whole life (EXE-1).
public struct Start: Hashable, Sendable, Codable {
    public var execution: ExecutionID
    public var pipelineVersion: Int
    public var trigger: Trigger
    /// Values given at the start; names that the pipeline does not declare are ignored (VAR-5).
    public var variables: [String: String]
    /// Directories that stand in for source actions, by action name.
    public var sourceDirectories: [String: String]
    /// By action name.
    public var sourceRevisions: [String: SourceRevision]
    /// Whoever shows it again is told of this execution (EXE-4).
    public var clientRequestToken: String?
    /// The execution stops when this stage has succeeded.
    public var stopAfterStage: String?
    /// How actions are isolated, as it was chosen: part of the record.
    public var sandbox: String
    /// What makes it a rollback (STS-8).
    public var rollback: Rollback?
    /// How many of its actions may be in progress at once; nil without limit (EXE-10).
    public var actionLimit: Int?
    /// By `Stage/Action`: what answers in place of its plugin or reviewer, whenever it runs. It is part of the record
    /// too, so that what began with stubs never really deploys later.
    public var stubs: [String: Stub]

    public struct Trigger: Hashable, Sendable, Codable {
        /// One of the words of STS-7.
        public var type: String
        public var detail: String
        public init(type: String, detail: String) {
            self.type = type
            self.detail = detail
        }
    }

    public init(
        execution: ExecutionID, pipelineVersion: Int, trigger: Trigger, variables: [String: String] = [:],
        sourceDirectories: [String: String] = [:], sourceRevisions: [String: SourceRevision] = [:],
        clientRequestToken: String? = nil, stopAfterStage: String? = nil, rollback: Rollback? = nil,
        actionLimit: Int? = nil, sandbox: String,
        stubs: [String: Stub] = [:]
    ) {
        self.execution = execution
        self.pipelineVersion = pipelineVersion
        self.trigger = trigger
        self.variables = variables
        self.sourceDirectories = sourceDirectories
        self.sourceRevisions = sourceRevisions
        self.clientRequestToken = clientRequestToken
        self.stopAfterStage = stopAfterStage
        self.rollback = rollback
        self.actionLimit = actionLimit
        self.sandbox = sandbox
        self.stubs = stubs
    }
}

/// A revision asked for at the start (SRC-1).
public struct SourceRevision: Hashable, Sendable, Codable {
    public var type: String
    public var value: String
    public init(type: String, value: String) {
        self.type = type
        self.value = value
    }
}

/// What is known of the work outside: the provider's id for it and how far it is.
public struct ExternalExecution: Hashable, Sendable, Codable {
    public var id: String?
    public var summary: String?
    public var percentComplete: Int?

    public init(id: String? = nil, summary: String? = nil, percentComplete: Int? = nil) {
        self.id = id
        self.summary = summary
        self.percentComplete = percentComplete
    }

    /// These details where they say something, else the earlier ones.
    func over(_ earlier: ExternalExecution) -> ExternalExecution {
        ExternalExecution(
            id: id ?? earlier.id, summary: summary ?? earlier.summary,
            percentComplete: percentComplete ?? earlier.percentComplete)
    }
}

/// Which version of a source was taken (SRC-5).
public struct Revision: Hashable, Sendable, Codable {
    public var id: String
    public var changeIdentifier: String?
    public var summary: String?
    public var created: Instant?

    public init(id: String, changeIdentifier: String? = nil, summary: String? = nil, created: Instant? = nil) {
        self.id = id
        self.changeIdentifier = changeIdentifier
        self.summary = summary
        self.created = created
    }
}

public struct ActionResult: Hashable, Sendable, Codable {
    public var outputVariables: [String: String]
    /// Digest by artifact name.
    public var artifacts: [String: String]
    public var revision: Revision?
    public var external: ExternalExecution
    /// Nil when nobody has measured them; so in what follows.
    public var times: JobTimes?

    public init(
        outputVariables: [String: String] = [:], artifacts: [String: String] = [:], revision: Revision? = nil,
        external: ExternalExecution = ExternalExecution()
    ) {
        self.outputVariables = outputVariables
        self.artifacts = artifacts
        self.revision = revision
        self.external = external
    }
}

public struct Continuation: Hashable, Sendable, Codable {
    public var token: String
    public var notBefore: Instant
    public var external: ExternalExecution
    public var times: JobTimes?

    public init(token: String, notBefore: Instant, external: ExternalExecution = ExternalExecution()) {
        self.token = token
        self.notBefore = notBefore
        self.external = external
    }
}

public struct ActionFailure: Error, Hashable, Sendable, Codable {
    /// AWS's failure type: JobFailed, ConfigurationError, PermissionError…
    public var code: String
    /// What the host found, where the failure is of its making: NoResult, ProtocolError…
    public var hostCode: String?
    public var message: String
    public var externalExecutionID: String?
    public var times: JobTimes?

    public init(code: String, hostCode: String? = nil, message: String, externalExecutionID: String? = nil) {
        self.code = code
        self.hostCode = hostCode
        self.message = message
        self.externalExecutionID = externalExecutionID
    }
}

/// Why a dispatched attempt came to nothing through no fault of its plugin.
public enum Loss: Hashable, Sendable, Codable {
    /// The core itself ended; asked again however often that happens.
    case coreEnded
    /// The host could not do its part; asked again at most `Execution.redispatchLimit` times.
    case unavailable(String)
}

public struct ApprovalAnswer: Hashable, Sendable, Codable {
    public enum Status: String, Hashable, Sendable, Codable, CaseIterable {
        case approved = "Approved"
        case rejected = "Rejected"
    }
    public var token: String
    public var status: Status
    public var summary: String
    /// Who answered.
    public var by: String

    public init(token: String, status: Status, summary: String, by: String) {
        self.token = token
        self.status = status
        self.summary = summary
        self.by = by
    }
}

public struct StopRequest: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// What runs may finish (STP-1).
        case wait
        /// What runs is given up at once (STP-2).
        case abandon
    }
    public var kind: Kind
    public var reason: String
    public var by: String

    public init(kind: Kind, reason: String, by: String) {
        self.kind = kind
        self.reason = reason
        self.by = by
    }
}

/// What a rollback takes over from an execution that succeeded in the stage (RBK-1).
public struct Rollback: Hashable, Sendable, Codable {
    public var target: ExecutionID
    /// The one stage that is run.
    public var stage: String
    public var variables: [String: String]
    /// Digest by artifact name, of all that existed before the stage.
    public var artifacts: [String: String]
    /// Revision by artifact name.
    public var revisions: [String: String]
    /// By namespace, of the stages before.
    public var outputVariables: [String: [String: String]]

    public init(
        target: ExecutionID, stage: String, variables: [String: String], artifacts: [String: String],
        revisions: [String: String], outputVariables: [String: [String: String]]
    ) {
        self.target = target
        self.stage = stage
        self.variables = variables
        self.artifacts = artifacts
        self.revisions = revisions
        self.outputVariables = outputVariables
    }
}

public struct StageRetry: Hashable, Sendable, Codable {
    /// RTY-1
    public enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        case failedActions = "FAILED_ACTIONS"
        case allActions = "ALL_ACTIONS"
    }
    public var stage: String
    public var mode: Mode
    public var by: String

    public init(stage: String, mode: Mode, by: String) {
        self.stage = stage
        self.mode = mode
        self.by = by
    }
}

/// CND-8
public struct ConditionOverride: Hashable, Sendable, Codable {
    public var stage: String
    public var condition: ConditionKind
    public var by: String

    public init(stage: String, condition: ConditionKind, by: String) {
        self.stage = stage
        self.condition = condition
        self.by = by
    }
}
