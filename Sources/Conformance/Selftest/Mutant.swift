import Glibc
import Jansson
import Workspaces

/// A plugin that breaks one rule on purpose: a good plugin with a fault put into it. Shipped as `spec/mutants/RULE-slug/`.
public struct Mutant: Hashable, Sendable {
    /// `FRM-01-banner`
    public let name: String
    public let directory: String
    /// The rule that it breaks; nil for a good plugin that is another one with a change.
    public let breaks: String?
    /// Rules that it may break besides, because one fault has several faces.
    public let also: Set<String>
    public let about: String
    /// Name of the good plugin that it is made of.
    public let base: String
    /// Merge patch of the manifest, and of cases by their names. RFC 7396
    private let manifest: JSON?
    private let cases: [String: JSON]
    private let removed: [String]
    private let links: [String: String]
    /// What the host makes of it, for those who try the host with it.
    public let host: Host?

    public struct Host: Hashable, Sendable {
        /// Name of the fixture that is run.
        public let fixture: String
        /// `Succeeded`, `InProgress`, `Failed` or `Abandoned`.
        public let verdict: String
        /// The host's code, if the failure is of its making.
        public let code: String?
        /// The type, if the failure is the plugin's.
        public let type: String?
    }

    /// Reads `mutant.json` of a folder.
    /// - Throws: `UnreadableInput` or `JSONTypeError`.
    public init(reading directory: String) throws {
        self.directory = directory
        name = directory.split(separator: "/").last.map { String($0) } ?? directory
        let path = "\(directory)/\(Self.fileName)"
        guard let text = bytes(ofFile: path) else { throw KitFault("\(path): \(String(cString: strerror(errno)))") }
        let reader = JSONReader(try JSON(parsing: text, maximumDepth: 32))
        breaks = try reader.optional("breaks")?.string()
        also = Set(try reader.optional("also")?.strings() ?? [])
        about = try reader.required("about").string()
        base = try reader.required("base").string()
        manifest = try reader.optional("manifest")?.value
        cases = Dictionary(
            uniqueKeysWithValues: try (reader.optional("cases")?.members() ?? []).map { ($0.key, $0.reader.value) })
        removed = try reader.optional("remove")?.strings() ?? []
        links = try reader.optional("link")?.stringMembers() ?? [:]
        host = try reader.optional("host").map { host in
            Host(
                fixture: try host.required("case").string(), verdict: try host.required("verdict").string(),
                code: try host.optional("code")?.string(), type: try host.optional("type")?.string())
        }
    }

    static let fileName = "mutant.json"

    /// All mutants below `spec/mutants`, by name.
    public static func all(in specification: String) throws -> [Mutant] {
        let folder = "\(specification)/mutants"
        guard let names = names(in: folder) else { throw UnreadableInput(folder, code: errno) }
        return try names.filter { access("\(folder)/\($0)/\(fileName)", F_OK) == 0 }.map {
            try Mutant(reading: "\(folder)/\($0)")
        }
    }

    /// Makes the plugin in a folder that does not exist yet.
    /// - Parameter specification: path of `spec/`, where the good plugins are.
    public func assemble(in folder: String, specification: String) throws {
        try copyTree("\(specification)/good/\(base)", to: folder)
        for name in removed { unlink("\(folder)/\(name)") }
        try overlay(directory, on: folder)
        unlink("\(folder)/\(Self.fileName)")
        for (name, target) in links {
            unlink("\(folder)/\(name)")
            guard symlink(target, "\(folder)/\(name)") == 0 else { throw KitFault("cannot make the link \(name)") }
        }
        if let manifest { try change("\(folder)/plugin.json") { $0.merging(manifest) } }
        guard !cases.isEmpty else { return }
        try change("\(folder)/conformance/cases.json") { list in
            guard case .array(let entries) = list else { return list }
            return .array(entries.map { $0.merging($0["name"]?.stringValue.flatMap { cases[$0] }) })
        }
    }

    /// Copies every file over what stands there, with its permissions.
    private func overlay(_ source: String, on target: String) throws {
        for (path, entry) in Snapshot(of: source).entries.sorted(by: { $0.key < $1.key }) {
            let goal = "\(target)/\(path)"
            switch entry.kind {
            case .directory: mkdir(goal, 0o755)
            case .file(let bytes):
                unlink(goal)
                try write(bytes ?? [], to: goal, mode: entry.mode)
            case .link, .other:
                throw KitFault("\(source)/\(path): a mutant has files only; name links in \(Self.fileName)")
            }
        }
    }

    private func change(_ path: String, _ change: (JSON) -> JSON) throws {
        guard let text = bytes(ofFile: path) else { return }
        try write(change(try JSON(parsing: text, maximumDepth: 32)).serialized, to: path, mode: 0o644)
    }
}

extension JSON {
    /// What a merge patch makes of this. RFC 7396
    func merging(_ patch: JSON?) -> JSON {
        guard case .object(let changes)? = patch else { return patch ?? self }
        var members: [String: JSON] = [:]
        if case .object(let own) = self { members = own }
        for (key, change) in changes { members[key] = change == .null ? nil : (members[key] ?? .null).merging(change) }
        return .object(members)
    }
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard file >= 0 else { throw KitFault("cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count > 0 else { throw KitFault("cannot write \(path): \(String(cString: strerror(errno)))") }
        written += count
    }
    guard fchmod(file, mode) == 0 else { throw KitFault("cannot set the mode of \(path)") }
}
