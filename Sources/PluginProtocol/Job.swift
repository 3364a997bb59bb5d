import Jansson

/// What a job asks for.
public enum Operation: String, Hashable, Sendable, CaseIterable {
    /// An action of a pipeline, or a rule.
    case run
    /// What is new since the cursor? (Source)
    case check
    /// Deliver one event.
    case notify
}

/// `job`: everything that a plugin needs for one job.
public struct Job: Hashable, Sendable {
    /// Where the job works; paths are relative to `root`, which is its working directory.
    public struct Workspace: Hashable, Sendable {
        public var root: String
        public var tmp: String
        /// Survives jobs, best effort.
        public var cache: String?

        public init(root: String, tmp: String = "tmp", cache: String? = nil) {
            self.root = root
            self.tmp = tmp
            self.cache = cache
        }
    }

    public struct Host: Hashable, Sendable {
        public var name: String
        public var version: String
        public var features: [String]

        public init(name: String, version: String, features: [String] = []) {
            self.name = name
            self.version = version
            self.features = features
        }
    }

    /// UUIDv4, made per dispatch: also what static text cannot forge.
    public var jobId: String
    public var operation: Operation
    /// From 1, counted under one action execution.
    public var attempt: Int
    public var timeoutSeconds: Int
    public var cancelGraceSeconds: Int
    /// Keys of the configuration whose values are secret.
    public var secretConfigurationKeys: [String]
    public var workspace: Workspace
    public var host: Host
    public var traceparent: String?
    public var data: JobData

    public init(
        jobId: String, operation: Operation = .run, attempt: Int = 1, timeoutSeconds: Int = 3600,
        cancelGraceSeconds: Int = 10, secretConfigurationKeys: [String] = [], workspace: Workspace, host: Host,
        traceparent: String? = nil, data: JobData
    ) {
        self.jobId = jobId
        self.operation = operation
        self.attempt = attempt
        self.timeoutSeconds = timeoutSeconds
        self.cancelGraceSeconds = cancelGraceSeconds
        self.secretConfigurationKeys = secretConfigurationKeys
        self.workspace = workspace
        self.host = host
        self.traceparent = traceparent
        self.data = data
    }

    init(jobId: String, _ reader: JSONReader) throws(RuleViolation) {
        self.jobId = jobId
        data = try obeying("MSG-03") { try JobData(reader.required("data")) }
        (operation, attempt, timeoutSeconds, cancelGraceSeconds) = try obeying("MSG-03") {
            (
                try reader.optional("operation")?.word(Operation.self) ?? .run,
                try reader.required("attempt").integer(in: 1...Int.max),
                try reader.required("timeoutSeconds").integer(),
                try reader.required("cancelGraceSeconds").integer()
            )
        }
        (secretConfigurationKeys, workspace, host, traceparent) = try obeying("MSG-03") {
            (
                try reader.optional("secretConfigurationKeys")?.strings() ?? [],
                try Workspace(reader.required("workspace")), try Host(reader.required("host")),
                try reader.optional("traceparent")?.string()
            )
        }
    }

    var members: [String: JSON?] {
        [
            "operation": .string(operation.rawValue), "attempt": .integer(Int64(attempt)),
            "timeoutSeconds": .integer(Int64(timeoutSeconds)),
            "cancelGraceSeconds": .integer(Int64(cancelGraceSeconds)),
            "secretConfigurationKeys": .strings(secretConfigurationKeys), "workspace": workspace.json,
            "host": host.json, "traceparent": traceparent.map(JSON.string), "data": data.json,
        ]
    }
}

extension Job.Workspace {
    init(_ reader: JSONReader) throws(JSONTypeError) {
        root = try reader.required("root").string()
        tmp = try reader.required("tmp").string()
        cache = try reader.optional("cache")?.string()
    }

    var json: JSON {
        .object(present: ["root": .string(root), "tmp": .string(tmp), "cache": cache.map(JSON.string)])
    }
}

extension Job.Host {
    init(_ reader: JSONReader) throws(JSONTypeError) {
        name = try reader.required("name").string()
        version = try reader.required("version").string()
        features = try reader.optional("features")?.strings() ?? []
    }

    var json: JSON { ["name": .string(name), "version": .string(version), "features": .strings(features)] }
}
