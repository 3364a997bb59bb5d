import Glibc
import Jansson

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
                    "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
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
        let source: JSON = [
            "name": "Source",
            "actionTypeId": ["category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"],
            "configuration": ["RepositoryName": "bench", "BranchName": "main"], "outputArtifacts": [["name": "code"]],
        ]
        let actions = (1...shape.count).map { number -> JSON in
            [
                "name": .string("Action\(number)"), "runOrder": .integer(shape.width == 1 ? Int64(number) : 1),
                "actionTypeId": [
                    "category": "Test", "owner": "Custom", "provider": .string("Bench-\(trivial)"), "version": "1",
                ],
            ]
        }
        let pipeline: JSON = [
            "name": .string("bench-\(trivial)-\(shape.count)-\(shape.width)"),
            "stages": [
                ["name": "Source", "actions": [source]], ["name": "Work", "actions": .array(actions)],
            ],
        ]
        return pipeline.text
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
