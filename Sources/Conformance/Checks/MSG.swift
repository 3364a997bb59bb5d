import PluginProtocol

extension Check {
    static let messages: [Check] = ["MSG-01", "MSG-02", "MSG-03"].map { lines($0) } + [withoutCursor]

    /// The answer to a `check` says where it stands.
    private static let withoutCursor = Check("MSG-03") { recording in
        recording.errands.filter { $0.job.operation == .check }.compactMap { errand -> Breach? in
            guard case .some(.jobSuccessResult(let result)) = recording.terminal(of: errand.job.jobId),
                result.cursor == nil
            else { return nil }
            return Breach(
                "the success of a check has no cursor",
                hint: "answer a check with the cursor to go on from, and with changes since the job's own")
        }
    }
}
