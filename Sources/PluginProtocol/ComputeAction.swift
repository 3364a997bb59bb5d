import Jansson

/// What stands beside `configuration` in the declaration of a Compute action.
public struct ComputeAction: Hashable, Sendable {
    public struct EnvironmentVariable: Hashable, Sendable {
        public var name: String
        public var value: String
        /// `PLAINTEXT` or `SECRETS_MANAGER`.
        public var type: String

        public init(name: String, value: String, type: String = "PLAINTEXT") {
            self.name = name
            self.value = value
            self.type = type
        }
    }

    public struct OutputArtifact: Hashable, Sendable {
        public var name: String
        public var files: [String]

        public init(name: String, files: [String]) {
            self.name = name
            self.files = files
        }
    }

    public var commands: [String]
    public var environmentVariables: [EnvironmentVariable]
    public var outputVariables: [String]
    public var outputArtifacts: [OutputArtifact]

    public init(
        commands: [String], environmentVariables: [EnvironmentVariable] = [], outputVariables: [String] = [],
        outputArtifacts: [OutputArtifact] = []
    ) {
        self.commands = commands
        self.environmentVariables = environmentVariables
        self.outputVariables = outputVariables
        self.outputArtifacts = outputArtifacts
    }

    /// - Throws: `JSONTypeError`
    public init(_ reader: JSONReader) throws {
        commands = try reader.optional("commands")?.strings() ?? []
        outputVariables = try reader.optional("outputVariables")?.strings() ?? []
        environmentVariables = try reader.list("environmentVariables").map {
            EnvironmentVariable(
                name: try $0.required("name").string(), value: try $0.required("value").string(),
                type: try $0.optional("type")?.string() ?? "PLAINTEXT")
        }
        outputArtifacts = try reader.list("outputArtifacts").map {
            OutputArtifact(
                name: try $0.required("name").string(), files: try $0.optional("files")?.strings() ?? [])
        }
    }

    var json: JSON {
        [
            "commands": .strings(commands), "outputVariables": .strings(outputVariables),
            "environmentVariables": .array(
                environmentVariables.map { .strings(["name": $0.name, "value": $0.value, "type": $0.type]) }),
            "outputArtifacts": .array(
                outputArtifacts.map { ["name": .string($0.name), "files": .strings($0.files)] }),
        ]
    }
}
