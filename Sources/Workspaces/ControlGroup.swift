import Glibc

/// A group of processes whose memory the kernel limits together: those of one job, or of one worker.
public struct ControlGroup: Hashable, Sendable {
    /// Into which the launcher puts itself.
    public let folder: String
    private let memoryBytes: Int
    private let isUnified: Bool

    /// - Throws: and leaves nothing behind.
    fileprivate init(_ folder: String, isUnified: Bool, memoryBytes: Int) throws(WorkspaceError) {
        self.folder = folder
        self.memoryBytes = memoryBytes
        self.isUnified = isUnified
        guard mkdir(folder, 0o755) == 0 else { throw .last("make", folder) }
        do throws(WorkspaceError) {
            try write("\(memoryBytes)", to: "\(folder)/\(isUnified ? "memory.max" : "memory.limit_in_bytes")")
        } catch {
            remove()
            throw error
        }
        // Where swap is not counted there is none, or nobody may limit it.
        let swap = isUnified ? ("memory.swap.max", 0) : ("memory.memsw.limit_in_bytes", memoryBytes)
        try? write("\(swap.1)", to: "\(folder)/\(swap.0)")
    }

    /// What its processes took when the kernel ended one of them for it; nil when it did not.
    public var excess: String? {
        let ended = number(after: "oom_kill", in: isUnified ? "memory.events" : "memory.oom_control") ?? 0
        guard ended > 0 else { return nil }
        let peak = number(in: isUnified ? "memory.peak" : "memory.max_usage_in_bytes") ?? memoryBytes
        return "its processes took \(max(peak, memoryBytes)) bytes of memory and wanted more; the limit memoryBytes is"
            + " \(memoryBytes)"
    }

    private func number(after name: String? = nil, in file: String) -> Int? {
        for line in lines(of: "\(folder)/\(file)") {
            let words = line.split(separator: " ")
            guard let name else { return words.first.flatMap { Int($0) } }
            if words.count == 2, words[0] == name { return Int(words[1]) }
        }
        return nil
    }

    /// Its processes must have ended. What cannot be removed now is when another Penstock makes its groups.
    public func remove() { rmdir(folder) }
}

/// Where this process makes control groups: in a folder of its own below the group that it was started in.
public struct ControlGroups: Hashable, Sendable {
    private let folder: String
    private let isUnified: Bool

    /// Removes what processes left here that have died.
    /// - Parameters:
    ///   - root: where the kernel shows its groups.
    ///   - membership: the file that says in which ones this process is.
    /// - Throws: why none can be made, as for an ordinary user or in a container that may not write its groups.
    public init(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") throws(WorkspaceError) {
        let memberships = lines(of: membership).map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        }.filter { $0.count == 3 }
        let hasUnified = access("\(root)/cgroup.controllers", F_OK) == 0
        let own = memberships.first { hasUnified ? $0[0] == "0" : $0[1].split(separator: ",").contains("memory") }
        guard let own else { throw WorkspaceError(.system(errno: ENOENT), "\(root): has no control groups for memory") }
        isUnified = hasUnified
        let parent = root + (hasUnified ? "" : "/memory") + (own[2] == "/" ? "" : own[2])
        folder = "\(parent)/penstock.\(getpid())"
        try? Self.sweep(parent)
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw .last("make", folder) }
        guard isUnified else { return }
        do throws(WorkspaceError) {
            try delegate(from: parent)
        } catch {
            remove()
            throw error
        }
    }

    /// The kernel gives the groups below one their limits only if that one has no processes itself.
    private func delegate(from parent: String) throws(WorkspaceError) {
        let memory = "cgroup.subtree_control"
        if (try? write("+memory", to: "\(parent)/\(memory)")) == nil {
            let others = lines(of: "\(parent)/cgroup.procs").filter { $0 != "\(getpid())" }
            guard others.isEmpty else {
                throw WorkspaceError(
                    .system(errno: EBUSY),
                    "\(parent): other processes (\(others.prefix(3).joined(separator: ", "))) are in the control group of"
                        + " this one; give it one of its own, as systemd-run --scope -p Delegate=yes does")
            }
            let core = "\(folder)/core"
            guard mkdir(core, 0o755) == 0 || errno == EEXIST else { throw .last("make", core) }
            try write("\(getpid())", to: "\(core)/cgroup.procs")
            try write("+memory", to: "\(parent)/\(memory)")
        }
        try write("+memory", to: "\(folder)/\(memory)")
    }

    /// - Parameter name: of its folder.
    public func group(named name: String, memoryBytes: Int) throws(WorkspaceError) -> ControlGroup {
        try ControlGroup("\(folder)/\(name)", isUnified: isUnified, memoryBytes: memoryBytes)
    }

    /// What still holds processes stays.
    public func remove() { Self.remove(folder) }

    private static func remove(_ folder: String) {
        try? Directory(folder).forEachName { rmdir("\(folder)/\(text(of: $0))") }
        rmdir(folder)
    }

    private static func sweep(_ parent: String) throws(WorkspaceError) {
        try Directory(parent).forEachName { name in
            let words = text(of: name).split(separator: ".")
            guard words.count == 2, words[0] == "penstock", let pid = Int32(words[1]), kill(pid, 0) != 0, errno == ESRCH
            else { return }
            remove("\(parent)/\(text(of: name))")
        }
    }
}

private func write(_ text: String, to path: String) throws(WorkspaceError) {
    // The kernel makes these files with the folder, and lets nobody make one.
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .last("write", path) }
    defer { close(file) }
    guard text.withCString({ Glibc.write(file, $0, strlen($0)) }) >= 0 else { throw .last("write", path) }
}

/// None of a file that cannot be read.
private func lines(of path: String) -> [Substring] { (contents(of: path) ?? "").split(separator: "\n") }
