import PluginProtocol
import Processes

/// What one process said about one job, when it is over and somebody else has listened.
public struct PastConversation: Hashable, Sendable {
    public enum Happening: Hashable, Sendable {
        case line(Line)
        case ended(Stream)
        case exited(Exit)
        case cancelled(CancelReason)
        /// The job's `timeoutSeconds` were over.
        case timedOut
    }

    public let job: Job
    /// The plugin's name.
    public let plugin: String
    /// In their order.
    public let happenings: [Happening]

    public init(_ job: Job, by plugin: String, _ happenings: [Happening]) {
        (self.job, self.plugin, self.happenings) = (job, plugin, happenings)
    }

    /// What this host makes of it, with the values of the job's secret properties masked.
    public var verdict: Verdict {
        let keys = Set(job.secretConfigurationKeys)
        let secrets = job.data.configuration.filter { keys.contains($0.key) }
        var session = PluginSession(plugin: plugin, job: job, masker: Masker(secrets: secrets))
        var effects = session.apply(.began)
        for happening in happenings { effects += session.apply(input(happening)) }
        // Whatever was not seen to end: a pipe that others kept open, a process that its judge has ended.
        for input in [.exited(.signal(9)), .ended(.output), .ended(.error)] as [PluginSession.Input] {
            effects += session.apply(input)
        }
        for case .finish(let verdict) in effects { return verdict }
        preconditionFailure("a session is over when the process has ended and its pipes have")
    }

    private func input(_ happening: Happening) -> PluginSession.Input {
        switch happening {
        case .line(let line): .line(line)
        case .ended(let stream): .ended(stream)
        case .exited(let exit): .exited(exit)
        case .cancelled(let reason): .cancel(reason)
        case .timedOut: .fired(.timeout, after: .seconds(job.timeoutSeconds))
        }
    }
}
