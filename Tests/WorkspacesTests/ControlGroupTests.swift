import Glibc
import Testing

@testable import Workspaces

/// Against files that look like the kernel's: which of its two versions a machine has cannot be chosen.
@Suite("Control groups")
struct ControlGroupTests {
    /// A tree as of the unified hierarchy, with this process in the group `/service`.
    private struct Tree {
        let folder: Folder
        var group: String { "\(folder.path)/service" }
        var own: String { "\(group)/penstock.\(getpid())" }

        /// - Parameter processes: that are in the group, too.
        init(processes: [Int32] = []) throws {
            folder = try Folder()
            try folder.write("memory pids\n", to: "cgroup.controllers")
            try folder.write("1:name=systemd:/else\n0::/service\n", to: "membership")
            try folder.makeFolder("service")
            let all = [getpid()] + processes
            try folder.write(all.map { "\($0)\n" }.joined(), to: "service/cgroup.procs")
        }

        func groups() throws -> ControlGroups {
            try ControlGroups(root: folder.path, membership: "\(folder.path)/membership")
        }
    }

    @Test("the group of a job has its limit, no swap, and the limit's name in what it says of an excess")
    func unified() throws {
        let tree = try Tree()
        let group = try tree.groups().group(named: "job", memoryBytes: 5_000)
        #expect(group.folder == "\(tree.own)/job")
        #expect(contents(of: "\(group.folder)/memory.max") == "5000")
        #expect(contents(of: "\(group.folder)/memory.swap.max") == "0")
        #expect(contents(of: "\(tree.own)/cgroup.subtree_control") == "+memory")
        #expect(group.excess == nil)
        let folder = "service/penstock.\(getpid())/job"
        try tree.folder.write("low 0\noom 2\noom_kill 0\n", to: "\(folder)/memory.events")
        #expect(group.excess == nil)
        try tree.folder.write("low 0\noom 2\noom_kill 1\n", to: "\(folder)/memory.events")
        try tree.folder.write("5120\n", to: "\(folder)/memory.peak")
        #expect(
            group.excess == "its processes took 5120 bytes of memory and wanted more; the limit memoryBytes is 5000")
    }

    @Test("this process makes room for groups by going into one of its own, which others in its group keep it from")
    func core() throws {
        // No file can be written where a folder is: as the kernel refuses it to a group with processes.
        let alone = try Tree()
        try alone.folder.makeFolder("service/cgroup.subtree_control")
        #expect(throws: WorkspaceError.self) { try alone.groups() }
        #expect(contents(of: "\(alone.own)/core/cgroup.procs") == "\(getpid())")

        let others = try Tree(processes: [1])
        try others.folder.makeFolder("service/cgroup.subtree_control")
        let error = #expect(throws: WorkspaceError.self) { try others.groups() }
        #expect(error?.message.contains("other processes (1) are in the control group") == true)
        #expect(access(others.own, F_OK) != 0)
    }

    @Test("what processes left that have died is removed, and nothing else")
    func sweep() throws {
        let tree = try Tree()
        for name in ["penstock.2147483647", "penstock.2147483647/job", "penstock.1", "penstock", "other.2147483647"] {
            try tree.folder.makeFolder("service/\(name)")
        }
        _ = try tree.groups()
        let left = ["penstock.2147483647", "penstock.1", "penstock", "other.2147483647"].filter {
            access("\(tree.group)/\($0)", F_OK) == 0
        }
        #expect(left == ["penstock.1", "penstock", "other.2147483647"])
    }

    @Test("why none can be made is said", arguments: ["3:cpu,memory:/\n", "0::/\n", ""])
    func lack(membership: String) throws {
        let folder = try Folder()
        try folder.write(membership, to: "membership")
        let error = #expect(throws: WorkspaceError.self) {
            try ControlGroups(root: folder.path, membership: "\(folder.path)/membership")
        }
        #expect(error?.message.contains(folder.path) == true, "\(String(describing: error))")
    }
}
