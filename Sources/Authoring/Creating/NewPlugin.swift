import Jansson
import PluginProtocol

/// What a new plugin is to be called, and what it serves.
public struct NewPlugin: Hashable, Sendable {
    public let name: String
    public let category: String
    public let provider: String

    static let categories = ["Source", "Build", "Test", "Deploy", "Invoke", "Approval", "Compute", "Rule"]
    private static let mostCharacters = (name: 64, provider: 35)

    /// - Parameter provider: made of the name when it is nil: `acme-deploy` serves `AcmeDeploy`.
    /// - Throws: what is no name or category. Spec: MAN-01, MAN-03
    public init(name: String, category: String, provider: String? = nil) throws(InvalidNewPlugin) {
        guard Self.isName(name, atMost: Self.mostCharacters.name) else {
            throw InvalidNewPlugin(
                "\"\(name)\" is no name of a plugin: 1 to \(Self.mostCharacters.name) of 0-9 A-Z a-z _ and -")
        }
        guard Self.categories.contains(category) else {
            let near = nearest(to: category, in: Self.categories).map { "; did you mean \($0)?" } ?? ""
            let all = Self.categories.joined(separator: ", ")
            throw InvalidNewPlugin("--category \(category): must be one of \(all)\(near)")
        }
        let made = provider ?? Self.provider(of: name)
        guard Self.isName(made, atMost: Self.mostCharacters.provider) else {
            let hint = provider == nil ? "; name one with --provider" : ""
            throw InvalidNewPlugin(
                "\"\(made)\" is no provider: 1 to \(Self.mostCharacters.provider) of 0-9 A-Z a-z _ and -\(hint)")
        }
        (self.name, self.category, self.provider) = (name, category, made)
    }

    private static func provider(of name: String) -> String {
        name.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func isName(_ text: String, atMost count: Int) -> Bool {
        1...count ~= text.utf8.count
            && text.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }
}

/// Why there can be no such plugin.
public struct InvalidNewPlugin: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
