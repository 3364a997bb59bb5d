/// A step of the way from a fact to its effect and back, at which a test may end the process as `kill -9` does.
///
/// In the order in which one action comes by. Each is one call of `reach` in the code.
public enum Failpoint: String, CaseIterable, Sendable {
    // MARK: Journal and outbox

    /// A pipeline's new version is on disk, and nothing runs by it.
    case declarationStored
    /// The engine has taken the fact, and nothing is on disk.
    case beforeCommit
    /// All rows are written, and the transaction is open.
    case insideCommit
    /// The transaction is on disk, and nobody knows.
    case afterCommit
    /// A job is to be begun, and its outbox row is there.
    case effectTaken
    /// A job is to be given up, and its action is Abandoned already.
    case cancelTaken
    /// An approval waits, and nobody has been asked.
    case approvalTaken

    // MARK: Workspace

    /// It is known what the job is given, and nothing is made.
    case jobPlanned
    /// The workspace is there, and empty.
    case workspaceMade
    /// One input artifact is laid out; others may follow.
    case inputLaidOut
    /// The inputs belong to the plugin's user.
    case inputsHandedOver
    /// The folder that outlives jobs is in the workspace, and nowhere else.
    case cacheBorrowed
    /// Everything is made that the sandbox shows.
    case sandboxReady

    // MARK: Spawn

    /// The process runs, and is written down nowhere.
    case spawned
    /// The process is written down, and has no job.
    case launchRecorded
    /// The job is on its way to the plugin.
    case jobSent
    /// The plugin's first process in the sandbox is known.
    case sandboxed
    /// The plugin has told how far it is.
    case progressRead

    // MARK: Result

    /// The plugin has told its result, and runs still.
    case resultRead
    /// The process has ended, and its pipes are not read to their end.
    case processEnded
    /// Nothing of the plugin runs any more.
    case processesGone
    /// The folder that outlives jobs is back where the next one looks for it.
    case cacheReturned

    // MARK: Ingest

    /// New blobs are on disk, to the side.
    case blobsWritten
    /// Blobs are in their places, and no tree names them.
    case blobsPlaced
    /// The artifact is in the store, and no result names it.
    case outputIngested
    /// The workspace of a job that failed is where it stays.
    case workspaceKept
    /// The result is known here only.
    case resultKnown
    /// The result is on disk, and the workspace is still there.
    case resultStored
    /// The workspace is there, and empty again.
    case workspaceEmptied
    /// Nothing is left of the job.
    case workspaceRemoved

    // MARK: Workers

    /// A worker's workspace is there, and no process.
    case workerMade
    /// A worker runs, and is written down nowhere.
    case workerSpawned
    /// A worker is written down, and has no job.
    case workerRecorded
    /// A message is on its way to a worker.
    case workerTold
    /// A worker has ended a job, and waits for more.
    case workerJobEnded
    /// Nothing is left of a worker.
    case workerGone

    // MARK: People, start and end

    /// Somebody has answered an approval, and only we know.
    case approvalAnswered
    /// Somebody's answer is on disk.
    case approvalStored
    /// Somebody wants to stop, and only we know.
    case stopAsked
    /// The stop is on disk.
    case stopStored
    /// The execution is over, and nobody has been told.
    case executionEnded
    /// What an earlier process left running in one workspace is ended, and the workspace is there.
    case survivorsEnded
    /// What an earlier process was about has been taken up again.
    case recovered

    // MARK: What is not kept for ever

    /// Executions are forgotten, and their logs and artifacts are there.
    case executionsForgotten
    /// The logs of what is forgotten are gone, and its artifacts are there.
    case logsRemoved
    /// Artifacts are gone, and their files are there.
    case treesCollected
}
