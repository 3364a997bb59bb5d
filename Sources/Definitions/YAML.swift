import Jansson
import Yams

/// Yams needs about a hundred bytes of memory for each byte of dense YAML.
let yamlLimitBytes = 2 << 20

/// Parses one YAML document of at most `yamlLimitBytes`.
///
/// Yams expands aliases while it parses, and hashes every key: a file of a kilobyte could keep it busy for years.
/// So it never sees one: the `*` of everything that may be an alias becomes a character that the text does not have,
/// which makes it a plain scalar of the same length, and `YAMLConversion` puts the values in, counting.
/// Keys that are collections inside keys that are collections still cost time (a minute for some 200 kB at worst), not
/// memory: whoever takes YAML from strangers needs a time-out.
/// Nesting is bounded by libyaml (1000 levels) before Yams recurses, and by `JSON.defaultMaximumDepth` after it.
func parseYAML(_ bytes: [UInt8], file: String) throws(DocumentError) -> JSON {
    guard bytes.count <= yamlLimitBytes else {
        throw DocumentError(
            file: file,
            problem: """
                has \(bytes.count) bytes; YAML of at most \(yamlLimitBytes) bytes is read, JSON of at most \
                \(documentLimitBytes)
                """)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DocumentError(file: file, problem: "is not UTF-8 text; save it as UTF-8")
    }
    guard let standIn = scalarThatIsNot(in: text), standIn != repeatedKeyMark else {
        throw DocumentError(file: file, problem: "has every private character of Unicode; remove one of them")
    }
    let source = withoutAliases(bytes, standIn: standIn)
    do {
        return try read(source, file: file, standIn: standIn)
    } catch let error as YamlError {
        if let json = try? readTemplate(source, after: error, file: file, standIn: standIn) { return json }
        throw documentError(error, file: file, standIn: standIn)
    } catch let error as DocumentError {
        throw error
    } catch {
        throw DocumentError(file: file, problem: "is not valid YAML: \(error)")
    }
}

func read(_ source: String, file: String, standIn: Unicode.Scalar) throws -> JSON {
    let parser = try Parser(yaml: source, resolver: .basic, encoding: .utf8)
    guard let root = try parser.nextRoot() else { throw DocumentError(file: file, problem: "is empty") }
    if let second = try parser.nextRoot() {
        throw DocumentError(
            file: file, line: second.mark?.line, problem: "has a second document; write one document a file")
    }
    // Nodes know their anchors only as long as the parser lives.
    return try withExtendedLifetime(parser) { () throws(DocumentError) in
        var conversion = YAMLConversion(file: file, standIn: standIn, root: root)
        return try conversion.expanded(root, level: 0).json
    }
}

/// One of the private characters of Unicode's first plane.
private func scalarThatIsNot(in text: String) -> Unicode.Scalar? {
    (UInt32(0xE000)...0xF8FF).lazy.compactMap(Unicode.Scalar.init).first { !text.unicodeScalars.contains($0) }
}

private func withoutAliases(_ bytes: [UInt8], standIn: Unicode.Scalar) -> String {
    var replaced: [UInt8] = []
    replaced.reserveCapacity(bytes.count + 64)
    for (index, byte) in bytes.enumerated() {
        if byte == UInt8(ascii: "*"), index + 1 < bytes.count, isAnchorCharacter(bytes[index + 1]) {
            replaced += Array(String(standIn).utf8)
        } else {
            replaced.append(byte)
        }
    }
    return String(decoding: replaced, as: UTF8.self)
}

func isAnchorCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}

private func documentError(_ error: YamlError, file: String, standIn: Unicode.Scalar) -> DocumentError {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
        .composer(let context, let problem, let mark, _):
        if problem.hasPrefix("Maximum nesting level") { return tooDeep(file: file, line: mark.line) }
        let during = context.map { "\($0.text) from line \($0.mark.line): " } ?? ""
        return DocumentError(
            file: file, line: mark.line, problem: "is not valid YAML: \(during)\(problem) (column \(mark.column))")
    case .reader(let problem, let offset, _, _):
        let place = offset.map { " (at byte \($0))" } ?? ""
        return DocumentError(file: file, problem: "is not valid YAML: \(problem)\(place)")
    case .duplicatedKeysInMapping(let duplicates, let context):
        let keys = duplicates.map { "\"\(withStars($0, for: standIn))\"" }.joined(separator: ", ")
        return DocumentError(
            file: file, line: context.mark.line,
            problem: "has the key \(keys) more than once in one object; remove one")
    default: return DocumentError(file: file, problem: "is not valid YAML: \(error)")
    }
}

func tooDeep(file: String, line: Int?) -> DocumentError {
    DocumentError(
        file: file, line: line, problem: "is nested deeper than \(JSON.defaultMaximumDepth) levels; make it flatter")
}

/// The text as it was before `withoutAliases`.
func withStars(_ text: String, for standIn: Unicode.Scalar) -> String {
    // Private characters start with one of two bytes, which few texts have.
    guard text.utf8.contains(where: { $0 >= 0xEE }) else { return text }
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.map { $0 == standIn ? "*" : $0 })
    return String(scalars)
}
