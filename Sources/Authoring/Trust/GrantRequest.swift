import Conformance
import Glibc
import Jansson
import PluginHost
import PluginProtocol

/// What an operator wants a plugin to have, or to have no more.
public struct GrantRequest: Hashable, Sendable {
    public var network = false
    public var environment: [String] = []
    /// By slot; a revocation may leave out which path of the slot.
    public var hostPaths: [String: [String]] = [:]
    /// Everything that is asked for; paths of slots are given beside it, unless they are granted already.
    public var all = false

    public init() {}

    /// Whether nothing is wanted.
    public var isEmpty: Bool { self == GrantRequest() }

    /// What the plugin has when this is granted besides.
    /// - Parameters:
    ///   - places: directories and files, each with what it is, that a granted path must not lay open.
    /// - Throws: for what the manifest does not ask for, a path that must not be granted, and a slot that `all` lacks.
    public func granted(
        to manifest: Manifest, having grants: Grants, shipped: Bool, protecting places: [ProtectedPlace]
    ) throws(TrustError) -> Grants {
        let wanted = manifest.permissions
        if network, !wanted.network { throw TrustError("plugin \(manifest.name) does not ask for the network") }
        try refuseUnknown(environment, of: wanted.environment, "--environment", manifest)
        try refuseUnknown(hostPaths.keys.sorted(), of: wanted.hostPaths.map(\.name), "--host-path", manifest)
        for slot in wanted.hostPaths {
            for path in hostPaths[slot.name] ?? [] { try check(path, slot, places) }
        }
        var result = grants
        result.network = grants.network || network || all && wanted.network && !shipped
        result.environment.formUnion(all ? wanted.environment : environment)
        for (slot, paths) in hostPaths {
            result.hostPaths[slot, default: []] += paths.filter { !grants.hostPaths[slot, default: []].contains($0) }
        }
        let unbound = result.missing(for: manifest, shipped: shipped).hostPaths.keys.sorted()
        if all, !unbound.isEmpty {
            let options = unbound.map { "--host-path \($0)=/PATH/FOR/\($0)" }.joined(separator: " ")
            throw TrustError("plugin \(manifest.name): --all needs to know the paths; add \(options)")
        }
        return result
    }

    /// What the plugin has when this is taken away; it need not ask for it any more.
    public func revoked(from grants: Grants) -> Grants {
        if all { return Grants() }
        var result = grants
        if network { result.network = false }
        result.environment.subtract(environment)
        for (slot, paths) in hostPaths {
            let left = grants.hostPaths[slot, default: []].filter { !paths.isEmpty && !paths.contains($0) }
            result.hostPaths[slot] = left.isEmpty ? nil : left
        }
        return result
    }

    private func refuseUnknown(
        _ names: [String], of asked: [String], _ option: String, _ manifest: Manifest
    ) throws(TrustError) {
        for name in names where !asked.contains(name) {
            let near = nearest(to: name, in: asked).map { "did you mean \"\($0)\"?" }
            let there = asked.isEmpty ? "it asks for none" : "it asks for \(asked.joined(separator: ", "))"
            throw TrustError("\(option) \(name): plugin \(manifest.name) does not ask for it; \(near ?? there)")
        }
    }

    private func check(_ path: String, _ slot: Manifest.HostPath, _ places: [ProtectedPlace]) throws(TrustError) {
        let option = "--host-path \(slot.name)=\(path)"
        guard path.hasPrefix("/") else { throw TrustError("\(option): the path must be absolute") }
        guard let real = realPath(path) else { throw .system(errno, "cannot be granted", option) }
        guard real != "/" else { throw TrustError("\(option): the whole machine cannot be granted") }
        for place in places where !place.onlyFromWriters || slot.mode == .readWrite {
            guard let other = realPath(place.path) else { continue }
            if "\(other)/".hasPrefix("\(real)/") {
                throw TrustError("\(option): it holds \(place.what), \(place.path)")
            }
            if "\(real)/".hasPrefix("\(other)/") {
                throw TrustError("\(option): it lies in \(place.what), \(place.path)")
            }
        }
    }
}

/// What no plugin may reach by a granted path.
public struct ProtectedPlace: Hashable, Sendable {
    public let path: String
    /// `the state directory`
    public let what: String
    /// Whether reading it does no harm.
    public let onlyFromWriters: Bool

    public init(_ path: String, _ what: String, onlyFromWriters: Bool = false) {
        self.path = path
        self.what = what
        self.onlyFromWriters = onlyFromWriters
    }
}
