import Glibc
import Jansson
import Processes

extension Site {
    func install(_ trivial: Trivial) throws {
        let folder = "plugins/\(trivial)"
        mkdir(path(folder), 0o755)
        let manifest: JSON = [
            "manifestVersion": 1, "name": .string("bench-\(trivial)"), "version": "1", "protocol": ["penstock/1"],
            "actionTypes": [
                [
                    "category": "Test", "provider": .string("Bench-\(trivial)"), "version": "1",
                    "configurationProperties": [],
                    "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 1],
                    "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
                ]
            ],
            "run": ["command": ["run"], "lifecycle": "oneShot"],
        ]
        try write(manifest.text, "\(folder)/plugin.json")
        switch trivial {
        case .shell: try write(script, "\(folder)/run", mode: 0o755)
        case .compiled: try copy("\(programs)/penstock-bench-action", "\(folder)/run")
        }
    }

    private var script: String {
        #"""
        #!/bin/sh
        read -r job
        id=${job#*\"jobId\":\"}
        echo "{\"protocol\":\"penstock/1\",\"type\":\"jobSuccessResult\",\"jobId\":\"${id%%\"*}\"}"

        """#
    }

    private func copy(_ source: String, _ name: String) throws {
        guard let from = fopen(source, "re"), let to = fopen(path(name), "we") else {
            throw MeasurementFailed(description: "\(source): cannot be copied; `make bench` builds it")
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = fread(&buffer, 1, buffer.count, from), count > 0 { fwrite(buffer, 1, count, to) }
        fclose(from)
        fclose(to)
        chmod(path(name), 0o755)
    }

    func pipeline(_ trivial: Trivial, _ shape: Shape) -> String {
        let actions = (1...shape.count).map { number in
            action("Action\(number)", trivial, order: shape.width == 1 ? Int64(number) : 1)
        }
        return pipeline("bench-\(trivial)-\(shape.count)-\(shape.width)", actions).text
    }

    /// A run whose source is a folder, which two actions at once are given.
    func handOver(_ folder: String, state: String) throws -> Command {
        let actions = ["One", "Two"].map { action($0, .compiled, order: 1, inputs: [["name": "code"]]) }
        try write(pipeline("bench-artifacts", actions).text, "artifacts.json")
        return penstock("artifacts.json", source: folder, in: .sandboxed, state: state)
    }

    private func action(_ name: String, _ trivial: Trivial, order: Int64, inputs: JSON = []) -> JSON {
        [
            "name": .string(name), "runOrder": .integer(order), "inputArtifacts": inputs,
            "actionTypeId": [
                "category": "Test", "owner": "Custom", "provider": .string("Bench-\(trivial)"), "version": "1",
            ],
        ]
    }

    private func pipeline(_ name: String, _ actions: [JSON]) -> JSON {
        let source: JSON = [
            "name": "Source",
            "actionTypeId": ["category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"],
            "configuration": ["RepositoryName": "bench", "BranchName": "main"], "outputArtifacts": [["name": "code"]],
        ]
        return [
            "name": .string(name),
            "stages": [
                ["name": "Source", "actions": [source]], ["name": "Work", "actions": .array(actions)],
            ],
        ]
    }

    func workflow(_ shape: Shape) -> String {
        let steps = shape.width == 1 ? shape.count : 1
        let matrix = (1...shape.count).map(String.init).joined(separator: ", ")
        let strategy =
            shape.width == 1 ? "" : "\n    strategy: {max-parallel: \(shape.width), matrix: {n: [\(matrix)]}}"
        return """
            on: push
            jobs:
              bench:
                runs-on: ubuntu-latest\(strategy)
                steps:
            \(String(repeating: "    - {run: ':', shell: sh}\n", count: steps))
            """
    }
}
