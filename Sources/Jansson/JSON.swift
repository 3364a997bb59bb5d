/// One JSON document or part of it, as plain values.
///
/// Integers and reals are kept apart as they stand in the text: `1` is an integer, `1.0` is a real.
/// Members carry no order; `serialized` writes them sorted by key, so equal values give equal bytes.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON {
    /// The member of an object; nil when absent or when this is no object.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    public var stringValue: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// The word a message uses for this kind of value.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .real: "a real number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// An object of the members that are present.
    public static func object(present members: [String: JSON?]) -> JSON {
        .object(members.compactMapValues { $0 })
    }

    public static func strings(_ strings: some Sequence<String>) -> JSON {
        .array(strings.map { .string($0) })
    }

    public static func strings(_ strings: [String: String]) -> JSON {
        .object(strings.mapValues { .string($0) })
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
