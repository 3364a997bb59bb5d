/// What one job may take.
///
/// `processes` to `addressSpaceBytes` are set by the sandbox's launcher, `memoryBytes` by a control group; the others are
/// for whoever measures.
public struct Limits: Hashable, Sendable {
    /// Of time on the wall, beside what the plugin's manifest says.
    public var seconds: Int?
    /// Processes and threads at a time. The kernel counts all that the *user* runs, so without a number it is 512 for
    /// a job that has a user of its own, and 4,096 where jobs run as the operator, next to everything else he runs.
    public var processes: Int?
    public var openFiles = 1_024
    /// Of a single file. 8 GiB, because artifacts reach 7 GB.
    public var fileBytes = 8 << 30
    /// Of processor time, for each process; off unless given.
    public var cpuSeconds: Int?
    /// Off unless given: node reserves 1 GiB and java 4 GiB of addresses that they never use.
    public var addressSpaceBytes: Int?
    /// Of all processes together, with files that are only in memory; needs a control group.
    public var memoryBytes: Int?
    /// Of the whole workspace on disk.
    public var workspaceBytes = 32 << 30
    /// Names in the whole workspace.
    public var workspaceEntries = 1_000_000
    /// Of one output artifact.
    public var outputBytes = 8 << 30
    /// Names in one output artifact.
    public var outputEntries = 200_000

    public init() {}
}
