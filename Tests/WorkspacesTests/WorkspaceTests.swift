import Glibc
import Processes
import Testing
import Workspaces

@Suite struct WorkspaceTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("a fresh workspace has its folders, whatever the umask is, and nobody else can enter it")
    func layout() throws {
        let workspace = try Workspace(in: folder.path, owner: nil, inputs: ["Source"], outputs: ["App", "Docs"])
        for name in ["in/Source", "out/App", "out/Docs", "tmp", "home"] { #expect(exists("\(workspace.root)/\(name)")) }
        #expect(mode(workspace.root) == 0o700)
        #expect(mode(workspace.output("App")) == 0o755)
        let other = try Workspace(in: folder.path, owner: nil)
        #expect(other.root != workspace.root)
    }

    @Test(
        "what is the owner's to write belongs to him, the rest to us", .enabled(if: Site.isRoot, "only root gives away")
    )
    func owners() throws {
        let workspace = try Workspace(
            in: folder.path, named: "job", owner: Identity(uid: 60_590, gid: 60_590), inputs: ["A"], outputs: ["B"])
        func owner(_ name: String) -> [UInt32] {
            var status = stat()
            return lstat("\(workspace.root)/\(name)", &status) == 0 ? [status.st_uid, status.st_gid] : []
        }
        for name in [".", "in", "in/A"] { #expect(owner(name) == [0, 60_590], "\(name)") }
        for name in ["out", "out/B", "tmp", "home"] { #expect(owner(name) == [60_590, 60_590], "\(name)") }
    }

    @Test(
        "inputs are handed over where they must be, so a second name in the store keeps its owner",
        .enabled(if: Site.isRoot, "only root gives away"))
    func handedOver() throws {
        let workspace = try Workspace(
            in: folder.path, owner: Identity(uid: 60_590, gid: 60_590), inputs: ["A"])
        let files: [(name: String, mode: mode_t, owner: UInt32)] = [
            ("private", 0o600, 60_590), ("shared", 0o644, 0), ("tool", 0o744, 60_590),
        ]
        for file in files { try Folder.write("", to: workspace.input("A/\(file.name)"), mode: file.mode) }
        symlink("/etc/passwd", workspace.input("A/link"))
        try workspace.handOverInputs()
        for (name, owner) in files.map({ ($0.name, $0.owner) }) + [("link", 0), ("", 60_590)] {
            var status = stat()
            try #require(lstat(workspace.input("A/\(name)"), &status) == 0)
            #expect(status.st_uid == owner, "\(name)")
        }
    }

    @Test(
        "a cache goes from one owner to the next with all that is in it, but not through its links",
        .enabled(if: Site.isRoot, "only root gives away"))
    func cacheOwners() throws {
        let kept = "\(folder.path)/caches/p/S/A"
        try folder.makeFolder("outside")
        for uid: UInt32 in [60_590, 60_591] {
            let workspace = try Workspace(in: folder.path, owner: Identity(uid: uid, gid: uid))
            try workspace.borrowCache(from: kept)
            let cache = "\(workspace.root)/cache"
            if uid == 60_590 {
                mkdir("\(cache)/deep", 0o755)
                chown("\(cache)/deep", uid, uid)
                symlink("\(folder.path)/outside", "\(cache)/deep/link")
            } else {
                for name in ["", "/deep", "/deep/link"] {
                    var status = stat()
                    try #require(lstat(cache + name, &status) == 0)
                    #expect(status.st_uid == uid, "\(name)")
                }
                var status = stat()
                #expect(stat("\(folder.path)/outside", &status) == 0 && status.st_uid == 0)
            }
            try workspace.returnCache(to: kept)
            #expect(!exists(cache) && exists("\(kept)/deep/link"))
            try workspace.remove()
        }
        #expect(mode("\(folder.path)/caches") == 0o700)
    }

    @Test("of two jobs that keep a cache, the second one's stays")
    func cacheOfTwo() throws {
        let kept = "\(folder.path)/caches/A"
        let workspaces = try (1...2).map { _ in try Workspace(in: folder.path, owner: nil) }
        for (index, workspace) in workspaces.enumerated() {
            try workspace.borrowCache(from: kept)
            try Folder.write("", to: "\(workspace.root)/cache/\(index)")
        }
        for workspace in workspaces {
            try workspace.returnCache(to: kept)
            try workspace.remove()
        }
        #expect(!exists("\(kept)/0") && exists("\(kept)/1"))
    }

    @Test(
        "a name that is taken, or no name, is refused and leaves nothing",
        arguments: ["taken", "", ".", "..", "a/b", "a\0b"])
    func refusedNames(name: String) throws {
        try folder.makeFolder("taken")
        #expect(throws: WorkspaceError.self) { try Workspace(in: folder.path, named: name, owner: nil) }
        #expect(throws: WorkspaceError.self) {
            try Workspace(in: folder.path, named: "new", owner: nil, outputs: [name, name])
        }
        #expect(!exists("\(folder.path)/new"))
        #expect(exists("\(folder.path)/taken"))
    }

    @Test("a missing state folder is named")
    func missingParent() throws {
        let error = #expect(throws: WorkspaceError.self) { try Workspace(in: "/nowhere", named: "x", owner: nil) }
        #expect(error?.message == "cannot make /nowhere/x: No such file or directory")
        #expect(error?.code == .system(errno: ENOENT))
    }

    /// Makes a tree with what only a program can make, as the workspace's user would.
    private func makeHostileTree(_ workspace: Workspace, depth: Int) async throws {
        let script = """
            import os
            os.makedirs(b'names/\\xff\\xfe\\n')
            open(b'names/new\\nline', 'w').close(); open(b'names/\\x80', 'w').close()
            os.symlink('/etc', 'names/link'); os.symlink('/etc/passwd', 'link'); os.symlink('.', 'self')
            os.mkfifo('fifo'); os.makedirs('closed/inner/deep'); open('closed/inner/file', 'w').close()
            for path in ['closed/inner/deep', 'closed/inner', 'closed']: os.chmod(path, 0)
            for n in range(\(depth)): os.mkdir('d'); os.chdir('d')
            open('bottom', 'w').close()
            """
        let command = Command(
            executable: "/usr/bin/python3", arguments: ["-c", script], directory: "\(workspace.root)/out")
        #expect(try await Outcome(of: command).error == "")
    }

    @Test("hostile trees are removed: closed folders, 4,000 levels, links, names that are no text")
    func hostileTree() async throws {
        let outside = try folder.makeFolder("outside")
        try folder.write("kept", to: "outside/file")
        let workspace = try Workspace(in: folder.path, owner: nil)
        symlink(outside, "\(workspace.root)/tmp/outside")
        try await makeHostileTree(workspace, depth: 4_000)
        try workspace.remove()
        #expect(!exists(workspace.root))
        #expect(contents("\(outside)/file") == "kept")
        try workspace.remove()
    }

    @Test("a link or a file in the place of a workspace is left alone")
    func notAFolder() throws {
        try folder.makeFolder("real")
        symlink("\(folder.path)/real", "\(folder.path)/link")
        #expect(throws: WorkspaceError.self) { try Workspace(root: "\(folder.path)/link", owner: nil).remove() }
        #expect(exists("\(folder.path)/real"))
    }

    @Test("usage counts names and blocks: a hard link once, a sparse file by what it holds, a deep tree wholly")
    func usage() async throws {
        let workspace = try Workspace(in: folder.path, owner: nil)
        let empty = try workspace.usage()
        #expect(empty.entries == 4)
        try Folder.write(String(repeating: "x", count: 100_000), to: "\(workspace.root)/out/file")
        link("\(workspace.root)/out/file", "\(workspace.root)/out/link")
        try Folder.write("", to: "\(workspace.root)/out/sparse")
        truncate("\(workspace.root)/out/sparse", 1 << 40)
        symlink("/usr", "\(workspace.root)/out/usr")
        let filled = try workspace.usage()
        #expect(filled.entries == 8)
        #expect((100_000..<130_000).contains(filled.bytes - empty.bytes))
    }

    @Test("usage reaches the bottom of 4,000 levels")
    func deepUsage() async throws {
        let workspace = try Workspace(in: folder.path, owner: nil)
        let before = try workspace.usage().entries
        try await makeHostileTree(workspace, depth: 4_000)
        // As another user than root the three closed folders hide what they hold.
        #expect(try workspace.usage().entries - before == 4_000 + 1 + 8 + (Site.isRoot ? 4 : 1))
    }
}
