/// Something that two things have differently, by its name.
public struct Difference<Value: Hashable & Sendable>: Hashable, Sendable {
    public let name: String
    /// Nil where there is none.
    public let one: Value?
    public let other: Value?

    public init(name: String, one: Value?, other: Value?) {
        (self.name, self.one, self.other) = (name, one, other)
    }

    /// By name, of all names that are in one of them and not the same in the other.
    public static func between(_ one: [String: Value], _ other: [String: Value]) -> [Difference] {
        Set(one.keys).union(other.keys).sorted().filter { one[$0] != other[$0] }.map {
            Difference(name: $0, one: one[$0], other: other[$0])
        }
    }
}
