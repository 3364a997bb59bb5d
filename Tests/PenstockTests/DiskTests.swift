import Glibc
import Jansson
import Testing

@Suite("Disks that are full or cannot be written", .enabled(if: Site.isRoot))
struct DiskTests {
    /// A source and a build, each of which waits for a sign.
    private let definition = pipeline(
        Stage(
            "Source",
            action(
                "Fetch", "count fetched; echo up; await go; echo x > out/Code/f", type: "Source/Custom/Do",
                out: ["Code"])
        ),
        Stage("Build", action("Make", "count made; cat in/Code/f", type: "Build/Custom/Do", in: ["Code"])))

    /// A run that waits at its first action, on a site with a small disk at a place of its state directory.
    private func begin(at place: String, _ options: String = "size=3m") async throws -> (Site, Disk, Run) {
        let site = try Site()
        try site.write(definition.text, to: "pipeline.json")
        if !place.isEmpty { try site.makeStateFolder() }
        let disk = try await Disk(site, at: site.state + place, options)
        let run = try await disk.start("run", "pipeline.json")
        try await run.until(says: "up")
        return (site, disk, run)
    }

    /// It has ended well, each action by one result and under one id, and nothing is left.
    private func expectSuccess(
        _ outcome: Outcome, _ site: Site, _ disk: Disk, fetched: ClosedRange<Int>
    ) async throws {
        #expect(outcome.code == 0 && outcome.text.contains("Build/Make | x"), "\(outcome)")
        for (ledger, counts) in [("fetched", fetched), ("made", 1...1)] {
            let ids = site.lines("shared/\(ledger)")
            #expect(counts ~= ids.count && Set(ids).count == 1, "\(ledger): \(ids)")
        }
        let record = try await disk.record()
        #expect(record.executions.map(\.status) == ["Succeeded"] && record.damage == [])
        #expect(record.results.filter { $1 != 1 } == [:] && record.endedActions.count == 2)
        try await disk.expectNothingLeft()
    }

