import Jansson

/// How a document is written.
public enum DocumentFormat: Hashable, Sendable {
    case json
    case yaml

    /// By the extension of the name (`.json`, `.yaml`, `.yml`), and without one of these by the first character.
    init(file: String, bytes: [UInt8]) {
        switch file.lowercased().split(separator: ".").last {
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        default:
            let first = bytes.first { !" \t\r\n".utf8.contains($0) }
            self = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .json : .yaml
        }
    }
}

/// Reads one JSON or YAML document from a file of at most `documentLimitBytes` (10 MiB; YAML 2 MiB).
///
/// Settings and definitions come in through here. JSON is strict; YAML has the scalars of the core schema.
/// - Throws: `DocumentError` with the file, the line where one is known, what is wrong and the limit.
public func readDocument(at path: String) throws(DocumentError) -> JSON {
    let bytes = try readFile(at: path, limitBytes: documentLimitBytes)
    return try parseDocument(bytes, file: path)
}

/// Parses one document that is in memory already.
///
/// - Parameters:
///   - file: the name that messages use.
///   - format: found by the name and the content when it is nil.
/// - Throws: as `readDocument`.
public func parseDocument(
    _ bytes: [UInt8], file: String, format: DocumentFormat? = nil
) throws(DocumentError) -> JSON {
    guard bytes.count <= documentLimitBytes else { throw tooLarge(file, bytes: bytes.count) }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
        throw DocumentError(file: file, problem: "is UTF-16 text; save it as UTF-8")
    }
    // Editors on Windows put a byte order mark there.
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    if text.allSatisfy({ " \t\r\n".utf8.contains($0) }) { throw DocumentError(file: file, problem: "is empty") }
    switch format ?? DocumentFormat(file: file, bytes: text) {
    case .json: return try parseJSON(text, file: file)
    case .yaml: return try parseYAML(text, file: file)
    }
}

private func parseJSON(_ bytes: [UInt8], file: String) throws(DocumentError) -> JSON {
    do {
        return try JSON(parsing: bytes)
    } catch {
        let counted = bytes.prefix(error.byteOffset).count { $0 == UInt8(ascii: "\n") } + 1
        let place = error.column > 0 ? " (column \(error.column))" : ""
        throw DocumentError(
            file: file, line: error.line > 0 ? error.line : counted,
            problem: "is not valid JSON: \(error.message)\(place)")
    }
}
