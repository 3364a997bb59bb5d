import Glibc
import Testing
import Workspaces

/// A workspace that outlives its job.
@Suite struct KeepTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        lstat(path, &status)
        return status.st_mode & 0o777
    }

    @Test("a whole workspace is moved as it is, with its owner")
    func whole() async throws {
        let site = try await Site(inputs: ["Code"])
        try Folder.write("half", to: site.workspace.output("App") + "/half")
        let path = "\(site.folder.path)/kept"
        try site.workspace.move(to: path)
        let kept = try Workspace(keptAt: path)
        #expect(kept.owner == site.workspace.owner && contents("\(path)/out/App/half") == "half")
        #expect(mode(path) & 0o007 == 0, "nobody else comes in")
        // What is gone is no error to remove.
        try site.workspace.remove()
        try kept.remove()
    }

    @Test("what a job of a worker had becomes a whole workspace; the worker and its other jobs keep theirs")
    func job() throws {
        let folder = try Folder()
        let worker = try Workspace(ofWorkerIn: folder.path, named: "worker", owner: nil)
        let job = try Workspace(of: "job-1", in: worker, inputs: ["Code"], outputs: ["App"])
        let other = try Workspace(of: "job-2", in: worker)
        try Folder.write("hello", to: job.input("Code") + "/file")
        try Folder.write("half", to: job.output("App") + "/half")
        let path = "\(folder.path)/kept"
        try job.move(to: path)
        try job.remove()
        let kept = try Workspace(keptAt: path)
        #expect(contents(kept.input("Code") + "/file") == "hello")
        #expect(contents(kept.output("App") + "/half") == "half")
        #expect(exists("\(path)/tmp") && names(in: "\(path)/home") == [])
        #expect(names(in: "\(worker.root)/jobs") == ["job-2"] && names(in: "\(worker.root)/ended") == [])
        try other.remove()
    }

    @Test("what a worker put in the place of a job's folder, or of one in it, is not followed")
    func links() throws {
        let folder = try Folder()
        let worker = try Workspace(ofWorkerIn: folder.path, named: "worker", owner: nil)
        for (job, link) in [("job-1", ""), ("job-2", "/out")] {
            let workspace = try Workspace(of: job, in: worker)
            try folder.makeFolder("mine-\(job)")
            for inner in ["out", "tmp"] { try folder.makeFolder("mine-\(job)/\(inner)") }
            let place = "\(worker.root)/jobs/\(job)\(link)"
            try Workspace(root: place, owner: nil).remove()
            symlink("\(folder.path)/mine-\(job)", place)
            let path = "\(folder.path)/kept-\(job)"
            #expect(throws: WorkspaceError.self) {
                try workspace.move(to: path)
                _ = try Workspace(keptAt: path)
            }
            #expect(Set(names(in: "\(folder.path)/mine-\(job)")) == ["out", "tmp"])
        }
    }

    @Test("a file that is put into tmp/ takes the place of whatever link is there, and is the owner's alone")
    func put() async throws {
        let site = try await Site()
        try site.folder.makeFolder("secret")
        try Folder.write("mine", to: "\(site.folder.path)/secret/file")
        symlink("\(site.folder.path)/secret/file", "\(site.workspace.root)/tmp/job.json")
        try site.workspace.put(Array("{}".utf8), inTmp: "job.json")
        #expect(contents("\(site.folder.path)/secret/file") == "mine")
        #expect(contents("\(site.workspace.root)/tmp/job.json") == "{}")
        #expect(mode("\(site.workspace.root)/tmp/job.json") == 0o600)
        mkdir("\(site.workspace.root)/tmp/folder", 0o755)
        #expect(throws: WorkspaceError.self) { try site.workspace.put([], inTmp: "folder") }
    }

    @Test(
        "handed over, everything that was the owner's is another slot's; what is ours stays", .enabled(if: Site.isRoot))
    func handOver() async throws {
        let site = try await Site(inputs: ["Code"])
        let before = try #require(site.workspace.owner)
        try Folder.write("ours", to: site.workspace.input("Code") + "/file")
        try Folder.write("theirs", to: site.workspace.output("App") + "/file")
        chown(site.workspace.output("App") + "/file", before.uid, before.gid)
        let slot = try await SlotPool().slot()
        let kept = try site.workspace.handOver(to: slot.identity)
        #expect(kept.owner == slot.identity && slot.identity != before)
        #expect(try Workspace(keptAt: kept.root).owner == slot.identity)
        func user(_ path: String) -> UInt32 {
            var status = stat()
            lstat(path, &status)
            return status.st_uid
        }
        #expect(user(kept.output("App") + "/file") == slot.identity.uid && user(kept.input("Code") + "/file") == 0)
        var status = stat()
        #expect(lstat(kept.input("Code") + "/file", &status) == 0 && status.st_gid != slot.identity.gid, "the store's")
        #expect(user("\(kept.root)/out") == slot.identity.uid && user("\(kept.root)/in") == 0)
    }

    @Test("a free favourite among the users is taken, a busy one is not waited for", .enabled(if: Site.isRoot))
    func favourite() async throws {
        let pool = SlotPool()
        let slot = try await pool.slot(favourite: 60_612)
        if slot.identity.uid == 60_612 {
            #expect(try await pool.slot(favourite: 60_612).identity.uid != 60_612)
        }
        #expect(try await pool.slot(favourite: 12).identity.uid >= 60_600)
    }
}
