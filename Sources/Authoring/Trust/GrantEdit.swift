import Jansson
import PluginHost

/// The grants of one plugin as they are to stand in a settings file.
public struct GrantEdit: Hashable, Sendable {
    public let plugin: String
    public let grants: Grants

    public init(of plugin: String, _ grants: Grants) {
        self.plugin = plugin
        self.grants = grants
    }

    /// The settings with these grants in place of those that the plugin has.
    public func applied(to document: JSON) -> JSON {
        guard case .object(var members) = document else { return document }
        var all: [String: JSON] = [:]
        if case .object(let present)? = members["grants"] { all = present }
        all[plugin] = grants == Grants() ? nil : entry
        members["grants"] = all.isEmpty ? nil : .object(all)
        return .object(members)
    }

    /// A line for whoever edits the file: `grants: {oven: {network: true}}`.
    public var line: String { "grants: {\(key(plugin)): \(flow(entry))}" }

    /// The same for a file of its own.
    var block: String { "grants:\n  \(key(plugin)): \(flow(entry))" }

    /// The text of a settings file with the edit made; nil when there is no way that is certain to change nothing else.
    ///
    /// JSON is written anew. Of YAML only the lines about this plugin are touched, and the result is read again: it must
    /// say what the old text said, but for these grants.
    /// - Parameter parse: reads such a file.
    /// - Throws: what `parse` does for the old text.
    public func text(from old: String, parse: (String) throws -> JSON) throws -> String? {
        let document = try parse(old)
        let expected = applied(to: document)
        if let json = try? JSON(parsing: old) { return applied(to: json).prettyPrinted + "\n" }
        let lines = YAMLLines(old)
        let entry: String? = grants == Grants() ? nil : "\(key(plugin)): \(flow(self.entry))"
        var candidates = [lines.replacing(plugin, with: entry)]
        if let whole = expected["grants"] {
            candidates.append(lines.replacingAllGrants(with: "grants: \(flow(whole))"))
        }
        // A key that is there twice is no error to every reader.
        if let entry, document["grants"]?[plugin] == nil { candidates.append(lines.inserting(entry)) }
        if let entry, document["grants"] == nil { candidates.append(lines.appending("grants:\n  \(entry)")) }
        return candidates.compactMap { $0 }.first { (try? parse($0)) == expected }
    }

    private var entry: JSON {
        let paths = grants.hostPaths.mapValues { $0.count == 1 ? JSON.string($0[0]) : .strings($0) }
        return .object(present: [
            "network": grants.network ? true : nil,
            "environment": grants.environment.isEmpty ? nil : .strings(grants.environment.sorted()),
            "hostPaths": paths.isEmpty ? nil : .object(paths),
        ])
    }
}

/// The lines of a YAML text, changed as little as can be; whoever uses the outcome reads it again.
private struct YAMLLines {
    private let lines: [String]
    /// Of the line `grants:` with nothing behind it.
    private let header: Int?

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        header = lines.firstIndex { $0.wholeMatch(of: /grants:\s*(#.*)?/) != nil }
    }

    func appending(_ block: String) -> String {
        let isEnded = lines.last == ""
        return lines.joined(separator: "\n") + (isEnded ? "" : "\n") + block + "\n"
    }

    /// Puts an entry before all others of `grants:`.
    func inserting(_ entry: String) -> String? {
        guard let header, let indent = indentation else { return nil }
        return joined(header + 1..<header + 1, [indent + entry])
    }

    /// Replaces, or removes, what is said of one plugin, unless there is a comment in it.
    func replacing(_ plugin: String, with entry: String?) -> String? {
        guard let header, let indent = indentation else { return nil }
        let keys = [plugin, "\"\(plugin)\"", "'\(plugin)'"].map { "\(indent)\($0):" }
        guard
            let first = lines.indices.dropFirst(header + 1).first(where: { line in
                keys.contains { lines[line].hasPrefix($0) }
            })
        else { return nil }
        var end = first + 1
        while end < lines.count, lines[end].hasPrefix("\(indent) ") { end += 1 }
        guard !lines[first..<end].contains(where: { $0.contains("#") }) else { return nil }
        let others = lines[header + 1..<first] + lines[end...].prefix { $0.first == " " || $0.isEmpty }
        // Without any entry left the key would stand for nothing.
        let isLast = entry == nil && !others.contains { $0.hasPrefix(indent) }
        return joined(isLast ? header..<end : first..<end, entry.map { [indent + $0] } ?? [])
    }

    /// Replaces `grants: {…}` on a line of its own.
    func replacingAllGrants(with line: String) -> String? {
        guard let index = lines.firstIndex(where: { $0.wholeMatch(of: /grants:\s*\{[^#]*\}\s*/) != nil }) else {
            return nil
        }
        return joined(index..<index + 1, [line])
    }

    /// Of the entries of `grants:`.
    private var indentation: String? {
        guard let header else { return nil }
        let entry = lines[(header + 1)...].first { line in line.first { $0 != " " }.map { $0 != "#" } ?? false }
        let indent = entry?.prefix { $0 == " " } ?? ""
        return indent.isEmpty ? nil : String(indent)
    }

    private func joined(_ range: Range<Int>, _ new: [String]) -> String {
        (lines[..<range.lowerBound] + new + lines[range.upperBound...]).joined(separator: "\n")
    }
}

/// A value in YAML's flow style.
private func flow(_ value: JSON) -> String {
    switch value {
    case .object(let members):
        "{\(members.sorted { $0.key < $1.key }.map { "\(key($0.key)): \(flow($0.value))" }.joined(separator: ", "))}"
    case .array(let elements): "[\(elements.map(flow).joined(separator: ", "))]"
    case .null, .bool, .integer, .real, .string: value.text
    }
}

/// Bare when nothing could take it for something else.
private func key(_ name: String) -> String {
    let isWord = name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil
    return isWord && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(name.lowercased())
        ? name : JSON.string(name).text
}
