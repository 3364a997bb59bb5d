import Jansson

/// The value of a plain scalar by YAML's core schema.
///
/// A number that would not be written again as it stands (`0123`, `1.10`, `1e3`, `0x1F`) stays a string: such texts are
/// account numbers, versions and digests, and a definition takes strings.
func coreSchemaValue(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: break
    }
    if let integer = Int64(text), String(integer) == text { return .integer(integer) }
    let isDecimal = text.utf8.allSatisfy {
        (48...57).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
    }
    if isDecimal, let real = Double(text), real.description == text { return .real(real) }
    return .string(text)
}
