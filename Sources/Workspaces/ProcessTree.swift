import Glibc

/// The processes that descend from one, as they are at one moment.
public struct ProcessTree: Hashable, Sendable {
    public struct Process: Hashable, Sendable {
        public let pid: Int32
        /// As its own innermost pid namespace numbers it.
        public let innerPid: Int32
        /// Its session, numbered likewise; 0 when that was made outside of the namespace.
        public let innerSession: Int32
        public let parent: Int32
        public let startTimeTicks: UInt64
        /// Of user and system, its own and that of children it has waited for, in clock ticks (100 a second).
        public let cpuTicks: UInt64
        /// The argument list; empty when it has none or has just ended.
        public let arguments: [String]

        /// One that was told of, of which no more is known.
        public init(pid: Int32, arguments: [String]) {
            (self.pid, innerPid, innerSession, parent, startTimeTicks, cpuTicks) = (pid, pid, 0, 0, 0, 0)
            self.arguments = arguments
        }
    }

    /// Without the first process and without zombies, parents first.
    public let processes: [Process]

    /// Looks at all descendants of `pid`, of every thread.
    public init(below pid: Int32) {
        var found: [Process] = []
        var next = Self.children(of: pid)
        while let child = next.popLast() {
            next += Self.children(of: child)
            if let process = Process(pid: child) { found.append(process) }
        }
        processes = found
    }

    private static func children(of pid: Int32) -> [Int32] {
        var children: [Int32] = []
        try? Directory("/proc/\(pid)/task").forEachName { name in
            let text = contents(of: "/proc/\(pid)/task/\(String(cString: name))/children") ?? ""
            children += text.split(separator: " ").compactMap { Int32($0) }
        }
        return children
    }
}

extension ProcessTree.Process {
    /// Nil when there is none, or when it has ended and only waits to be reaped.
    init?(pid: Int32) {
        guard let state = ProcessState(pid: pid), !state.hasEnded else { return nil }
        self.pid = pid
        parent = state.parent
        startTimeTicks = state.startTimeTicks
        cpuTicks = state.cpuTicks
        let status = contents(of: "/proc/\(pid)/status") ?? ""
        func innermost(_ field: String) -> Int32? {
            let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
            return line?.split(separator: "\t").last.flatMap { Int32($0) }
        }
        innerPid = innermost("NSpid") ?? pid
        innerSession = innermost("NSsid") ?? 0
        arguments = (contents(of: "/proc/\(pid)/cmdline", limitBytes: 128 << 10) ?? "").split(separator: "\0").map {
            String($0)
        }
    }
}
