import PluginProtocol

extension Job {
    /// The whole environment of a plugin: this list and what is granted, nothing of the host's. Spec: HST-16, HST-24
    ///
    /// No configuration, secret or jobId is ever in it.
    /// - Parameters:
    ///   - granted: names of variables; one that the host does not have is left out.
    ///   - host: the host's own environment.
    public func environment(
        lifecycle: Manifest.Run.Lifecycle, granted: Set<String>, host: [String: String]
    ) -> [String: String] {
        var environment = [
            "PATH": Plugin.path, "HOME": "\(workspace.root)/home", "TMPDIR": "\(workspace.root)/\(workspace.tmp)",
            "LANG": "C.UTF-8", "TZ": "UTC", "CI": "true", "PENSTOCK_PROTOCOL": WireProtocol.version,
            "PENSTOCK_LIFECYCLE": lifecycle.rawValue, "PYTHONUNBUFFERED": "1",
        ]
        environment["TRACEPARENT"] = traceparent
        // The list above is a promise to the plugin: a grant does not change it.
        environment.merge(host.filter { granted.contains($0.key) }) { ours, _ in ours }
        return environment
    }
}
