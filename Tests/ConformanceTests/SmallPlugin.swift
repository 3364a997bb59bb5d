import Conformance
import Foundation

/// A plugin of one file, which says `say TYPE [MEMBERS]` about its `$job`, and its judgement by some rules.
struct SmallPlugin {
    let folder = FileManager.default.temporaryDirectory.appending(path: "small-\(UUID())")

    /// - Parameter work: what it does, in bash.
    init(
        _ work: String, read: String = "read -r job || exit 0", grace: Int = 2, timeoutSeconds: Int = 30,
        operation: String = "run"
    ) throws {
        let script = """
            #!/bin/bash
            exec 3>&1 1>&2
            get() { printf '%s' "$job" | jq -j "$1"; }
            say() {
              printf '%s' "$job" | jq -c --arg type "$1" "{protocol: \\"penstock/1\\", jobId, type: \\$type} + (${2:-{\\}})" >&3
            }
            \(read)
            \(work)
            """
        let manifest = """
            {"manifestVersion": 1, "name": "small", "version": "1", "protocol": ["penstock/1"], "actionTypes": [{
              "category": "Source", "owner": "Custom", "provider": "Small", "version": "1",
              "operations": ["\(operation)"],
              "configurationProperties": [{"name": "Name"}, {"name": "Count", "type": "Number"}],
              "inputArtifactDetails": {"minimumCount": 0, "maximumCount": 1},
              "outputArtifactDetails": {"minimumCount": 0, "maximumCount": 1}}],
             "run": {"command": ["plugin"], "cancelGraceSeconds": \(grace)}, "permissions": {"environment": ["GRANTED"]},
             "conformance": "cases.json"}
            """
        let cases = """
            [{"name": "ok", "traits": ["succeeds"], "configuration": {"Name": "Kim", "Count": "3"},
              "operation": "\(operation)", "timeoutSeconds": \(timeoutSeconds),
              "expect": {"status": "Succeeded"}}]
            """
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in [("plugin", script), ("plugin.json", manifest), ("cases.json", cases)] {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        for path in [folder.path, folder.appending(path: "plugin").path] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    /// What breaks the rules, of which no others are asked about.
    func findings(_ rules: Set<String>) async throws -> [Finding] {
        try await outcome(rules).rules.flatMap(\.findings)
    }

    func outcome(_ rules: Set<String>, _ set: (inout Trial) -> Void = { _ in }) async throws -> Trial.Outcome {
        defer { try? FileManager.default.removeItem(at: folder) }
        let requirements = try requirements()
        let scope = Scope(requirements: requirements, newest: requirements, rules: rules)
        var trial = Trial(of: try PluginFolder(reading: folder.path), scope, launcher: launcher)
        set(&trial)
        return try await trial.outcome()
    }
}
