import Jansson

/// AWS `JobData` without what is the host's own (credentials, keys, account), and with the members of ours.
public struct JobData: Hashable, Sendable {
    public struct PipelineContext: Hashable, Sendable {
        public var pipelineName: String
        public var pipelineExecutionId: String?
        public var pipelineArn: String?
        public var stageName: String
        public var actionName: String
        /// Stable over continuations and re-dispatch: the key under which outside work is done once.
        public var actionExecutionId: String

        public init(
            pipelineName: String, pipelineExecutionId: String? = nil, pipelineArn: String? = nil, stageName: String,
            actionName: String, actionExecutionId: String
        ) {
            self.pipelineName = pipelineName
            self.pipelineExecutionId = pipelineExecutionId
            self.pipelineArn = pipelineArn
            self.stageName = stageName
            self.actionName = actionName
            self.actionExecutionId = actionExecutionId
        }
    }

    /// An artifact as a directory of the workspace.
    public struct Artifact: Hashable, Sendable {
        public var name: String
        public var revision: String?
        /// Relative to the workspace's root.
        public var path: String

        public init(name: String, revision: String? = nil, path: String) {
            self.name = name
            self.revision = revision
            self.path = path
        }
    }

    /// The revision that a start asked a source action for.
    public struct SourceRevision: Hashable, Sendable {
        public var revisionType: String
        public var revisionValue: String

        /// Of an S3_OBJECT_VERSION_ID: of which object, when it is not that of the configuration (SRC-1).
        public var objectKey: String?

        public init(revisionType: String, revisionValue: String, objectKey: String? = nil) {
            self.revisionType = revisionType
            self.revisionValue = revisionValue
            self.objectKey = objectKey
        }
    }

    public var actionTypeId: ActionTypeIdentifier
    public var configuration: [String: String]
    public var pipelineContext: PipelineContext
    public var inputArtifacts: [Artifact]
    public var outputArtifacts: [Artifact]
    public var continuationToken: String?
    /// Of a `check`: where the last one stood; absent the first time.
    public var cursor: String?
    /// Of a `notify`: the event as EventBridge shapes it.
    public var event: JSON?
    /// Of Compute actions: the declaration's siblings of `configuration`.
    public var action: ComputeAction?
    /// The one entry of the operator's settings that the configuration names.
    public var providerSettings: JSON?
    public var sourceRevision: SourceRevision?

    public init(
        actionTypeId: ActionTypeIdentifier, configuration: [String: String] = [:], pipelineContext: PipelineContext,
        inputArtifacts: [Artifact] = [], outputArtifacts: [Artifact] = [], continuationToken: String? = nil,
        cursor: String? = nil, event: JSON? = nil, action: ComputeAction? = nil, providerSettings: JSON? = nil,
        sourceRevision: SourceRevision? = nil
    ) {
        self.actionTypeId = actionTypeId
        self.configuration = configuration
        self.pipelineContext = pipelineContext
        self.inputArtifacts = inputArtifacts
        self.outputArtifacts = outputArtifacts
        self.continuationToken = continuationToken
        self.cursor = cursor
        self.event = event
        self.action = action
        self.providerSettings = providerSettings
        self.sourceRevision = sourceRevision
    }
}

extension JobData {
    init(_ reader: JSONReader) throws {
        actionTypeId = try ActionTypeIdentifier(reader.required("actionTypeId"))
        configuration = try reader.optional("actionConfiguration")?.optional("configuration")?.stringMembers() ?? [:]
        pipelineContext = try PipelineContext(reader.required("pipelineContext"))
        inputArtifacts = try reader.list("inputArtifacts").map { try Artifact($0) }
        outputArtifacts = try reader.list("outputArtifacts").map { try Artifact($0) }
        continuationToken = try reader.optional("continuationToken")?.string()
        cursor = try reader.optional("cursor")?.string()
        event = try reader.optional("event")?.value
        action = try reader.optional("action").map { try ComputeAction($0) }
        providerSettings = try reader.optional("providerSettings")?.value
        sourceRevision = try reader.optional("sourceRevision").map {
            SourceRevision(
                revisionType: try $0.required("revisionType").string(),
                revisionValue: try $0.required("revisionValue").string(),
                objectKey: try $0.optional("objectKey")?.string())
        }
    }

    /// As it stands in the job, and what paths in messages about it refer to.
    public var json: JSON {
        .object(present: [
            "actionTypeId": actionTypeId.json, "actionConfiguration": ["configuration": .strings(configuration)],
            "pipelineContext": pipelineContext.json, "inputArtifacts": .array(inputArtifacts.map(\.json)),
            "outputArtifacts": .array(outputArtifacts.map(\.json)),
            "continuationToken": continuationToken.map(JSON.string), "cursor": cursor.map(JSON.string),
            "event": event, "action": action?.json, "providerSettings": providerSettings,
            "sourceRevision": sourceRevision.map {
                .object(present: [
                    "revisionType": .string($0.revisionType), "revisionValue": .string($0.revisionValue),
                    "objectKey": $0.objectKey.map(JSON.string),
                ])
            },
        ])
    }
}

extension JobData.PipelineContext {
    init(_ reader: JSONReader) throws(JSONTypeError) {
        pipelineName = try reader.required("pipelineName").string()
        pipelineExecutionId = try reader.optional("pipelineExecutionId")?.string()
        pipelineArn = try reader.optional("pipelineArn")?.string()
        stageName = try reader.required("stage").required("name").string()
        let action = try reader.required("action")
        actionName = try action.required("name").string()
        actionExecutionId = try action.required("actionExecutionId").string()
    }

    var json: JSON {
        .object(present: [
            "pipelineName": .string(pipelineName), "pipelineExecutionId": pipelineExecutionId.map(JSON.string),
            "pipelineArn": pipelineArn.map(JSON.string), "stage": ["name": .string(stageName)],
            "action": ["name": .string(actionName), "actionExecutionId": .string(actionExecutionId)],
        ])
    }
}

extension JobData.Artifact {
    init(_ reader: JSONReader) throws(JSONTypeError) {
        name = try reader.required("name").string()
        revision = try reader.optional("revision")?.string()
        path = try reader.required("location").required("pathLocation").required("path").string()
    }

    var json: JSON {
        .object(present: [
            "name": .string(name), "revision": revision.map(JSON.string),
            "location": ["type": "Path", "pathLocation": ["path": .string(path)]],
        ])
    }
}
