import Jansson

/// The four words that name an action type on the wire.
public struct ActionTypeIdentifier: Hashable, Sendable, CustomStringConvertible {
    public var category: String
    public var owner: String
    public var provider: String
    public var version: String

    public init(category: String, owner: String, provider: String, version: String) {
        self.category = category
        self.owner = owner
        self.provider = provider
        self.version = version
    }

    public init(_ reader: JSONReader) throws(JSONTypeError) {
        category = try reader.required("category").string()
        owner = try reader.required("owner").string()
        provider = try reader.required("provider").string()
        version = try reader.required("version").string()
    }

    /// `Source/AWS/CodeCommit/1`
    public var description: String { "\(category)/\(owner)/\(provider)/\(version)" }

    var json: JSON {
        .strings(["category": category, "owner": owner, "provider": provider, "version": version])
    }
}
