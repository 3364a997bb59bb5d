import Glibc

/// A group of processes whose memory the kernel limits together, for one job.
public struct ControlGroup: Hashable, Sendable {
    /// Into which the launcher puts itself.
    public let folder: String
    private let memoryBytes: Int
    private let isUnified: Bool

    /// - Parameter name: of the folder; that of the job.
    /// - Throws: and leaves nothing behind.
    init(named name: String, in place: ControlGroups, memoryBytes: Int) throws(WorkspaceError) {
        folder = "\(place.parent)/\(name)"
        self.memoryBytes = memoryBytes
        isUnified = place.isUnified
        guard mkdir(place.parent, 0o755) == 0 || errno == EEXIST else { throw .last("make", place.parent) }
        if isUnified { try write("+memory", to: "\(place.parent)/cgroup.subtree_control") }
        guard mkdir(folder, 0o755) == 0 else { throw .last("make", folder) }
        do throws(WorkspaceError) {
            try write("\(memoryBytes)", to: folder + (isUnified ? "/memory.max" : "/memory.limit_in_bytes"))
            // Where swap is not counted there is none, or it cannot be limited.
            try? write(
                isUnified ? "0" : "\(memoryBytes)",
                to: folder + (isUnified ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"))
        } catch {
            remove()
            throw error
        }
    }

    private func write(_ text: String, to path: String) throws(WorkspaceError) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw .last("write", path) }
        defer { close(file) }
        guard text.withCString({ Glibc.write(file, $0, strlen($0)) }) >= 0 else { throw .last("write", path) }
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
            if words.first == name[...], words.count == 2 { return Int(words[1]) }
        }
        return nil
    }

    /// Its processes must have ended. What cannot be removed now goes with its parent, by `ControlGroups.sweep`.
    public func remove() { rmdir(folder) }
}

/// Where this process may make control groups.
public struct ControlGroups: Hashable, Sendable {
    let parent: String
    let isUnified: Bool

    /// Nil where none can be made: a container that was given none to write, an ordinary user.
    /// - Parameters:
    ///   - root: where the kernel shows its groups.
    ///   - membership: the file that says in which ones this process is.
    public init?(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        let groups = lines(of: membership).map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        }.filter { $0.count == 3 }
        let own = "penstock.\(getpid())"
        if access("\(root)/cgroup.controllers", F_OK) == 0, let group = groups.first(where: { $0[0] == "0" }) {
            parent = "\(root)\(group[2] == "/" ? "" : group[2])/\(own)"
            isUnified = true
        } else if let group = groups.first(where: { $0[1].split(separator: ",").contains("memory") }) {
            parent = "\(root)/memory\(group[2] == "/" ? "" : group[2])/\(own)"
            isUnified = false
        } else {
            return nil
        }
        guard access(directory(of: parent), W_OK) == 0 else { return nil }
    }

    public func group(named name: String, memoryBytes: Int) throws(WorkspaceError) -> ControlGroup {
        try ControlGroup(named: name, in: self, memoryBytes: memoryBytes)
    }

    /// Removes what processes left that have died.
    public func sweep() {
        let place = directory(of: parent)
        try? Directory(place).forEachName { name in
            let name = text(of: name)
            guard let pid = name.split(separator: ".").last.flatMap({ Int32($0) }), name == "penstock.\(pid)",
                kill(pid, 0) != 0, errno == ESRCH
            else { return }
            try? Directory("\(place)/\(name)").forEachName { rmdir("\(place)/\(name)/\(text(of: $0))") }
            rmdir("\(place)/\(name)")
        }
    }
}

private func directory(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) }

/// None of a file that cannot be read.
private func lines(of path: String) -> [Substring] { (contents(of: path) ?? "").split(separator: "\n") }
