/// Why nothing can be said of a plugin: the kit, its sandbox or a fixture failed, and not the plugin.
public struct KitFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    /// The fixture whose own commands failed; nil where it is the kit.
    public let fixture: String?

    public init(_ description: String, fixture: String? = nil) {
        self.description = description
        self.fixture = fixture
    }
}
