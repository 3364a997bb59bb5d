import Artifacts
import Conformance
import Jansson
import PluginProtocol

/// A rehearsal as it is kept in a file: a transcript in the form of `spec/transcripts`, with what is needed to play it
/// again.
public struct Record: Sendable {
    /// Which plugin it was; nil in a transcript that something else has written.
    public var plugin: String?
    public var version: String?
    /// Name of a case of the plugin.
    public var fixture: String?
    /// Input artifact to the folder that it was copied from.
    public var inputs: [String: String]
    /// Output artifact to its files, with the digest of each.
    public var outputs: [String: [String: String]]?
    public var steps: [Recording]

    static let protocolName = WireProtocol.version

    public init(
        of rehearsal: Rehearsal, by plugin: String, version: String, fixture: String?, inputs: [String: String]
    ) {
        (self.plugin, self.version, self.fixture, self.inputs) = (plugin, version, fixture, inputs)
        steps = rehearsal.steps
        outputs = steps.last?.outputDigests
    }

    /// One JSON object a line. It holds the job's secrets.
    public var text: String {
        let header = JSON.object(present: [
            "note": .string("penstock plugin run"), "protocol": .string(Self.protocolName),
            "plugin": plugin.map(JSON.string), "version": version.map(JSON.string), "case": fixture.map(JSON.string),
            "inputs": .strings(inputs),
        ])
        let trailer = JSON.object(["outputs": .object((outputs ?? [:]).mapValues { .strings($0) })])
        return ([header.text + "\n"] + steps.map(\.transcript) + [trailer.text + "\n"]).joined()
    }

    /// - Throws: for a file that is none, or is one of another protocol.
    public init(reading path: String) throws(UnreadableInput) {
        steps = try Recording.read(path)
        guard let text = try readFile(path, limitBytes: 256 << 20) else {
            throw UnreadableInput(path, "has over 256 MiB")
        }
        (inputs, outputs) = ([:], nil)
        for (index, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            do {
                try take(JSONReader(JSON(parsing: Array(line), maximumDepth: 64)))
            } catch let problem as ForeignProtocol {
                throw UnreadableInput(
                    path,
                    "line \(index + 1) speaks \"\(problem.name)\"; only \(Self.protocolName) can be played here")
            } catch {
                throw UnreadableInput(path, "line \(index + 1) is no part of a transcript: \(error)")
            }
        }
        guard steps.contains(where: { !$0.errands.isEmpty }) else {
            throw UnreadableInput(path, "no job is in it, so there is nothing to play")
        }
    }

    private struct ForeignProtocol: Error {
        let name: String
    }

    private mutating func take(_ line: JSONReader) throws {
        if let name = try line.optional("protocol")?.string() ?? Self.spoken(in: line), name != Self.protocolName {
            throw ForeignProtocol(name: name)
        }
        guard try line.optional("from") == nil else { return }
        plugin = try line.optional("plugin")?.string() ?? plugin
        version = try line.optional("version")?.string() ?? version
        fixture = try line.optional("case")?.string() ?? fixture
        inputs = try line.optional("inputs")?.stringMembers() ?? inputs
        if let outputs = try line.optional("outputs") {
            self.outputs = try Dictionary(
                uniqueKeysWithValues: outputs.members().map { ($0.key, try $0.reader.stringMembers()) })
        }
    }

    /// The protocol of a job, which a host that speaks another would call a line without meaning.
    private static func spoken(in line: JSONReader) throws -> String? {
        guard try line.optional("from")?.string() == "host" else { return nil }
        if let message = try line.optional("message") { return try message.optional("protocol")?.string() }
        guard let text = try line.optional("line")?.string(), let json = try? JSON(parsing: Array(text.utf8)) else {
            return nil
        }
        return try JSONReader(json).optional("protocol")?.string()
    }
}

extension Recording {
    /// Output artifact to its files, with the digest of each.
    var outputDigests: [String: [String: String]] {
        (errands.first?.remains.outputs ?? [:]).mapValues { $0.digests }
    }
}

extension Snapshot {
    /// Path to the SHA-256 of a file, where a link leads, or what else it is.
    fileprivate var digests: [String: String] {
        entries.compactMapValues { entry in
            switch entry.kind {
            case .file(let bytes?): sha256(of: bytes)
            case .file(nil): "\(entry.sizeBytes) bytes"
            case .link(let target): "-> \(target)"
            case .other(let kind): kind
            case .directory: nil
            }
        }
    }
}
