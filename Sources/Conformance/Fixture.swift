import Jansson
import PluginProtocol

/// One case of a plugin's `conformance/cases.json`: a job, and what comes of it. Spec: conformance.md, Fixtures
public struct Fixture: Hashable, Sendable {
    /// What a case shows.
    public enum Trait: String, Hashable, Sendable, CaseIterable {
        case succeeds, fails, longRunning, producesArtifact, usesSecret, obtainsSecret, continues, badConfiguration
    }

    public enum Status: String, Hashable, Sendable, CaseIterable {
        case succeeded = "Succeeded"
        case failed = "Failed"
        case abandoned = "Abandoned"
    }

    public struct Expectation: Hashable, Sendable {
        public var status: Status
        public var failureType: FailureType?
        /// Values that must be exactly these; others may be there.
        public var outputVariables: [String: String]
        /// Artifact name to paths of files that must be in it.
        public var outputArtifacts: [String: [String]]
        public var maxContinuations: Int?
    }

    public var name: String
    public var traits: Set<Trait>
    /// Of the manifest's types, the one that is asked.
    public var actionType: ActionTypeIdentifier
    public var operation: Operation
    public var configuration: [String: String]
    /// Artifact name to a directory, relative to the plugin's folder.
    public var inputArtifacts: [String: String]
    public var outputArtifacts: [String]
    public var action: ComputeAction?
    public var providerSettings: JSON?
    public var event: JSON?
    public var cursor: String?
    public var expect: Expectation
    /// Shell commands, run beside the plugin before it starts.
    public var setup: [String]
    public var teardown: [String]
    public var verify: String?
    public var needsNetwork: Bool
    /// 30 if absent: the job's own bound, and how long it is waited for.
    public var timeoutSeconds: Int
}

extension Fixture {
    /// For a plugin without cases, where none of their jobs is given.
    init(standingInFor type: ActionTypeIdentifier) {
        (name, traits, actionType, operation) = ("none", [], type, .run)
        (configuration, inputArtifacts, outputArtifacts) = ([:], [:], [])
        (action, providerSettings, event, cursor) = (nil, nil, nil, nil)
        expect = Expectation(status: .succeeded, outputVariables: [:], outputArtifacts: [:])
        (setup, teardown, verify, needsNetwork, timeoutSeconds) = ([], [], nil, false, 30)
    }

    /// A job of somebody's own, of which nothing is expected but success.
    /// - Parameter inputs: artifact name to an absolute path.
    public init(
        own type: ActionTypeIdentifier, configuration: [String: String], inputs: [String: String], outputs: [String],
        timeoutSeconds: Int
    ) {
        self.init(standingInFor: type)
        name = "own"
        (self.configuration, inputArtifacts, outputArtifacts) = (configuration, inputs, outputs)
        self.timeoutSeconds = timeoutSeconds
    }

    /// The one that a job was made of, as far as it shows.
    /// - Parameter inputs: artifact name to an absolute path.
    public init(job: Job, inputs: [String: String]) {
        self.init(
            own: job.data.actionTypeId, configuration: job.data.configuration, inputs: inputs,
            outputs: job.data.outputArtifacts.map(\.name), timeoutSeconds: job.timeoutSeconds)
        operation = job.operation
        (action, providerSettings) = (job.data.action, job.data.providerSettings)
        (event, cursor) = (job.data.event, job.data.cursor)
    }
}
