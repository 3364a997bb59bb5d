import Engine
import Jansson
import Pipelines
import PluginProtocol

/// What a plugin is asked: an action of a pipeline, a check of a source, or a notification.
struct Assignment: Sendable {
    let operation: PluginProtocol.Operation
    let action: Action
    /// The references to secrets in it.
    let secretPlaces: SecretPlaces
    let pipeline: String
    let stage: String
    /// Nil outside of an execution.
    var execution: String?
    /// Stable when the same is asked again.
    let actionExecution: String
    var attempt = 1
    /// Digests by artifact.
    var inputs: [String: String] = [:]
    var revisions: [String: String] = [:]
    var outputs: [OutputArtifact] = []
    var continuationToken: String?
    var sourceRevision: JobData.SourceRevision?
    var cursor: String?
    var event: JSON?
    private var end: End

    private enum End {
        case deadline(Instant)
        case seconds(Int)
    }

    init(_ dispatch: Dispatch) {
        operation = .run
        action = dispatch.action
        secretPlaces = dispatch.secretPlaces ?? [:]
        pipeline = dispatch.pipeline
        stage = dispatch.attempt.stage
        execution = dispatch.attempt.execution.text
        actionExecution = dispatch.attempt.id.text
        attempt = dispatch.attempt.number
        inputs = dispatch.inputs
        revisions = dispatch.revisions
        outputs = dispatch.action.outputArtifacts
        continuationToken = dispatch.continuationToken
        sourceRevision = dispatch.sourceRevision.map {
            .init(revisionType: $0.type, revisionValue: $0.value, objectKey: $0.objectKey)
        }
        end = .deadline(dispatch.deadline)
    }

    /// A job of the past, which has its plugin's time limit now.
    init(again dispatch: Dispatch) {
        self.init(dispatch)
        end = .seconds(.max)
    }

    init(
        _ operation: PluginProtocol.Operation, _ action: Action, at place: ActionLocation, id: String,
        timeoutSeconds: Int
    ) {
        self.operation = operation
        self.action = action
        secretPlaces = action.secretPlaces { _ in nil }
        pipeline = place.pipeline
        stage = place.stage
        actionExecution = id
        end = .seconds(timeoutSeconds)
    }

    func secondsLeft(_ now: Instant) -> Int {
        switch end {
        case .deadline(let deadline): Int((deadline.milliseconds - now.milliseconds) / 1_000)
        case .seconds(let seconds): seconds
        }
    }
}

/// Where an action stands that is asked something outside of an execution.
public struct ActionLocation: Hashable, Sendable {
    public var pipeline: String
    public var stage: String

    public init(pipeline: String, stage: String) {
        self.pipeline = pipeline
        self.stage = stage
    }
}
