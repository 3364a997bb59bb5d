import Jansson

/// A settings file to be completed by a person: names are filled in, values to be chosen are marked.
public indirect enum SettingsDraft: Hashable, Sendable {
    case value(JSON)
    /// What may be set and need not; it becomes a comment.
    case remark(String)
    case object([String: SettingsDraft])

    /// A value that the operator has to choose.
    public static func choice(_ description: String) -> SettingsDraft {
        .value(.string("\(Settings.choiceMark) \(description)"))
    }

    /// Puts `part` at a place, with the objects around it; what stands there already is kept.
    public mutating func insert(_ part: SettingsDraft, at path: some Collection<String>) {
        guard let name = path.first else {
            if case .object(let members) = part { for (key, member) in members { insert(member, at: [key]) } }
            return
        }
        guard case .object(var members) = self else { return }
        var member = members[name] ?? (path.count == 1 ? part : .object([:]))
        member.insert(part, at: path.dropFirst())
        members[name] = member
        self = .object(members)
    }

    /// The text of the file, in YAML, members in the order of their names.
    public var yaml: String {
        guard case .object(let members) = self else { return "" }
        return members.isEmpty ? "{}\n" : block(members, indentation: 0)
    }

    private func block(_ members: [String: SettingsDraft], indentation: Int) -> String {
        let margin = String(repeating: " ", count: indentation)
        return members.sorted { $0.key < $1.key }.map { name, member in
            let key = yamlText(name)
            switch member {
            case .remark(let text): return "\(margin)# \(key): \(text.replacing("\n", with: " "))\n"
            case .value(let value): return "\(margin)\(key): \(yamlText(value, indentation: indentation + 2))\n"
            case .object(let inner):
                let isEmpty = inner.values.allSatisfy { if case .remark = $0 { true } else { false } }
                return "\(margin)\(key):\(isEmpty ? " {}" : "")\n\(block(inner, indentation: indentation + 2))"
            }
        }.joined()
    }
}

/// JSON is YAML; only texts of several lines are better read as such.
private func yamlText(_ value: JSON, indentation: Int) -> String {
    guard case .string(let text) = value, isBlock(text) else { return value.text }
    let margin = String(repeating: " ", count: indentation)
    let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    return "|\n" + lines.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
}

/// Whether a literal block gives the text back: lines of printable ASCII, the first not indented, one line feed last.
private func isBlock(_ text: String) -> Bool {
    let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    let isPrintable = text.utf8.allSatisfy { $0 == UInt8(ascii: "\n") || (0x20..<0x7F).contains($0) }
    return isPrintable && text.hasSuffix("\n") && lines.count > 1
        && lines.first?.isEmpty == false && lines.first?.first != " " && lines.last?.isEmpty == false
}

/// A key: bare when nothing could take it for something else.
private func yamlText(_ key: String) -> String {
    let isWord = key.utf8.allSatisfy {
        (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            || (0x30...0x39).contains($0)
    }
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let isBare = isWord && key.first?.isLetter == true && !words.contains(key.lowercased())
    return isBare ? key : JSON.string(key).text
}
