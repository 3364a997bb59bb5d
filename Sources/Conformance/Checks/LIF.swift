import PluginProtocol
import Processes
import Workspaces

extension Check {
    static let process: [Check] = [
        Check("LIF-05") { recording in
            guard recording.lifecycle == .oneShot, recording.lingered, recording.faults.isSubset(of: [.killed]),
                recording.errands.contains(where: { $0.terminalAt != nil })
            else { return [] }
            return [
                Breach(
                    "it was still there 5 seconds after its terminal message, and was ended",
                    hint: Rule.hint(for: "LIF-05"))
            ]
        },
        Check("LIF-06") { recording in
            guard recording.endedByItself, !recording.openPipes.isEmpty else { return [] }
            let pipes = recording.openPipes.map { $0 == .output ? "standard output" : "standard error" }.sorted()
            let holders = recording.survivors.isEmpty ? "" : ", held by \(recording.survivorNames)"
            return [
                Breach(
                    "\(pipes.joined(separator: " and ")) stayed open after its exit\(holders)",
                    hint: Rule.hint(for: "LIF-06"))
            ]
        },
        Check("LIF-07") { recording in
            // Those that hold the pipes break LIF-06.
            guard recording.endedByItself, recording.openPipes.isEmpty, !recording.survivors.isEmpty else { return [] }
            return [
                Breach("after its exit there still ran \(recording.survivorNames)", hint: Rule.hint(for: "LIF-07"))
            ]
        },
    ]
}

extension Recording {
    /// Whether nothing was done to the process that could have kept it from ending in order.
    fileprivate var endedByItself: Bool { faults.isSubset(of: [.noJob]) }

    /// `process 12 (sleep 9)`, numbered as in the sandbox.
    var survivorNames: String {
        survivors.prefix(3).map { "process \($0.innerPid) (\(quote($0.arguments.joined(separator: " ").utf8)))" }
            .joined(separator: ", ")
    }
}
