import Glibc
import Processes
import Testing
import Workspaces

/// The workspace of a worker: jobs come and go while it runs.
@Suite struct WorkerWorkspaceTests {
    @Test(
        "a running worker sees the folders of a job that comes later, reads its inputs and writes its outputs only",
        arguments: Sandbox.preferred)
    func laterJob(profile: Sandbox.Profile) async throws {
        let site = try await Site(profile)
        let worker = try Workspace(ofWorkerIn: site.folder.path, named: "worker", owner: site.slot?.identity)
        var launch = try site.launch(
            """
            echo ready
            read -r id
            cat in/$id/App/file; echo made > jobs/$id/out/Code/made; echo x > jobs/$id/tmp/x; touch tmp/x home/x
            for path in in/$id/App/new in/$id/new in/new jobs/$id/new jobs/new new; do touch $path; done
            """)
        launch.workspace = worker
        launch.isWorker = true
        try site.sandbox.prepare(&launch)
        var made: Workspace?
        let outcome = try await Outcome(
            of: site.sandbox.command(for: launch), closesInput: false
        ) { child, line in
            guard line.stream == .output, made == nil else { return }
            made = try? Workspace(of: "job-1", in: worker, inputs: ["App"], outputs: ["Code"])
            _ = made.map { try? Folder.write("hello\n", to: $0.input("App") + "/file") }
            try? made?.handOverInputs()
            child.write(Array("job-1\n".utf8))
            child.closeInput()
        }
        let job = try #require(made)
        #expect(outcome.output == ["ready", "hello"], "\(outcome)")
        #expect(contents(job.output("Code") + "/made") == "made\n")
        // One that runs as we do may write to jobs/ itself; nothing that it puts there is followed.
        let refused =
            ["in/job-1/App/new", "in/job-1/new", "in/new", "new"] + (Site.isRoot ? ["jobs/job-1/new", "jobs/new"] : [])
        for path in refused { #expect(!exists("\(worker.root)/\(path)"), "\(path)") }
        #expect(
            [job.inputPath("App"), job.outputPath("Code"), job.tmpPath] == [
                "in/job-1/App", "jobs/job-1/out/Code", "jobs/job-1/tmp",
            ])
        try job.remove()
        unlink("\(worker.root)/jobs/new")
        for folder in ["in", "jobs", "ended"] { #expect(names(in: "\(worker.root)/\(folder)") == [], "\(folder)") }
        try worker.renewScratch()
        for folder in ["tmp", "home"] { #expect(names(in: "\(worker.root)/\(folder)") == [], "\(folder)") }
        try worker.remove()
    }

    @Test("what a worker put in the place of a job's folder is not followed when the job is removed")
    func link() throws {
        let folder = try Folder()
        let worker = try Workspace(ofWorkerIn: folder.path, named: "worker", owner: nil)
        let job = try Workspace(of: "job-1", in: worker)
        let other = try Workspace(of: "job-2", in: worker)
        try Folder.write("", to: "\(worker.root)/jobs/job-2/out/kept")
        try Workspace(root: "\(worker.root)/jobs/job-1", owner: nil).remove()
        symlink("job-2", "\(worker.root)/jobs/job-1")
        #expect(throws: WorkspaceError.self) { try job.remove() }
        #expect(exists("\(worker.root)/jobs/job-2/out/kept"))
        try other.remove()
        try worker.remove()
        #expect(!exists(worker.root))
    }

    @Test("the usage of a job counts its own folders and the worker's scratch, and no other job's")
    func usage() throws {
        let folder = try Folder()
        let worker = try Workspace(ofWorkerIn: folder.path, named: "worker", owner: nil)
        let (job, other) = (try Workspace(of: "a", in: worker), try Workspace(of: "b", in: worker))
        let before = try job.usage()
        try Folder.write("x", to: "\(other.root)/jobs/b/tmp/file")
        #expect(try job.usage() == before)
        try Folder.write("x", to: "\(worker.root)/tmp/file")
        try Folder.write("x", to: "\(job.root)/\(job.tmpPath)/file")
        #expect(try job.usage().entries == before.entries + 2)
    }

    @Test("a cache is borrowed into the job's own folder, and a link in its place is none")
    func cache() throws {
        let folder = try Folder()
        let worker = try Workspace(ofWorkerIn: folder.path, named: "worker", owner: nil)
        let job = try Workspace(of: "a", in: worker)
        try job.borrowCache(from: "\(folder.path)/cache")
        try Folder.write("x", to: "\(worker.root)/jobs/a/cache/file")
        try job.returnCache(to: "\(folder.path)/cache")
        #expect(exists("\(folder.path)/cache/file"))
        symlink("/etc", "\(folder.path)/link")
        #expect(throws: WorkspaceError.self) { try job.borrowCache(from: "\(folder.path)/link") }
    }
}

func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return ["?"] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
