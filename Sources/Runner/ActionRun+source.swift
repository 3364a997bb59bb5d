import Artifacts
import Engine
import Pipelines
import PluginHost
import PluginProtocol

extension ActionRun {
    /// A directory of this machine in place of a source action, with what is not committed in it.
    ///
    /// The output variables of the real source get values that later actions can use: the revision is the content.
    func takeSource(from directory: String) async throws -> Event {
        let store = setup.artifacts
        let digest: ArtifactDigest
        do {
            // What a source action delivers has no history in it either.
            digest = try await blocking { try store.ingest(directory: directory, excluding: [".git"]) }
        } catch let error as ArtifactError {
            throw Failure(outputArtifact: dispatch.action.outputArtifacts.first?.name ?? "", error)
        }
        let revision = String(digest.description.prefix(40))
        let summary = "\(directory), with what is not committed"
        write(LogRecord(source: .host, level: .info, text: "taken from \(summary)"))
        let configuration = dispatch.action.configuration
        let branch = configuration["BranchName"] ?? configuration["Branch"] ?? "local"
        var variables = ["CommitId": revision, "CommitMessage": summary, "BranchName": branch]
        if let bucket = configuration["S3Bucket"] {
            variables = ["BucketName": bucket, "VersionId": revision, "ETag": revision]
            variables["ObjectKey"] = configuration["S3ObjectKey"]
        }
        variables["RepositoryName"] =
            configuration["RepositoryName"] ?? configuration["Repo"] ?? configuration["Repository"]
        variables["FullRepositoryName"] = configuration["FullRepositoryId"]
        variables["ConnectionArn"] = configuration["ConnectionArn"]
        return .actionSucceeded(
            dispatch.attempt,
            ActionResult(
                outputVariables: variables,
                artifacts: Dictionary(
                    uniqueKeysWithValues: dispatch.action.outputArtifacts.map { ($0.name, digest.description) }),
                revision: Revision(id: revision, changeIdentifier: branch, summary: summary)))
    }
}
