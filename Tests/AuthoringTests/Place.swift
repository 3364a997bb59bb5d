import Foundation
import Glibc
import Jansson
import PluginHost
import Testing

/// One test's own folder, with a directory of plugins in it.
final class Place: Sendable {
    let path: String
    var plugins: String { "\(path)/plugins" }

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "penstock-authoring-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(path)/plugins", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file below the place, with the folders above it.
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: URL(filePath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try #require(chmod(file, mode) == 0)
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    /// All names in a folder, hidden ones, too.
    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }

    /// Makes a plugin's folder.
    /// - Parameter type: of the actions that it serves, so that two plugins do not serve the same.
    func makePlugin(
        _ name: String, at folder: String? = nil, version: String = "1.0.0", permissions: JSON = [:],
        run: [String: JSON] = [:], script: String? = "#!/bin/sh\nexit 0\n"
    ) throws {
        let manifest: JSON = [
            "manifestVersion": 1, "name": .string(name), "version": .string(version), "protocol": ["penstock/1"],
            "actionTypes": [
                [
                    "category": "Build", "provider": .string(name.capitalized), "version": "1",
                    "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
                    "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 0],
                ]
            ], "permissions": permissions, "run": .object(["command": ["run"]].merging(run) { $1 }),
        ]
        let folder = folder ?? "plugins/\(name)"
        try write(manifest.text, to: "\(folder)/plugin.json")
        if let script { try write(script, to: "\(folder)/run", mode: 0o755) }
    }

    /// What a shell says to some commands, in this folder.
    @discardableResult
    func shell(_ commands: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-ec", commands]
        process.currentDirectoryURL = URL(filePath: path)
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(commands):\n\(said)")
        return said
    }
}
