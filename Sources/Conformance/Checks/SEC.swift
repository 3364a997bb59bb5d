import Jansson
import PluginProtocol
import Processes

extension Check {
    static let secrets: [Check] =
        ["SEC-01", "SEC-02", "SEC-03", "SEC-05"].map { rule in
            evident(rule) { recording in recording.leaks.filter { $0.rule == rule }.map(\.evidence) }
        } + [
            evident("SEC-07") { recording in
                recording.strewn.map { "it left \($0), which is neither in its workspace nor granted" }
            }
        ]
}

/// A place where no secret must be.
struct Exposure: Sendable {
    /// The rule that a secret breaks there as it is; in another form it is SEC-05.
    let rule: String
    /// `stdout at byte 12`, `out/List/settings.ini`
    let place: String
    let bytes: [UInt8]

    func leak(of secret: Secret) -> (rule: String, evidence: String)? {
        guard let (form, at) = secret.find(in: bytes) else { return nil }
        let line = bytes[..<at].suffix(40).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).last!
        let before = line.isEmpty ? "" : ", after \(quote(line))"
        let how = form.name.map { " \($0)" } ?? ""
        return (form.name == nil ? rule : "SEC-05", "\(place) holds the secret \(secret.name)\(how)\(before)")
    }
}

extension Recording {
    /// Secrets of its jobs in places where they must not be.
    fileprivate var leaks: [(rule: String, evidence: String)] {
        // A worker that has had hundreds of jobs is not searched for the secret of each.
        let secrets = Set(errands.prefix(8).flatMap(\.secrets))
        guard !secrets.isEmpty else { return [] }
        let exposures = output.flatMap { $0.heard.exposures(of: secrets) } + logExposures + workspaceExposures
        return secrets.sorted { $0.name < $1.name }.flatMap { secret in exposures.compactMap { $0.leak(of: secret) } }
    }

    /// Standard error as one text: a secret may have several lines, or be cut by the limit of one.
    private var logExposures: [Exposure] {
        guard let first = log.first?.heard.line else { return [] }
        let text = log.flatMap { _, heard in
            heard.line.bytes + (heard.line.ending == .newline ? [UInt8(ascii: "\n")] : [])
        }
        return [Exposure(rule: "SEC-01", place: "stderr from byte \(first.offset) on", bytes: text)]
    }

    /// Names, files and links, but for the inputs, which are not the plugin's.
    private var workspaceExposures: [Exposure] {
        guard !faults.contains(.killed) else { return [] }
        return errands.flatMap { errand in
            (errand.remains.all?.entries ?? [:]).filter { !$0.key.hasPrefix("in/") }.sorted { $0.key < $1.key }
                .flatMap { path, entry in
                    [("the name \(path)", Array(path.utf8)), (path, entry.kind.bytes)].map {
                        Exposure(rule: "SEC-02", place: $0, bytes: $1)
                    }
                }
        }
    }
}

extension Snapshot.Kind {
    /// The content of a file, or the target of a link.
    var bytes: [UInt8] {
        switch self {
        case .file(let bytes): bytes ?? []
        case .link(let target): Array(target.utf8)
        case .directory, .other: []
        }
    }
}

extension Recording.Heard {
    /// Every text of a line of standard output, but for what `mask` is there to say.
    fileprivate func exposures(of secrets: Set<Secret>) -> [Exposure] {
        if case .mask? = message?.body { return [] }
        let place = "stdout at byte \(line.offset)"
        // Texts without escapes stand in the line as they are: most lines need not be parsed.
        let isSuspect = line.bytes.contains(UInt8(ascii: "\\")) || secrets.contains { $0.find(in: line.bytes) != nil }
        guard isSuspect, line.bytes.count < MessageLimits.lineBytes,
            let json = try? JSON(parsing: line.bytes, maximumDepth: MessageLimits.depth)
        else { return isSuspect ? [Exposure(rule: "SEC-01", place: place, bytes: line.bytes)] : [] }
        guard json["type"] != .string("mask") else { return [] }
        return json.texts(at: "").flatMap { path, text in
            let isResult = resultPaths.contains { path == $0 || path.hasPrefix($0 + ".") }
            // A token or a variable that is itself JSON holds the texts of that.
            let inner = isResult ? (try? JSON(parsing: text.utf8, maximumDepth: 8))?.texts(at: path).map(\.text) : nil
            let telling = (inner ?? []).filter { text in secrets.contains { $0.find(in: Array(text.utf8)) != nil } }
            return (telling.isEmpty ? [text] : telling).map {
                Exposure(rule: isResult ? "SEC-03" : "SEC-01", place: "\(place), \(path),", bytes: Array($0.utf8))
            }
        }
    }
}

private let resultPaths = [
    "outputVariables", "continuationToken", "executionDetails.summary", "failureDetails.message",
]

extension JSON {
    /// All of its texts, with the keys, and where they are.
    fileprivate func texts(at path: String) -> [(path: String, text: String)] {
        switch self {
        case .string(let text): [(path, text)]
        case .array(let elements): elements.flatMap { $0.texts(at: path) }
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap { key, member in
                [(path.isEmpty ? "a key" : path, key)] + member.texts(at: path.isEmpty ? key : "\(path).\(key)")
            }
        case .null, .bool, .integer, .real: []
        }
    }
}
