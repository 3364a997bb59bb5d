import Conformance
import Foundation
import Jansson

/// A plugin in a folder of its own that goes with it; every part of it may be changed before it is read.
final class PluginSite {
    let path: String

    /// A plugin in which nothing is wrong: one type with a secret, an input and an output, and all the cases it needs.
    var manifest: JSON = [
        "manifestVersion": 1, "name": "acme", "version": "1.2.0", "description": "d", "homepage": "h", "license": "MIT",
        "protocol": ["penstock/1"],
        "actionTypes": [
            [
                "category": "Deploy", "provider": "AcmeDeploy", "version": "1",
                "operations": ["run", "check", "notify"],
                "configurationProperties": [
                    ["name": "Project", "description": "d"], ["name": "Token", "secret": true, "description": "d"],
                ],
                "inputArtifactDetails": ["minimumCount": 0, "maximumCount": 1],
                "outputArtifactDetails": ["minimumCount": 0, "maximumCount": 1],
            ]
        ],
        "run": ["command": ["bin/plugin"], "requires": ["sh"], "continuations": true],
        "conformance": "conformance/cases.json", "permissions": ["hostPaths": [["name": "target", "mode": "rw"]]],
    ]

    var cases: JSON = [
        [
            "name": "ok", "traits": ["succeeds", "producesArtifact", "usesSecret"], "configuration": ["Project": "p"],
            "inputArtifacts": ["App": "fixtures/app"],
            "expect": ["status": "Succeeded", "outputArtifacts": ["Out": ["index.html"]]],
        ],
        ["name": "no", "traits": ["fails"], "expect": ["status": "Failed", "failureType": "JobFailed"]],
        ["name": "later", "traits": ["continues"], "expect": ["status": "Succeeded", "maxContinuations": 2]],
    ]

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-kit-\(UUID().uuidString)")
        path = folder.resolvingSymlinksInPath().path
        try makeFolder("fixtures/app")
        try write("#!/bin/sh\n", to: "bin/plugin", mode: 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }

    func write(_ text: String, to name: String, mode: Int = 0o644) throws {
        let place = "\(path)/\(name)"
        try makeFolder((name as NSString).deletingLastPathComponent)
        try Data(text.utf8).write(to: URL(filePath: place))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: place)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// Writes manifest and cases as they are now, and reads the folder.
    func read() throws -> PluginFolder {
        try write(manifest.prettyPrinted, to: "plugin.json")
        try write(cases.prettyPrinted, to: "conformance/cases.json")
        return try PluginFolder(reading: path)
    }
}

extension JSON {
    subscript(index: Int) -> JSON {
        get { if case .array(let elements) = self { elements[index] } else { .null } }
        set {
            guard case .array(var elements) = self else { return }
            elements[index] = newValue
            self = .array(elements)
        }
    }

    /// This object with a member set, or taken away by nil.
    func with(_ key: String, _ value: JSON?) -> JSON {
        guard case .object(var members) = self else { return self }
        members[key] = value
        return .object(members)
    }

    /// The same in an object further inside: `run.requires`, `actionTypes.0.version`.
    func with(at path: String, _ value: JSON?) -> JSON {
        let steps = path.split(separator: ".").map(String.init)
        guard steps.count > 1 else { return with(path, value) }
        let rest = steps.dropFirst().joined(separator: ".")
        if let index = Int(steps[0]) {
            var copy = self
            copy[index] = self[index].with(at: rest, value)
            return copy
        }
        return with(steps[0], (self[steps[0]] ?? [:]).with(at: rest, value))
    }
}
