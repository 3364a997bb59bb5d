import Jansson

/// A plugin's `plugin.json`: what it serves, how it is run, what it needs. Never obtained by running it.
public struct Manifest: Hashable, Sendable {
    public static let fileName = "plugin.json"

    /// 1 to 64 of `[0-9A-Za-z_-]`; the name under which grants are given.
    public var name: String
    /// The plugin's own version, any text.
    public var version: String
    public var description: String?
    public var homepage: String?
    public var license: String?
    /// The protocols that it speaks: `penstock/1`.
    public var protocols: [String]
    /// 1 to 20.
    public var actionTypes: [ActionType]
    public var run: Run
    public var permissions: Permissions
    /// The fixtures of the conformance kit, relative to the plugin's folder.
    public var conformance: String?

    public struct Run: Hashable, Sendable {
        public enum Lifecycle: String, Hashable, Sendable, CaseIterable {
            case oneShot, worker
        }

        /// The first word is relative to the plugin's folder.
        public var command: [String]
        public var lifecycle = Lifecycle.oneShot
        public var maxConcurrentJobs = 1
        public var timeoutSeconds = 3600
        /// Any message within three times this; nil: not watched.
        public var heartbeatSeconds: Int?
        public var cancelGraceSeconds = 10
        public var continuations = false
        public var reproducible = false
        /// The argument list of `penstock plugin build`; never run by the host.
        public var build: [String]?
        /// Whether the plugin wants a directory that outlives its jobs.
        public var cache = false
        /// Tools that must be found in the plugin's PATH.
        public var requires: [String] = []
        public var platforms: [String] = []
    }

    /// What the plugin needs beyond its workspace; nothing of it is given unless the operator grants it.
    public struct Permissions: Hashable, Sendable {
        public var network = false
        /// Names of environment variables.
        public var environment: [String] = []
        public var hostPaths: [HostPath] = []
    }

    /// A named slot to which the operator binds a path of the host.
    public struct HostPath: Hashable, Sendable {
        public enum Mode: String, Hashable, Sendable, CaseIterable {
            case readOnly = "ro"
            case readWrite = "rw"
        }

        public var name: String
        public var mode: Mode
        public var description: String?
        /// Whether the plugin cannot start without it.
        public var required: Bool
    }
}

/// One action type that a plugin serves: the input of AWS `CreateCustomActionType` and a few members of ours.
public struct ActionType: Hashable, Sendable {
    public var id: ActionTypeIdentifier
    /// `run` alone if the manifest is silent.
    public var operations: [Operation]
    public var entityUrlTemplate: String?
    public var executionUrlTemplate: String?
    public var revisionUrlTemplate: String?
    public var configurationProperties: [ConfigurationProperty]
    public var inputArtifacts: ClosedRange<Int>
    public var outputArtifacts: ClosedRange<Int>
    public var providerSettings: ProviderSettings?
}

public struct ConfigurationProperty: Hashable, Sendable {
    /// Of a value, which always travels as text.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case string = "String"
        case number = "Number"
        case boolean = "Boolean"
    }

    public var name: String
    public var required: Bool
    public var key: Bool
    public var secret: Bool
    public var queryable: Bool
    public var type: Kind
    public var description: String?
}

/// Which entry of the operator's settings an action refers to: settings → provider → `collection` → key.
public struct ProviderSettings: Hashable, Sendable {
    public var collection: String
    /// A text with the names of configuration properties in braces: `{Owner}/{Repo}`.
    public var key: String
    /// What an entry holds, for people: `penstock settings init` writes it, the host does not check it.
    public var entry: [Member] = []

    public struct Member: Hashable, Sendable {
        public var name: String
        public var required: Bool
        public var description: String

        public init(name: String, required: Bool, description: String) {
            self.name = name
            self.required = required
            self.description = description
        }
    }

    /// The configuration properties of which `key` is made.
    public var properties: [String] { key.matches(of: /\{([^}]*)\}/).map { String($0.1) } }

    /// The key of the entry that an action with `configuration` refers to; an absent property counts as empty.
    public func key(in configuration: [String: String]) -> String {
        key.replacing(/\{([^}]*)\}/) { configuration[String($0.1)] ?? "" }
    }
}
