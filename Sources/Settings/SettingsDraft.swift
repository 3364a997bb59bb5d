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

    /// A secret that something refers to by its name.
    public mutating func addSecret(_ name: String) {
        insert(.choice("the path of a file with this secret"), at: ["secrets", name, "file"])
    }

    /// The text of the file, in YAML, members in the order of their names.
    public var yaml: String {
        guard case .object(let members) = self, !members.isEmpty else { return "{}\n" }
        // An entry that needs nothing has to be there all the same; grants that are not needed have not.
        let lines = members.sorted { $0.key < $1.key }.flatMap {
            $1.lines($0, isOptional: $0 == "grants", inComment: false)
        }
        return lines.map { "\($0)\n" }.joined()
    }

    private func lines(_ name: String, isOptional: Bool, inComment: Bool) -> [String] {
        let key = yamlText(name)
        switch self {
        case .remark(let text): return ["\(inComment ? "" : "# ")\(key): \(printable(text))"]
        case .value(let value): return yamlLines(value, after: "\(key):")
        case .object(let members):
            let isComment = isOptional && !inComment && isRemark
            // Objects with nothing but remarks in them are written themselves.
            let isEmpty =
                !isComment && !inComment && members.values.allSatisfy { if case .remark = $0 { true } else { false } }
            let inner = members.sorted { $0.key < $1.key }.flatMap {
                $1.lines($0, isOptional: isOptional, inComment: inComment || isComment)
            }
            let lines = ["\(key):\(isEmpty ? " {}" : "")"] + inner.map(indented)
            return isComment ? lines.map { "# \($0)" } : lines
        }
    }

    /// Whether there is nothing in it but remarks.
    private var isRemark: Bool {
        switch self {
        case .remark: true
        case .value: false
        case .object(let members): members.values.allSatisfy(\.isRemark)
        }
    }
}

private func indented(_ line: some StringProtocol) -> String { line.isEmpty ? "" : "  \(line)" }

/// JSON is YAML; only texts of several lines are better read as such.
private func yamlLines(_ value: JSON, after key: String) -> [String] {
    guard case .string(let text) = value, isBlock(text) else { return ["\(key) \(escaped(value))"] }
    return ["\(key) |"] + text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(indented)
}

/// Whether a literal block gives the text back: lines of printable ASCII, the first not indented, one line feed last.
private func isBlock(_ text: String) -> Bool {
    let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    let isPrintable = text.utf8.allSatisfy { $0 == UInt8(ascii: "\n") || (0x20..<0x7F).contains($0) }
    return isPrintable && text.hasSuffix("\n") && lines.count > 1 && lines.first?.first != nil
        && lines.first?.first != " " && lines.last?.isEmpty == false
}

/// Comments come from plugins, and YAML has no control characters.
private func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || isControl($0) ? " " : $0 }))
}

/// JSON lets stand what YAML does not.
private func escaped(_ value: JSON) -> String {
    value.text.unicodeScalars.map { scalar in
        guard isControl(scalar) else { return String(scalar) }
        let digits = String(scalar.value, radix: 16)
        return "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
    }.joined()
}

/// The separators of lines and paragraphs are no controls, but YAML 1.1 ends a line with each of them.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    0x7F..<0xA0 ~= scalar.value || [0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF].contains(scalar.value)
}

/// A key: bare when nothing could take it for something else.
private func yamlText(_ key: String) -> String {
    let isWord = key.utf8.allSatisfy {
        (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            || (0x30...0x39).contains($0)
    }
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    let isBare = isWord && key.first?.isLetter == true && !words.contains(key.lowercased())
    return isBare ? key : escaped(.string(key))
}
