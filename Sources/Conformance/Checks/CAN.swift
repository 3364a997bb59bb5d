import PluginProtocol

extension Check {
    static let cancel: [Check] = [
        Check("CAN-02") { recording in
            recording.errands.filter { !$0.isCancelled }.compactMap { errand in
                // The kit's own SIGTERM, when the time was over, is a cancel for the plugin.
                let before = recording.entries.prefix { !$0.isSignal }
                return before.lazy.compactMap(\.heard).first { heard in
                    guard let message = heard.message, message.jobId == errand.job.jobId else { return false }
                    guard case .jobAbandonedResult = message.body else { return false }
                    return true
                }
            }.map { Breach("\($0.quoted), and nobody had cancelled the job", hint: Rule.hint(for: "CAN-02")) }
        }
    ]
}

extension Recording.Entry {
    var heard: Recording.Heard? {
        guard case .heard(let heard) = what else { return nil }
        return heard
    }

    /// Whether the kit asked the process to end.
    fileprivate var isSignal: Bool {
        guard case .done(let name) = what else { return false }
        return name.hasPrefix("SIGTERM") || name.hasPrefix("SIGKILL")
    }
}
