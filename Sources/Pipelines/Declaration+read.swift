import Jansson

extension Pipeline {
    /// Reads the shape of AWS's `PipelineDeclaration`: the bare object or `{"pipeline": {…}}`.
    ///
    /// `metadata` and `tags` are left out and `version` is ignored (STR-6, STR-7); `roleArn` and `artifactStore` may
    /// be absent. Numbers and booleans are accepted as configuration values and as the version of a type (STR-14).
    /// - Returns: the pipeline and every fault of its shape. Where there are findings the pipeline has empty values in
    ///   those places, and elements keep their positions.
    public static func read(_ document: JSON) -> (pipeline: Pipeline, findings: [Finding]) {
        var outside = MemberReader(document, path: "", rule: "STR-7")
        if document["pipeline"] == nil {
            var reader = MemberReader(document, path: "", rule: "STR-1")
            let pipeline = Pipeline(reading: &reader)
            return (pipeline, bounded(reader.finished()))
        }
        // Paths start at the pipeline object, whether it is wrapped or not.
        let pipeline = outside.child(outside.take("pipeline") ?? .null, path: "", rule: "STR-1") {
            Pipeline(reading: &$0)
        }
        _ = (outside.take("metadata"), outside.take("tags"))
        return (pipeline, bounded(outside.finished()))
    }

    init(reading reader: inout MemberReader) {
        _ = (reader.take("metadata"), reader.take("version"))
        self.init(
            name: reader.requiredString("name"), roleArn: reader.string("roleArn"),
            artifactStore: reader.object("artifactStore") { ArtifactStoreDeclaration(reading: &$0) },
            artifactStores: reader.object("artifactStores") { $0.artifactStores() },
            stages: reader.list("stages", required: true) { Stage(reading: &$0) },
            pipelineType: reader.word("pipelineType", rule: "STR-8"),
            executionMode: reader.word("executionMode", rule: "STR-9") ?? .superseded,
            variables: reader.list("variables", rule: "VAR-5") { PipelineVariable(reading: &$0) },
            triggers: reader.list("triggers", rule: "GIT-1") { Trigger(reading: &$0) })
    }
}

extension MemberReader {
    fileprivate mutating func artifactStores() -> [String: ArtifactStoreDeclaration] {
        var stores: [String: ArtifactStoreDeclaration] = [:]
        for region in keys {
            stores[region] = object(region) { ArtifactStoreDeclaration(reading: &$0) }
        }
        return stores
    }
}

extension ArtifactStoreDeclaration {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            type: reader.requiredString("type"), location: reader.requiredString("location"),
            encryptionKey: reader.object("encryptionKey") {
                EncryptionKey(id: $0.requiredString("id"), type: $0.requiredString("type"))
            })
    }
}

extension PipelineVariable {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            name: reader.requiredString("name"), defaultValue: reader.string("defaultValue"),
            description: reader.string("description"))
    }
}

extension Stage {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            name: reader.requiredString("name"),
            actions: reader.list("actions", rule: "ACT-1", required: true) { Action(reading: &$0) },
            beforeEntry: reader.object("beforeEntry", rule: "CND-1") { StageConditions(reading: &$0) },
            onSuccess: reader.object("onSuccess", rule: "CND-1") { StageConditions(reading: &$0) },
            onFailure: reader.object("onFailure", rule: "CND-1") { StageConditions(readingOnFailure: &$0) },
            blockers: reader.list("blockers", rule: "STR-10") {
                Blocker(name: $0.requiredString("name"), type: $0.requiredString("type"))
            })
    }
}

extension Action {
    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            name: reader.requiredString("name"),
            type: reader.object("actionTypeId", required: true) { ActionTypeID(reading: &$0) } ?? .unread,
            runOrder: reader.integer("runOrder") ?? 1, configuration: reader.scalars("configuration"),
            inputArtifacts: reader.list("inputArtifacts") { $0.requiredString("name") },
            outputArtifacts: reader.list("outputArtifacts") {
                OutputArtifact(name: $0.requiredString("name"), files: $0.strings("files"))
            },
            roleArn: reader.string("roleArn"), region: reader.string("region"), namespace: reader.string("namespace"),
            timeoutInMinutes: reader.integer("timeoutInMinutes"), commands: reader.strings("commands"),
            outputVariables: reader.strings("outputVariables"),
            environmentVariables: reader.list("environmentVariables", rule: "ACT-9") {
                EnvironmentVariable(
                    name: $0.requiredString("name"), value: $0.requiredString("value"),
                    kind: $0.word("type", rule: "ACT-9") ?? .plaintext)
            })
    }
}

extension ActionTypeID {
    /// What stands where no type could be read; the finding is there already.
    static let unread = ActionTypeID(category: "", owner: "", provider: "", version: "")

    fileprivate init(reading reader: inout MemberReader) {
        self.init(
            category: reader.requiredString("category"), owner: reader.requiredString("owner"),
            provider: reader.requiredString("provider"), version: reader.requiredScalar("version"))
    }

    /// A rule's type may leave out what has one value only (CND-3).
    init(readingRuleType reader: inout MemberReader) {
        self.init(
            category: reader.requiredString("category"), owner: reader.string("owner") ?? "AWS",
            provider: reader.requiredString("provider"), version: reader.scalar("version") ?? "1")
    }
}
