import Artifacts
import Engine
import Jansson

/// What is in an artifact.
struct ShownArtifact: Shown {
    let digest: ArtifactDigest
    let entries: [ArtifactEntry]

    var human: String {
        let width = entries.map { "\($0.sizeBytes)".count }.max() ?? 0
        let lines = entries.map { entry in
            "\(entry.kind.modeText)  \(String(repeating: " ", count: width - "\(entry.sizeBytes)".count))"
                + "\(entry.sizeBytes)  \(entry.kind.digestText)  \(entry.path)\(entry.kind.targetText)"
        }
        let files = entries.count { if case .file = $0.kind { true } else { false } }
        let bytes = entries.reduce(0) { $0 + $1.sizeBytes }
        return printableLines((lines + ["\(files) files, \(bytes) bytes, \(digest)"]).joined(separator: "\n"))
    }

    var json: JSON {
        [
            "artifact": .string("\(digest)"),
            "entries": .array(
                entries.map { entry in
                    .object(entry.kind.members.merging(["path": .string("\(entry.path)")]) { $1 })
                }),
        ]
    }
}

extension ArtifactEntry.Kind {
    fileprivate var members: [String: JSON] {
        switch self {
        case .file(let mode, let sizeBytes, let digest):
            [
                "type": "file", "mode": .string(octal(mode)), "sizeBytes": .integer(Int64(sizeBytes)),
                "sha256": .string("\(digest)"),
            ]
        case .directory(let mode): ["type": "directory", "mode": .string(octal(mode))]
        case .link(let target): ["type": "link", "target": .string(String(decoding: target, as: UTF8.self))]
        }
    }

    /// With the kind of `ls -l` before it.
    fileprivate var modeText: String {
        switch self {
        case .file(let mode, _, _): "-\(octal(mode))"
        case .directory(let mode): "d\(octal(mode))"
        case .link: "l777"
        }
    }

    /// Enough of it to tell it from others.
    fileprivate var digestText: String {
        if case .file(_, _, let digest) = self { "\("\(digest)".prefix(12))" } else { "".padded(to: 12) }
    }

    fileprivate var targetText: String {
        if case .link(let target) = self { " -> \(String(decoding: target, as: UTF8.self))" } else { "" }
    }
}

private func octal(_ mode: UInt16) -> String { String(String(0o1000 + mode, radix: 8).dropFirst()) }

/// The artifacts that an execution has.
struct ShownOutputs: Shown {
    struct Row {
        let output: ArtifactShelf.Output
        /// Nil when it is no longer in the store.
        let size: (entries: Int, bytes: Int)?
    }

    let execution: ExecutionID
    let outputs: [Row]

    var human: String {
        if outputs.isEmpty { return "execution \(execution) has no artifacts" }
        let width = outputs.map { $0.name.count }.max() ?? 0
        return printableLines(
            outputs.map { row in
                let size = row.size.map { "\($0.entries) entries, \($0.bytes) bytes" } ?? "no longer in the store"
                return "\(row.name.padded(to: width))  \(row.output.digest)  \(size)"
            }.joined(separator: "\n"))
    }

    var json: JSON {
        [
            "pipelineExecutionId": .string(execution.text),
            "artifacts": .array(
                outputs.map { row in
                    .object(present: [
                        "origin": .string(row.output.origin), "name": .string(row.output.name),
                        "artifact": .string(row.output.digest), "isStored": .bool(row.size != nil),
                        "entries": row.size.map { .integer(Int64($0.entries)) },
                        "sizeBytes": row.size.map { .integer(Int64($0.bytes)) },
                    ])
                }),
        ]
    }
}

extension ShownOutputs.Row {
    fileprivate var name: String { "\(output.origin)/\(output.name)" }
}

/// What was found when artifacts were read.
struct ShownVerification: Shown {
    let verification: Verification

    init(_ verification: Verification) { self.verification = verification }

    var human: String {
        let damage = verification.damage.map(\.message)
        let end = damage.isEmpty ? "all sound" : "\(damage.count) damaged"
        let read = "\(verification.artifacts) artifacts, \(verification.blobs) contents, \(verification.bytes) bytes"
        return printableLines((damage + ["\(read): \(end)"]).joined(separator: "\n"))
    }

    var json: JSON {
        [
            "artifacts": .integer(Int64(verification.artifacts)), "contents": .integer(Int64(verification.blobs)),
            "sizeBytes": .integer(Int64(verification.bytes)),
            "damage": .array(
                verification.damage.map { ["path": .string($0.path), "message": .string($0.message)] }),
        ]
    }
}

/// In what two artifacts differ.
struct ShownChanges: Shown {
    let old: ArtifactDigest
    let new: ArtifactDigest
    let changes: [ArtifactChange]

    var human: String {
        if changes.isEmpty { return "the same" }
        return printableLines(changes.map { "\($0.sign) \($0.path)\($0.words)" }.joined(separator: "\n"))
    }

    var json: JSON {
        [
            "one": .string("\(old)"), "other": .string("\(new)"), "same": .bool(changes.isEmpty),
            "changes": .array(
                changes.map { change in
                    .object(present: [
                        "path": .string("\(change.path)"), "one": change.old.map { .object($0.members) },
                        "other": change.new.map { .object($0.members) },
                    ])
                }),
        ]
    }
}

extension ArtifactChange {
    /// In parentheses, of what is there in both.
    fileprivate var words: String {
        guard let old, let new else { return "" }
        switch (old, new) {
        case (.file(let oldMode, let oldSize, let oldDigest), .file(let newMode, let newSize, let newDigest)):
            let mode = oldMode == newMode ? [] : ["mode \(octal(oldMode)) -> \(octal(newMode))"]
            let size = oldSize == newSize ? "\(newSize) bytes, others" : "\(oldSize) -> \(newSize) bytes"
            return " (\((mode + (oldDigest == newDigest ? [] : [size])).joined(separator: ", ")))"
        case (.directory(let oldMode), .directory(let newMode)): return " (mode \(octal(oldMode)) -> \(octal(newMode)))"
        case (.link, .link): return " (\(old.targetText.dropFirst(4)) -> \(new.targetText.dropFirst(4)))"
        default: return " (\(old.noun) -> \(new.noun))"
        }
    }
}

extension ArtifactEntry.Kind {
    fileprivate var noun: String {
        switch self {
        case .file: "file"
        case .directory: "directory"
        case .link: "link"
        }
    }
}
