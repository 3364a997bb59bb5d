import Jansson

/// `mask`: a secret obtained at run time, told before it can appear anywhere.
public struct Mask: Hashable, Sendable {
    public var value: String

    public init(value: String) { self.value = value }

    init(_ reader: JSONReader) throws(RuleViolation) {
        value = try obeying("MSG-03") { try reader.required("value").string() }
    }

    var members: [String: JSON?] { ["value": .string(value)] }
}
