import Failpoints
import Glibc
import Jansson
import Testing

@Suite("prune")
struct PruneTests {
    /// Each execution makes an artifact that no other has, and one that all have.
    private static let definition = pipeline(
        Stage(
            "Source",
            action(
                "Fetch", "head -c 50000 /dev/urandom > out/Code/own; echo same > out/Code/same",
                type: "Source/Custom/Peek", out: ["Code"])),
        Stage("Build", action("Make", "echo made; [ ! -e FAIL ] || fail no", in: ["Code"])))

    /// - Returns: the ids, the oldest first.
    private func site(executions: Int) async throws -> (Site, [String]) {
        let site = try Site()
        for _ in 0..<executions { #expect(try await site.run(Self.definition).code == 0) }
        return (site, try Record(of: site).executions.map(\.id))
    }

    /// As if it had all been taken in two days ago.
    private func age(_ site: Site) throws {
        for name in names(in: "\(site.state)/artifacts/trees") {
            let moment = timeval(tv_sec: time(nil) - 2 * 86_400, tv_usec: 0)
            try #require(utimes("\(site.state)/artifacts/trees/\(name)", [moment, moment]) == 0)
        }
    }

    private func report(_ site: Site, _ options: String...) async throws -> JSON {
        let outcome = try await site.start(["prune", "--format", "json"] + options).outcome()
        #expect(outcome.code == 0, "\(outcome)")
        return try #require(try outcome.objects().first)
    }

    @Test("says what it would forget and free, does just that, and what is kept can still be used")
    func prune() async throws {
        let (site, ids) = try await site(executions: 5)
        try age(site)
        let rehearsed = try await report(site, "--executions", "1", "--dry-run")
        #expect(names(in: "\(site.state)/logs").count == 5 && rehearsed["dryRun"] == true)
        let freed = try await report(site, "--executions", "1")
        for member in ["executions", "artifacts", "artifactFiles", "artifactBytes", "logBytes", "freedBytes"] {
            #expect(freed[member] == rehearsed[member], "\(member)")
        }
        // The last two succeeded, and may be rolled back to.
        #expect(freed["executions"]?.elements.compactMap { $0["id"]?.stringValue } == [ids[2], ids[1], ids[0]])
        #expect(freed["artifacts"] == 3 && freed["artifactFiles"] == 3)
        guard case .integer(let bytes)? = freed["freedBytes"] else { return #expect(Bool(false), "\(freed)") }
        #expect(bytes > 150_000 && bytes < 400_000)

        let record = try Record(of: site)
        #expect(record.executions.map(\.id) == [ids[3], ids[4]] && record.damage == [])
        #expect(names(in: "\(site.state)/logs") == [ids[3], ids[4]].sorted())
        try site.expectSoundArtifacts(record)
        #expect(try await site.penstock("logs", ids[4]).text.contains("made"))
        #expect(try await site.penstock("show", ids[0]).code == 2)
        let again = try await site.penstock("prune", "--executions", "1")
        #expect(
            again.text
                == "forgot 0 executions and freed 0 bytes: 0 artifacts, 0 files of artifacts, 0 bytes of logs, 0 kept workspaces"
        )
    }

    @Test("without limits only what nothing refers to goes: what was put or left there long ago")
    func unreferenced() async throws {
        let (site, _) = try await site(executions: 1)
        try site.makeFolder("\(site.state)/logs/00000000-0000-4000-8000-000000000000")
        try site.write("x", to: "state/logs/00000000-0000-4000-8000-000000000000/1.log")
        try site.write("mine", to: "state/logs/notes")
        try age(site)
        let freed = try await report(site)
        #expect(freed["executions"] == [] && freed["artifacts"] == 0 && freed["logBytes"] != 0)
        #expect(names(in: "\(site.state)/logs").count == 2 && site.exists("state/logs/notes"))
        try site.expectSoundArtifacts(try Record(of: site))
    }

    @Test("an execution that is not over stays whole, and goes on")
    func inProgress() async throws {
        let site = try Site()
        let definition = pipeline(
            source, Stage("Gate", approval("Ok")), Stage("Build", action("Make", "cat in/Code/file", in: ["Code"])))
        #expect(try await site.run(definition).code == 4)
        try age(site)
        #expect(try await report(site, "--executions", "1", "--days", "1", "--bytes", "1")["executions"] == [])
        #expect(try await site.resume("--approve", "always").code == 0)
    }

    @Test(
        "killed at any step, nothing that is kept is lost, and the next one frees the rest",
        arguments: KillTests.pruning)
    func killed(at failpoint: Failpoint) async throws {
        let (site, ids) = try await site(executions: 4)
        try age(site)
        let died = try await site.start(
            ["prune", "--executions", "1"], environment: ["PENSTOCK_FAILPOINT": failpoint.rawValue]
        ).outcome()
        #expect(died.code == nil, "\(died)")
        let record = try Record(of: site)
        #expect(record.executions.map(\.id) == [ids[2], ids[3]] && record.damage == [])
        try site.expectSoundArtifacts(record)
        _ = try await report(site)
        #expect(names(in: "\(site.state)/artifacts/trees").count == 2)
        // Two of their own and the one that they share.
        #expect(names(in: "\(site.state)/artifacts/blobs").count == 3)
        #expect(names(in: "\(site.state)/logs").count == 2)
    }

    @Test("a daemon prunes by its settings, and what else it does is not disturbed")
    func daemon() async throws {
        let (site, ids) = try await site(executions: 4)
        try age(site)
        try site.write(
            contents(site.place("settings.yaml"))! + "retention: {pipelines: {shop: {executions: 3}}}\n",
            to: "settings.yaml")
        let run = try await site.start(["serve"])
        try await run.until(says: "forgot 1 execution and freed")
        let refused = try await site.penstock("prune")
        #expect(refused.code == 2 && refused.errorText.contains("is in use by another penstock"), "\(refused)")
        #expect(
            try await site.penstock("prune", "--dry-run", "--executions", "1").text.contains("would forget 1 execution")
        )
        #expect(try await run.outcome(after: SIGTERM).code == 0)
        #expect(try Record(of: site).executions.map(\.id) == Array(ids.dropFirst()))
    }

    @Test(
        "limits that are none are refused, with their place",
        arguments: [
            ("{each: {days: 0}}", "retention.each.days must be a whole number of at least 1, found 0"),
            ("{each: {days: 1.5}}", "retention.each.days"), ("{every: {days: 1}}", "retention.every"),
            ("{pipelines: {shop: {day: 1}}}", "retention.pipelines.shop.day"), ("7", "retention"),
        ])
    func settings(text: String, message: String) async throws {
        let site = try Site()
        try site.write("retention: \(text)\n", to: "settings.yaml")
        let outcome = try await site.penstock("prune")
        #expect(outcome.code == 2 && outcome.errorText.contains("settings.yaml: \(message)"), "\(outcome)")
    }

    @Test("options that are none, a pipeline and a state directory that are not there are refused")
    func usage() async throws {
        let site = try Site()
        #expect(
            try await site.penstock("prune", "--days", "0").errorText.contains("--days must be at least 1, found 0"))
        let nowhere = try await site.penstock("prune")
        #expect(nowhere.code == 2 && nowhere.errorText.contains("no execution has been recorded here"), "\(nowhere)")
        #expect(!site.exists("state"))
        #expect(try await site.run(StateTests.short).code == 0)
        let nobody = try await site.penstock("prune", "nobody")
        #expect(nobody.code == 2 && nobody.errorText.contains("there is no pipeline nobody"), "\(nobody)")
    }
}
