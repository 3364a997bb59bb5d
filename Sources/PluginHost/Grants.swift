import Jansson
import PluginProtocol

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
    /// - Parameter shipped: whether the plugin came with Penstock; it then has the network that it declares.
    /// - Throws: `GrantMissing` with the lines that the settings file lacks, or `ConfigurationInvalid` for a path that
    ///   is not absolute.
    public func narrowed(to manifest: Manifest, shipped: Bool) throws(Failure) -> Grants {
        let wanted = manifest.permissions
        var missing = Grants()
        missing.network = wanted.network && !network && !shipped
        missing.environment = Set(wanted.environment).subtracting(environment)
        let unbound = wanted.hostPaths.filter { $0.required && hostPaths[$0.name, default: []].isEmpty }
        guard !missing.network && missing.environment.isEmpty && unbound.isEmpty else {
            throw Failure(.grantMissing, advice(for: manifest, missing, unbound))
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

    private func advice(for manifest: Manifest, _ missing: Grants, _ unbound: [Manifest.HostPath]) -> String {
        var complete = self
        complete.network = network || missing.network
        complete.environment.formUnion(missing.environment)
        for slot in unbound { complete.hostPaths[slot.name] = ["/PATH/FOR/\(slot.name)"] }
        let needs =
            (missing.network ? ["the network"] : [])
            + missing.environment.sorted().map { "the environment variable \($0)" }
            + unbound.map { slot in
                let description = slot.description.map { ": \($0)" } ?? ""
                return "a path of this machine for \"\(slot.name)\" (\(slot.mode.rawValue)\(description))"
            }
        return "plugin \(manifest.name) needs \(needs.joined(separator: ", and ")), which is not granted."
            + " Put into the settings file:\ngrants: {\(manifest.name): {\(complete.settings)}}"
    }

    /// As it stands in a settings file.
    private var settings: String {
        var entries: [String] = []
        if network { entries.append("network: true") }
        if !environment.isEmpty { entries.append("environment: [\(environment.sorted().joined(separator: ", "))]") }
        let slots = hostPaths.sorted { $0.key < $1.key }.map { name, paths in
            let texts = paths.map { JSON.string($0).text }
            return "\(name): \(texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")"
        }
        if !slots.isEmpty { entries.append("hostPaths: {\(slots.joined(separator: ", "))}") }
        return entries.joined(separator: ", ")
    }
}
