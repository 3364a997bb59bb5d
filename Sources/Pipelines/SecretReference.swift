/// What stands for a secret in a definition: `{{secret:NAME}}`, or one of AWS's dynamic references (VAR-9).
///
/// The value is read when a job is made of it, and stands nowhere else.
public struct SecretReference: Hashable, Sendable {
    public enum Service: String, Hashable, Sendable {
        /// Whatever the settings name.
        case any = "secret"
        case secretsManager = "resolve:secretsmanager"
        case systemsManager = "resolve:ssm-secure"
    }

    public let service: Service
    public let id: String
    /// A member of a secret that is JSON.
    public private(set) var jsonKey: String?
    public private(set) var versionStage: String?
    public private(set) var version: String?

    /// Every form, for who wrote none of them.
    static let syntax = """
        {{secret:NAME}}, {{resolve:secretsmanager:SECRET-ID:SecretString:JSON-KEY:VERSION-STAGE:VERSION-ID}} or \
        {{resolve:ssm-secure:NAME:VERSION}}, where all after the id may be left out
        """

    /// The secret that an environment variable of type `SECRETS_MANAGER` names: `ID:JSON-KEY:VERSION-STAGE:VERSION-ID`.
    /// - Returns: nil for a text that names nothing.
    public init?(environmentVariable text: String) {
        self.init(secretsManager: text.split(separator: ":", omittingEmptySubsequences: false), hasWord: false)
    }

    /// - Parameter content: what stands between the braces.
    fileprivate init?(content: String) {
        let words = content.split(separator: ":", omittingEmptySubsequences: false)
        if words[0] == "secret" {
            let name = String(content.dropFirst("secret:".count))
            guard isName(name, marks: "/_+=.@-:") else { return nil }
            self.init(.any, name)
        } else if words.count > 2, words[1] == "secretsmanager" {
            self.init(secretsManager: Array(words.dropFirst(2)), hasWord: true)
        } else if words.count > 2, words[1] == "ssm-secure" {
            self.init(systemsManager: Array(words.dropFirst(2)))
        } else {
            return nil
        }
    }

    private init(_ service: Service, _ id: String) { (self.service, self.id) = (service, id) }

    private init?(secretsManager words: [Substring], hasWord: Bool) {
        // arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME
        let idWords = words[0] == "arn" ? 7 : 1
        let parts = words.dropFirst(idWords).map { $0.isEmpty ? nil : String($0) }
        self.init(.secretsManager, words.prefix(idWords).joined(separator: ":"))
        let rest = hasWord ? Array(parts.dropFirst()) : parts
        guard words.count >= idWords, isName(id, marks: "/_+=.@-:"), rest.count <= 3,
            !hasWord || parts.isEmpty || parts[0] == nil || parts[0] == "SecretString"
        else { return nil }
        (jsonKey, versionStage, version) = (
            rest.first ?? nil, rest.dropFirst().first ?? nil, rest.dropFirst(2).first ?? nil
        )
        // AWS: one or the other.
        if versionStage != nil && version != nil { return nil }
    }

    private init?(systemsManager words: [Substring]) {
        // arn:aws:ssm:REGION:ACCOUNT:parameter/NAME
        let idWords = words[0] == "arn" ? 6 : 1
        self.init(.systemsManager, words.prefix(idWords).joined(separator: ":"))
        let rest = words.dropFirst(idWords)
        guard words.count >= idWords, isName(id, marks: "/_.-:"), rest.count <= 1,
            rest.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        version = rest.first.flatMap { $0.isEmpty ? nil : String($0) }
    }
}

private func isName(_ text: String, marks: String) -> Bool {
    NamePattern(marks: marks, length: 1...2_048).matches(text)
}

/// A text of a definition, taken apart by its references to secrets.
public struct SecretTemplate: Hashable, Sendable {
    public struct Use: Hashable, Sendable {
        public let reference: SecretReference
        /// Of its first brace, in UTF-8.
        public let offset: Int
        /// With its braces, in UTF-8.
        public let length: Int
    }

