import Glibc
import Jansson
import PluginProtocol

/// A value that a job hands over in confidence, and the ways in which it can stand where it must not.
struct Secret: Hashable, Sendable {
    /// Fewer bytes stand anywhere by chance.
    static let leastBytes = 6

    struct Form: Hashable, Sendable {
        /// `in base64`; nil for the value as it is.
        let name: String?
        let bytes: [UInt8]
    }

    /// Of the property or variable: never the value.
    let name: String
    /// Those as it is come first.
    let forms: [Form]

    init(_ name: String, _ value: String) {
        self.name = name
        let raw = Array(value.utf8)
        // Languages that quote a text without its own quotation marks change backslashes only.
        let plain = [raw, raw.replacing([UInt8(ascii: "\\")], with: Array(#"\\"#.utf8))]
        var seen = Set(plain)
        let encoded = encodings(of: value).filter {
            $0.bytes.count >= Self.leastBytes && seen.insert($0.bytes).inserted
        }
        forms = Set(plain).map { Form(name: nil, bytes: $0) } + encoded
    }

    /// Where it stands first; as it is, if it stands so anywhere.
    func find(in text: [UInt8]) -> (form: Form, at: Int)? {
        let isNamed: [Bool] = [false, true]
        for named in isNamed {
            let found = forms.filter { ($0.name != nil) == named }.compactMap { form in
                offset(of: form.bytes, in: text).map { (form, $0) }
            }
            if let first = found.min(by: { $0.1 < $1.1 }) { return first }
        }
        return nil
    }
}

extension Job {
    /// What the job says to be secret and stands nowhere else in it.
    var secrets: [Secret] {
        let keys = Set(secretConfigurationKeys)
        let variables = data.action?.environmentVariables ?? []
        let open =
            data.configuration.filter { !keys.contains($0.key) }.map(\.value)
            + variables.filter { $0.type != "SECRETS_MANAGER" }.map(\.value)
        let values =
            data.configuration.filter { keys.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            + variables.filter { $0.type == "SECRETS_MANAGER" }.map { ($0.name, $0.value) }
        return values.filter { _, value in
            value.utf8.count >= Secret.leastBytes && !open.contains { $0.contains(value) }
        }.map { Secret($0, $1) }
    }
}

extension Recording.Errand {
    /// Those of its job: what is known to be secret, also of the operator's settings, where only the fixture says so.
    var secrets: [Secret] {
        job.secrets + handedOver(fixture.providerSettings ?? .null, as: job.data.providerSettings ?? .null)
    }

    private func handedOver(_ written: JSON, as filled: JSON) -> [Secret] {
        switch (written, filled) {
        case (_, .string(let value)) where written.secretName != nil: [Secret(written.secretName!, value)]
        case (.object(let members), .object(let values)):
            members.sorted { $0.key < $1.key }.flatMap { handedOver($1, as: values[$0] ?? .null) }
        case (.array(let elements), .array(let values)): zip(elements, values).flatMap(handedOver)
        default: []
        }
    }
}

extension JSON {
    /// NAME of `{"secret": NAME}`, as operators refer to secrets in their settings.
    var secretName: String? {
        guard case .object(let members) = self, members.count == 1 else { return nil }
        return members["secret"]?.stringValue
    }

    /// Whether it refers to a secret anywhere.
    var namesSecret: Bool {
        switch self {
        case .object(let members): secretName != nil || members.values.contains { $0.namesSecret }
        case .array(let elements): elements.contains { $0.namesSecret }
        case .string, .null, .bool, .integer, .real: false
        }
    }
}

/// The offset of the first occurrence.
func offset(of needle: [UInt8], in text: [UInt8]) -> Int? {
    guard !needle.isEmpty, text.count >= needle.count else { return nil }
    return text.withUnsafeBufferPointer { text in
        var start = 0
        while start <= text.count - needle.count {
            let rest = text.baseAddress! + start
            guard let found = memchr(rest, Int32(needle[0]), text.count - needle.count - start + 1) else { return nil }
            start += UnsafeRawPointer(found) - UnsafeRawPointer(rest)
            if memcmp(text.baseAddress! + start, needle, needle.count) == 0 { return start }
            start += 1
        }
        return nil
    }
}

// MARK: Encodings

private func encodings(of value: String) -> [Secret.Form] {
    let raw = Array(value.utf8)
    func named(_ name: String, _ forms: [[UInt8]]) -> [Secret.Form] { forms.map { Secret.Form(name: name, bytes: $0) } }
    let lines = value.split(whereSeparator: \.isNewline).map { Array($0.utf8) }
    return named("in base64", base64(raw)) + named("escaped as in an address", addressEscaped(raw))
        + named("escaped as in JSON", jsonEscaped(value)) + named("quoted as in a shell", shellQuoted(raw))
        + named("line by line", lines.count > 1 ? lines : [])
}

/// Behind 0, 1 and 2 other bytes, in both alphabets, less the characters at the ends that depend on the neighbours.
private func base64(_ bytes: [UInt8]) -> [[UInt8]] {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return ["+/", "-_"].map { Array((letters + $0).utf8) }.flatMap { alphabet in
        (0...2).map { before -> [UInt8] in
            let bits = ([UInt8](repeating: 0, count: before) + bytes).flatMap { byte in
                (0..<8).map { byte >> (7 - $0) & 1 }
            }
            let sextets = stride(from: 0, through: bits.count - 6, by: 6).map { start in
                alphabet[bits[start..<start + 6].reduce(0) { $0 << 1 | Int($1) }]
            }
            return Array(sextets.dropFirst(before == 0 ? 0 : before + 1))
        }
    }
}

/// What is left as it is differs between languages, and so do the digits; forms write + for a blank.
private func addressEscaped(_ bytes: [UInt8]) -> [[UInt8]] {
    ["-_.~", "-_.~/", "-_.!~*'()"].flatMap { kept in
        ["0123456789ABCDEF", "0123456789abcdef"].flatMap { digits -> [[UInt8]] in
            let (kept, digits) = (Set(kept.utf8), Array(digits.utf8))
            let escaped = bytes.flatMap { byte -> [UInt8] in
                let isLetter = byte < 0x80 && (isalnum(Int32(byte)) != 0)
                guard !isLetter, !kept.contains(byte) else { return [byte] }
                return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
            return [escaped, escaped.replacing(Array("%20".utf8), with: [UInt8(ascii: "+")])]
        }
    }
}

private func jsonEscaped(_ value: String) -> [[UInt8]] {
    let escaped = String(decoding: JSON.string(value).serialized.dropFirst().dropLast(), as: UTF8.self)
    let ascii = escaped.utf16.map { unit in
        guard unit >= 0x80 else { return String(UnicodeScalar(UInt8(unit))) }
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
    return [escaped, ascii].flatMap { [$0, $0.replacing("/", with: "\\/")] }.map { Array($0.utf8) }
}

private func shellQuoted(_ bytes: [UInt8]) -> [[UInt8]] {
    [#"'\''"#, #"'"'"'"#].map { bytes.replacing([UInt8(ascii: "'")], with: Array($0.utf8)) }
}
