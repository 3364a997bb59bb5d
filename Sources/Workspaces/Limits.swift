/// What one job may take. The first five hold for each process and are set by the launcher; the last two are for
/// whoever measures `Workspace.usage()`.
public struct Limits: Hashable, Sendable {
    /// Processes and threads at a time. The kernel counts all that the *user* runs, so without a number it is 512 for
    /// a job that has a user of its own, and 4,096 where jobs run as the operator, next to everything else he runs.
    public var processes: Int?
    public var openFiles: Int
    /// Of a single file. 8 GiB, because artifacts reach 7 GB.
    public var fileSizeBytes: Int
    /// Off unless given: node reserves 1 GiB and java 4 GiB of addresses that they never use.
    public var addressSpaceBytes: Int?
    /// Of processor time, for each process; off unless given.
    public var cpuSeconds: Int?
    /// Of the whole workspace on disk.
    public var totalBytes: Int
    /// Names in the whole workspace.
    public var totalEntries: Int

    public init(
        processes: Int? = nil, openFiles: Int = 1_024, fileSizeBytes: Int = 8 << 30, addressSpaceBytes: Int? = nil,
        cpuSeconds: Int? = nil, totalBytes: Int = 32 << 30, totalEntries: Int = 1_000_000
    ) {
        self.processes = processes
        self.openFiles = openFiles
        self.fileSizeBytes = fileSizeBytes
        self.addressSpaceBytes = addressSpaceBytes
        self.cpuSeconds = cpuSeconds
        self.totalBytes = totalBytes
        self.totalEntries = totalEntries
    }
}
