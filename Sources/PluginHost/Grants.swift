import PluginProtocol
import Processes

/// What the operator lets a plugin have beyond its workspace.
public struct Grants: Hashable, Sendable {
    public var network: Bool
    /// Names of environment variables.
    public var environment: Set<String>
    /// Absolute paths by the slot's name.
    public var hostPaths: [String: [String]]

    public init(network: Bool = false, environment: Set<String> = [], hostPaths: [String: [String]] = [:]) {
        self.network = network
        self.environment = environment
        self.hostPaths = hostPaths
    }

    /// What `manifest` asks for and is granted.
    /// - Parameters:
    ///   - shipped: whether the plugin came with Penstock; it then has the network that it declares.
    ///   - options: what a command is told besides to find this plugin and these grants.
    /// - Throws: `GrantMissing` with the command that grants what is missing, or `ConfigurationInvalid` for a path that
    ///   is not absolute.
    public func narrowed(to manifest: Manifest, shipped: Bool, options: [String] = []) throws(Failure) -> Grants {
        let wanted = manifest.permissions
        let missing = missing(for: manifest, shipped: shipped)
        guard missing == Grants() else {
            throw Failure(.grantMissing, missing.advice(for: manifest, options))
        }
        for slot in wanted.hostPaths {
            for path in hostPaths[slot.name] ?? [] where !path.hasPrefix("/") {
                throw Failure(
                    .configurationInvalid,
                    "grants.\(manifest.name).hostPaths.\(slot.name) must be an absolute path, found \"\(path)\"")
            }
        }
        let slots = Set(wanted.hostPaths.map(\.name))
        return Grants(
            network: wanted.network, environment: Set(wanted.environment),
            hostPaths: hostPaths.filter { slots.contains($0.key) })
    }

    /// What `manifest` needs and is not granted; a slot without a path has a placeholder for one.
    public func missing(for manifest: Manifest, shipped: Bool) -> Grants {
        let wanted = manifest.permissions
        let unbound = wanted.hostPaths.filter { $0.required && hostPaths[$0.name, default: []].isEmpty }
        return Grants(
            network: wanted.network && !network && !shipped,
            environment: Set(wanted.environment).subtracting(environment),
            hostPaths: Dictionary(unbound.map { ($0.name, ["/PATH/FOR/\($0.name)"]) }) { first, _ in first })
    }

    /// The command that grants all this.
    /// - Parameter options: what it is told besides.
    public func command(for plugin: String, _ options: [String] = []) -> String {
        let paths = hostPaths.sorted { $0.key < $1.key }.flatMap { name, paths in
            paths.flatMap { ["--host-path", "\(name)=\(shellWord($0))"] }
        }
        let words =
            ["penstock plugin grant", plugin] + (network ? ["--network"] : [])
            + environment.sorted().flatMap { ["--environment", $0] } + paths + options.map(shellWord)
        return words.joined(separator: " ")
    }

    private func advice(for manifest: Manifest, _ options: [String]) -> String {
        let needs = manifest.permissions.wishes.filter { has($0) }.map(\.description)
        return "plugin \(manifest.name) needs \(needs.joined(separator: ", and ")), which is not granted."
            + " To grant it:\n\(command(for: manifest.name, options))"
    }

    /// Whether this is among them.
    public func has(_ wish: Wish) -> Bool {
        switch wish {
        case .network: network
        case .environment(let name): environment.contains(name)
        case .hostPath(let slot): !hostPaths[slot.name, default: []].isEmpty
        }
    }
}

/// One thing that a plugin asks for beyond its workspace.
public enum Wish: Hashable, Sendable, CustomStringConvertible {
    case network
    case environment(String)
    case hostPath(Manifest.HostPath)

    /// As the end of a sentence: `a path of this machine for "target" (rw: where releases go)`.
    public var description: String {
        switch self {
        case .network: return "the network"
        case .environment(let name): return "the environment variable \(name)"
        case .hostPath(let slot):
            let traits = slot.mode.rawValue + (slot.required ? "" : ", optional")
            let description = slot.description.map { ": \($0)" } ?? ""
            return "a path of this machine for \"\(slot.name)\" (\(traits)\(description))"
        }
    }
}

extension Manifest.Permissions {
    /// All that is asked for.
    public var wishes: [Wish] {
        (network ? [.network] : []) + environment.map { .environment($0) } + hostPaths.map { .hostPath($0) }
    }
}
