import PluginProtocol

extension Manifest.Run.Lifecycle {
    /// The whole environment of a plugin: this list and what is granted, nothing of the host's. Spec: HST-16, HST-24
    ///
    /// No configuration, secret or jobId is ever in it.
    /// - Parameters:
    ///   - root: of the workspace, as the plugin sees it.
    ///   - granted: names of variables; one that the host does not have is left out.
    ///   - host: the host's own environment.
    public func environment(
        root: String, traceparent: String? = nil, granted: Set<String>, host: [String: String]
    ) -> [String: String] {
        var environment = [
            "PATH": Plugin.path, "HOME": "\(root)/home", "TMPDIR": "\(root)/tmp",
            "LANG": "C.UTF-8", "TZ": "UTC", "CI": "true", "PENSTOCK_PROTOCOL": WireProtocol.version,
            "PENSTOCK_LIFECYCLE": rawValue, "PYTHONUNBUFFERED": "1",
        ]
        environment["TRACEPARENT"] = traceparent
        // The list above is a promise to the plugin: a grant does not change it.
        environment.merge(host.filter { granted.contains($0.key) }) { ours, _ in ours }
        return environment
    }
}
