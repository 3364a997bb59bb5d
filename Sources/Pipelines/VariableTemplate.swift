/// `#{namespace.key}`: an output variable of an earlier action, a variable of the pipeline, or of the execution.
public struct VariableReference: Hashable, Sendable, CustomStringConvertible {
    public let namespace: String
    public let key: String

    public init(namespace: String, key: String) {
        self.namespace = namespace
        self.key = key
    }

    /// As it stands in the text, without `#{` and `}`: `SourceVariables.CommitId`.
    public var description: String { "\(namespace).\(key)" }
}

/// A reference whose value is not there when its action is about to start (VAR-3).
public struct UnresolvedVariable: Error, Hashable, Sendable, CustomStringConvertible {
    public let reference: VariableReference
    /// The member of the action that holds it: `configuration.ProjectName`; empty for a template on its own.
    public let path: String

    public init(reference: VariableReference, path: String = "") {
        self.reference = reference
        self.path = path
    }

    public var description: String {
        "#{\(reference)}\(path.isEmpty ? "" : " in \(path)") has no value: \(reference.namespace) has no variable "
            + "\(reference.key)"
    }
}

/// A text with references in it (VAR-1).
///
/// A reference is `#{`, a namespace, one period, a key, `}`, both of `[A-Za-z0-9@\-_]+`; everything else is literal
/// text. What has only such characters, periods and spaces between the braces and still is no reference was surely
/// meant as one: it stays literal too, and is listed in `malformed` for the validator.
public struct VariableTemplate: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal(String)
        case reference(VariableReference)
    }

    let parts: [Part]
    /// With their braces, as they stand in the text.
    public let malformed: [String]

    public init(_ text: String) {
        var scanner = TemplateScanner(bytes: Array(text.utf8))
        scanner.run()
        parts = scanner.parts
        malformed = scanner.malformed
    }

    public var references: [VariableReference] {
        parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
    }

    /// The text with each reference replaced, in a single pass: what is put in is not scanned again (VAR-1).
    /// - Throws: `UnresolvedVariable` for the first reference that `lookup` does not know.
    public func resolved(_ lookup: (VariableReference) -> String?) throws(UnresolvedVariable) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .reference(let reference):
                guard let value = lookup(reference) else { throw UnresolvedVariable(reference: reference) }
                text += value
            }
        }
        return text
    }
}

private struct TemplateScanner {
    let bytes: [UInt8]
    var parts: [VariableTemplate.Part] = []
    var malformed: [String] = []
    private var literalStart = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() {
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "#"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{")
            else {
                index += 1
                continue
            }
            index = bracket(from: index)
        }
        closeLiteral(at: bytes.count)
    }

    /// Judges what starts with `#{` at `start`, and says where to go on.
    private mutating func bracket(from start: Int) -> Int {
        let contentStart = start + 2
        // A literal "#" cannot be in the content, so no byte is looked at twice.
        let isContent: (UInt8) -> Bool = {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: " ") || nameCharacters.allows($0)
        }
        let end = bytes[contentStart...].firstIndex { !isContent($0) } ?? bytes.count
        guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return contentStart }
        let content = String(decoding: bytes[contentStart..<end], as: UTF8.self)
        if let reference = VariableReference(text: content) {
            closeLiteral(at: start)
            parts.append(.reference(reference))
            literalStart = end + 1
        } else {
            malformed.append("#{\(content)}")
        }
        return end + 1
    }

    private mutating func closeLiteral(at end: Int) {
        if end > literalStart { parts.append(.literal(String(decoding: bytes[literalStart..<end], as: UTF8.self))) }
    }
}

private let nameCharacters = NamePattern.variable

extension VariableReference {
    /// Nil when `text` is not a namespace and a key with one period between them.
    fileprivate init?(text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, words.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(nameCharacters.allows) }) else {
            return nil
        }
        self.init(namespace: String(words[0]), key: String(words[1]))
    }
}