    public private(set) var uses: [Use] = []
    /// What begins like a reference and is none, as it stands in the text.
    public private(set) var malformed: [String] = []

    public init(_ text: String) {
        let bytes = Array(text.utf8)
        var index = 0
        while index + 1 < bytes.count {
            guard bytes[index] == UInt8(ascii: "{"), let end = Self.end(of: index, in: bytes) else {
                index += 1
                continue
            }
            if let use = Use(at: index, in: bytes) {
                uses.append(use)
            } else if !bytes[index...].starts(with: "{{resolve:ssm:".utf8) {
                // A plain parameter is no secret, and stays the text that it is.
                malformed.append(String(decoding: bytes[index..<end], as: UTF8.self))
            }
            index = end
        }
    }

    /// Whether there is anything that is a reference to a secret, or was meant as one.
    var isEmpty: Bool { uses.isEmpty && malformed.isEmpty }

    /// Where what begins at `start` like a reference ends; nil when nothing does.
    fileprivate static func end(of start: Int, in bytes: [UInt8]) -> Int? {
        guard bytes[start...].starts(with: "{{secret:".utf8) || bytes[start...].starts(with: "{{resolve:".utf8) else {
            return nil
        }
        let isContent: (UInt8) -> Bool = { $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") && $0 >= 0x20 }
        let end = bytes[(start + 2)...].firstIndex { !isContent($0) } ?? bytes.count
        return bytes[end...].starts(with: "}}".utf8) ? end + 2 : end
    }
}

extension SecretTemplate.Use {
    /// The reference whose first brace stands at `offset`; nil when none does.
    public init?(at offset: Int, in bytes: [UInt8]) {
        guard offset < bytes.count, let end = SecretTemplate.end(of: offset, in: bytes),
            bytes[..<end].suffix(2).elementsEqual("}}".utf8),
            let reference = SecretReference(
                content: String(decoding: bytes[(offset + 2)..<(end - 2)], as: UTF8.self))
        else { return nil }
        (self.reference, self.offset, length) = (reference, offset, end - offset)
    }
}

/// Where references to secrets stand in the texts of an action: offsets in UTF-8, by places as in `Action.templates`.
public typealias SecretPlaces = [String: [Int]]

extension Action {
    /// The references to secrets of this action as it is when its variables are replaced.
    ///
    /// They are those of the definition alone: what a variable brings along is a text, whatever it looks like.
    /// - Parameter lookup: gives what stands in place of a variable.
    public func secretPlaces(_ lookup: (VariableReference) -> String?) -> SecretPlaces {
        var places: SecretPlaces = [:]
        for (path, text) in secretiveTexts where text.utf8.contains(UInt8(ascii: "{")) {
            // VAR-4
            let offsets =
                type.category == "Source"
                ? SecretTemplate(text).uses.map(\.offset) : VariableTemplate(text).secretOffsets(lookup)
            if !offsets.isEmpty { places[path] = offsets }
        }
        return places
    }

    /// The texts in which references to secrets may stand.
    var secretiveTexts: [(path: String, text: String)] {
        configuration.sorted { $0.key < $1.key }.map { ("configuration.\($0.key)", $0.value) }
            + environmentVariables.enumerated().filter { $0.element.kind == .plaintext }.map {
                ("environmentVariables[\($0.offset)].value", $0.element.value)
            }
    }
}

extension VariableTemplate {
    fileprivate func secretOffsets(_ lookup: (VariableReference) -> String?) -> [Int] {
        var (start, offsets) = (0, [Int]())
        for part in parts {
            switch part {
            case .literal(let literal):
                offsets += SecretTemplate(literal).uses.map { start + $0.offset }
                start += literal.utf8.count
            case .reference(let reference): start += lookup(reference)?.utf8.count ?? 0
            }
        }
        return offsets
    }
}
