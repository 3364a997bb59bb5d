/// A pipeline as it is declared: AWS's structure, with defaults filled in.
///
/// Values here are well formed in type only; `findings(catalogue:)` says whether they obey the rules.
/// Source: `PipelineDeclaration` of the CodePipeline API.
public struct Pipeline: Hashable, Sendable {
    public var name: String
    public var roleArn: String?
    public var artifactStore: ArtifactStoreDeclaration?
    /// Region to store.
    public var artifactStores: [String: ArtifactStoreDeclaration]?
    public var stages: [Stage]
    public var pipelineType: PipelineType?
    public var executionMode: ExecutionMode
    public var variables: [PipelineVariable]
    public var triggers: [Trigger]

    public init(
        name: String, roleArn: String? = nil, artifactStore: ArtifactStoreDeclaration? = nil,
        artifactStores: [String: ArtifactStoreDeclaration]? = nil, stages: [Stage],
        pipelineType: PipelineType? = nil, executionMode: ExecutionMode = .superseded,
        variables: [PipelineVariable] = [], triggers: [Trigger] = []
    ) {
        self.name = name
        self.roleArn = roleArn
        self.artifactStore = artifactStore
        self.artifactStores = artifactStores
        self.stages = stages
        self.pipelineType = pipelineType
        self.executionMode = executionMode
        self.variables = variables
        self.triggers = triggers
    }
}

public enum PipelineType: String, Hashable, Sendable, CaseIterable {
    case v1 = "V1"
    case v2 = "V2"
}

public enum ExecutionMode: String, Hashable, Sendable, CaseIterable {
    case superseded = "SUPERSEDED"
    case queued = "QUEUED"
    case parallel = "PARALLEL"
}

/// Where AWS would keep artifacts; kept for the round trip, never used here.
public struct ArtifactStoreDeclaration: Hashable, Sendable {
    public var type: String
    public var location: String
    public var encryptionKey: EncryptionKey?

    public struct EncryptionKey: Hashable, Sendable {
        public var id: String
        public var type: String
        public init(id: String, type: String) {
            self.id = id
            self.type = type
        }
    }

    public init(type: String, location: String, encryptionKey: EncryptionKey? = nil) {
        self.type = type
        self.location = location
        self.encryptionKey = encryptionKey
    }
}

/// A variable of the pipeline, `#{variables.NAME}`; without a default it must be given at each start (VAR-5).
public struct PipelineVariable: Hashable, Sendable {
    public var name: String
    public var defaultValue: String?
    public var description: String?

    public init(name: String, defaultValue: String? = nil, description: String? = nil) {
        self.name = name
        self.defaultValue = defaultValue
        self.description = description
    }
}

public struct Stage: Hashable, Sendable {
    public var name: String
    public var actions: [Action]
    public var beforeEntry: StageConditions?
    public var onSuccess: StageConditions?
    public var onFailure: StageConditions?
    /// Accepted and without behaviour (STR-10).
    public var blockers: [Blocker]

    public init(
        name: String, actions: [Action], beforeEntry: StageConditions? = nil, onSuccess: StageConditions? = nil,
        onFailure: StageConditions? = nil, blockers: [Blocker] = []
    ) {
        self.name = name
        self.actions = actions
        self.beforeEntry = beforeEntry
        self.onSuccess = onSuccess
        self.onFailure = onFailure
        self.blockers = blockers
    }

    /// The actions that start together, by run order, lowest first (ACT-3).
    public var groups: [[Action]] {
        Dictionary(grouping: actions, by: \.runOrder).sorted { $0.key < $1.key }.map(\.value)
    }
}

public struct Blocker: Hashable, Sendable {
    public var name: String
    public var type: String
    public init(name: String, type: String) {
        self.name = name
        self.type = type
    }
}

/// The four words that name an action type.
public struct ActionTypeID: Hashable, Sendable, Codable, CustomStringConvertible {
    public var category: String
    public var owner: String
    public var provider: String
    public var version: String

    public init(category: String, owner: String, provider: String, version: String) {
        self.category = category
        self.owner = owner
        self.provider = provider
        self.version = version
    }

    /// `Source/AWS/CodeCommit/1`
    public var description: String { "\(category)/\(owner)/\(provider)/\(version)" }

    /// The one type whose work is the engine's own: somebody says yes or no (APR-1).
    public static let manualApproval = ActionTypeID(
        category: "Approval", owner: "AWS", provider: "Manual", version: "1")
}

public struct Action: Hashable, Sendable, Codable {
    public var name: String
    public var type: ActionTypeID
    /// From 1; the actions of a stage with the same value start together (ACT-3).
    public var runOrder: Int
    public var configuration: [String: String]
    public var inputArtifacts: [String]
    public var outputArtifacts: [OutputArtifact]
    public var roleArn: String?
    public var region: String?
    /// The name under which later actions refer to this one's output variables.
    public var namespace: String?
    public var timeoutInMinutes: Int?
    public var commands: [String]
    /// Names of the environment variables that become output variables (Compute actions).
    public var outputVariables: [String]
    public var environmentVariables: [EnvironmentVariable]

    public init(
        name: String, type: ActionTypeID, runOrder: Int = 1, configuration: [String: String] = [:],
        inputArtifacts: [String] = [], outputArtifacts: [OutputArtifact] = [], roleArn: String? = nil,
        region: String? = nil, namespace: String? = nil, timeoutInMinutes: Int? = nil, commands: [String] = [],
        outputVariables: [String] = [], environmentVariables: [EnvironmentVariable] = []
    ) {
        self.name = name
        self.type = type
        self.runOrder = runOrder
        self.configuration = configuration
        self.inputArtifacts = inputArtifacts
        self.outputArtifacts = outputArtifacts
        self.roleArn = roleArn
        self.region = region
        self.namespace = namespace
        self.timeoutInMinutes = timeoutInMinutes
        self.commands = commands
        self.outputVariables = outputVariables
        self.environmentVariables = environmentVariables
    }
}

public struct OutputArtifact: Hashable, Sendable, Codable {
    public var name: String
    /// Globs of what goes into the artifact (Compute actions); empty means all of it.
    public var files: [String]

    public init(name: String, files: [String] = []) {
        self.name = name
        self.files = files
    }
}

public struct EnvironmentVariable: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case plaintext = "PLAINTEXT"
        case secretsManager = "SECRETS_MANAGER"
    }
    public var name: String
    /// The text itself, or the name of the secret.
    public var value: String
    public var kind: Kind

    public init(name: String, value: String, kind: Kind = .plaintext) {
        self.name = name
        self.value = value
        self.kind = kind
    }
}