    @Test("the journal: the run ends by the name of its file, and resume goes on when there is room (STS-1)")
    func journal() async throws {
        let (site, disk, run) = try await begin(at: "")
        try disk.fill()
        try site.give("go")
        let full = try await run.outcome()
        #expect(full.code == 2, "\(full)")
        #expect(
            full.errors == [
                "penstock: \(site.state)/penstock.db: the disk is full; free some space, then `penstock resume` goes on"
            ])
        try await disk.expectNothingLeft()
        let id = try #require(try await disk.record().executions.first).id
        let still = try await disk.start("resume", id).outcome()
        #expect(still.code == 2 && still.errorText.contains("the disk is full"), "\(still)")
        try disk.empty()
        try await expectSuccess(try await disk.start("resume", id).outcome(), site, disk, fetched: 2...2)
    }

    @Test("the journal of a daemon: it ends by the name of its file, and goes on by itself at the next start")
    func journalOfDaemon() async throws {
        let site = try Site()
        try site.write(definition.text, to: "pipeline.json")
        let disk = try await Disk(site, at: site.state, "size=3m")
        let socket = site.place("socket")
        let daemon = try await disk.start("serve", "--socket", socket)
        try site.attend(to: daemon, at: socket)
        try await daemon.until(says: "Source/Fetch InProgress")
        try disk.fill()
        try site.give("go")
        let full = try await daemon.outcome()
        #expect(full.code == 3, "\(full)")
        #expect(
            full.errorText.contains(
                "ended, because nothing can be recorded: \(site.state)/penstock.db: the disk is full; free some space"),
            "\(full)")
        try await disk.expectNothingLeft()
        try disk.empty()
        let next = try await disk.start("serve", "--socket", socket)
        try site.attend(to: next, at: socket)
        #expect(try await next.outcome().code == 0)
        let record = try await disk.record()
        #expect(record.executions.map(\.status) == ["Succeeded"] && record.damage == [])
        #expect(record.results.filter { $1 != 1 } == [:] && site.lines("shared/made").count == 1)
        try await disk.expectNothingLeft()
    }

    @Test("the log of a daemon's action has no room: the daemon says so and goes on")
    func noLogOfDaemon() async throws {
        let site = try Site()
        try site.write(definition.text, to: "pipeline.json")
        try site.give("go")
        try site.makeStateFolder()
        let disk = try await Disk(site, at: "\(site.state)/logs", "size=4k,nr_inodes=1")
        let daemon = try await disk.start("serve")
        try site.attend(to: daemon, at: "\(site.state)/penstock.sock")
        let outcome = try await daemon.outcome()
        #expect(outcome.code == 0, "\(outcome)")
        let told = outcome.errors.filter { $0.contains(".log: cannot be written: No space left on device") }
        #expect(told.count == 2 && told[0].hasPrefix("penstock: Source/Fetch of "), "\(outcome)")
        #expect(try Record(of: site).executions.map(\.status) == ["Succeeded"])
    }

    @Test("the journal cannot be written: the run ends by the name of its file, and resume goes on")
    func journalRefusesWrites() async throws {
        let (site, disk, run) = try await begin(at: "")
        // Whatever makes a file longer is an error from now on.
        try await disk.run("/usr/bin/prlimit", "--pid", "\(run.pid)", "--fsize=0:")
        try site.give("go")
        let refused = try await run.outcome()
        #expect(refused.code == 2)
        #expect(
            refused.errorText.contains(
                "penstock: \(site.state)/penstock.db: the file system refuses to read or write it (disk I/O error)"),
            "\(refused)")
        let id = try #require(try await disk.record().executions.first).id
        try await expectSuccess(try await disk.start("resume", id).outcome(), site, disk, fetched: 2...2)
    }

    @Test("the journal has no file for its log: a start is refused by its name, and works when there is one")
    func journalWithoutFiles() async throws {
        let site = try Site()
        try site.write(definition.text, to: "pipeline.json")
        try site.give("go")
        let disk = try await Disk(site, at: site.state, "size=8m,nr_inodes=4000")
        try disk.fillWithFiles()
        let full = try await disk.start("run", "pipeline.json").outcome()
        #expect(full.code == 2 && full.errorText.contains("\(site.state)/lock: cannot be written: No space"), "\(full)")
        try disk.empty()
        try await expectSuccess(
            try await disk.start("run", "pipeline.json").outcome(), site, disk, fetched: 1...1)
    }

    @Test("the log: the action goes on, is told what its log lacks, and the log says so where it lacks it")
    func log() async throws {
        let site = try Site()
        let script =
            "echo first; await full; for i in {1..200}; do echo \"lost $i\"; done; echo up; await free; echo last"
        try site.write(pipeline(source, Stage("Build", action("Make", script))).text, to: "pipeline.json")
        try site.makeStateFolder()
        let disk = try await Disk(site, at: "\(site.state)/logs", "size=64k")
        let run = try await disk.start("run", "pipeline.json")
        try await run.until(says: "Build/Make | first")
        try disk.fill()
        try site.give("full")
        try await run.until(says: "Build/Make | up")
        try disk.empty()
        try site.give("free")
        let outcome = try await run.outcome()
        #expect(outcome.code == 0, "\(outcome)")
        let told = outcome.output.filter { $0.contains("cannot be written: No space left on device") }
        #expect(told.count == 1 && told[0].contains("Build/Make | \(site.state)/logs/"), "\(told)")
        let id = try #require(try Record(at: site.state).executions.first).id
        let log = try await disk.start("logs", id, "Build/Make").outcome()
        #expect(log.text.contains("first") && log.output.last?.hasSuffix(" last") == true, "\(log)")
        let gap = try #require(log.output.firstIndex { $0.contains("lines are missing here: the log could not be") })
        #expect(gap == log.output.count - 2, "\(log)")
    }

    @Test("the log has no room at all: the action says so and goes on")
    func noLog() async throws {
        let (site, disk, run) = try await begin(at: "/logs", "size=4k,nr_inodes=1")
        try site.give("go")
        let outcome = try await run.outcome()
        #expect(outcome.text.contains("\(site.state)/logs/"), "\(outcome)")
        #expect(outcome.text.contains(".log: cannot be written: No space left on device"), "\(outcome)")
        try await expectSuccess(outcome, site, disk, fetched: 1...1)
    }

    @Test(
        "the artifact store: the action is tried again, under the same id, by the name of the disk, and goes on",
        arguments: Fault.allCases)
    func artifacts(fault: Fault) async throws {
        let (site, disk, run) = try await begin(at: "/artifacts", "size=64k,nr_inodes=20")
        try await fault.begin(on: disk)
        try site.give("go")
        try await run.until(says: "output artifact Code: cannot ")
        #expect(run.output.contains(fault.reason) && run.output.contains("\(site.state)/artifacts"), "\(run.output)")
        try await fault.end(on: disk)
        // It is asked again after one second, two and four: on a busy machine the fault may outlast the first.
        try await expectSuccess(try await run.outcome(), site, disk, fetched: 2...4)
        #expect(names(in: disk.outside("\(disk.place)/tmp")) == [])
    }

    @Test(
        "the workspaces: the action is tried again, under the same id, by the name of the disk, and goes on",
        arguments: Fault.allCases)
    func workspaces(fault: Fault) async throws {
        let site = try Site()
        // Nothing has a workspace while somebody is asked.
        let build = action("Make", "count made; cat in/Code/file", type: "Build/Custom/Do", in: ["Code"])
        try site.write(pipeline(source, Stage("Gate", approval("Ok")), Stage("Build", build)).text, to: "pipeline.json")
        try site.makeStateFolder()
        let disk = try await Disk(site, at: "\(site.state)/workspaces", "size=64k,nr_inodes=40")
        let run = try await disk.start("run", "pipeline.json", input: nil)
        try await until("it asks: \(run.errors)") { run.errors.contains("[y/N]") }
        try await until("the first workspace is gone") { names(in: disk.outside(disk.place)) == [] }
        try await fault.begin(on: disk)
        run.type("y\n")
        try await run.until(says: fault.reason)
        #expect(run.output.contains("\(site.state)/workspaces"), "\(run.output)")
        try await fault.end(on: disk)
        let outcome = try await run.outcome()
        #expect(outcome.code == 0 && outcome.text.contains("Build/Make | hello"), "\(outcome)")
        #expect(site.lines("shared/made").count == 1)
        #expect(try Record(of: site).results.filter { $1 != 1 } == [:])
        try await disk.expectNothingLeft()
    }
}

/// What is wrong with a disk.
enum Fault: CaseIterable {
    case noRoom, noFiles, readOnly

    var reason: String { self == .readOnly ? "its file system is read-only" : "the disk is full" }

    func begin(on disk: Disk) async throws {
        switch self {
        case .noRoom: try disk.fill()
        case .noFiles: try disk.fillWithFiles()
        case .readOnly: try await disk.run("/bin/mount", "-o", "remount,ro", disk.place)
        }
    }

    func end(on disk: Disk) async throws {
        switch self {
        case .noRoom, .noFiles: try disk.empty()
        case .readOnly: try await disk.run("/bin/mount", "-o", "remount,rw", disk.place)
        }
    }
}

extension Site {
    /// A state directory in which something is mounted already.
    func makeStateFolder() throws {
        try makeFolder(state)
        try write("", to: "state/penstock.db")
    }
}
