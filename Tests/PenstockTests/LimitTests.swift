import Glibc
import Jansson
import Testing

@Suite("Limits by settings")
struct LimitTests {
    /// Whether the kernel's control groups can be written here; an ordinary user and most containers cannot.
    private static let hasControlGroups =
        Site.isRoot && access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0
        && access("/sys/fs/cgroup/memory", W_OK) == 0

    private func limited(_ script: String, limits: String, out: [String] = []) async throws -> Outcome {
        let site = try Site()
        try site.limit(limits)
        let outcome = try await site.run(
            pipeline(source, Stage("Build", action("Make", script, in: ["Code"], out: out))))
        try await site.expectNothingLeft()
        return outcome
    }

    @Test(
        "exceeding one fails the action, which names the limit and the value",
        arguments: [
            ("sleep 1000", "{all: {seconds: 1}}", "timeoutSeconds 1"),
            ("while :; do :; done", "{plugins: {peek: {cpuSeconds: 1}}}", "the limit cpuSeconds, 1"),
            ("exec head -c 3000000 /dev/zero > tmp/f", "{all: {fileBytes: 1000000}}", "the limit fileBytes, 1000000"),
            ("head -c 3000000 /dev/zero > out/Bin/f", "{all: {outputBytes: 1000000}}", "the limit is 1000000 bytes"),
            ("touch out/Bin/{1..20}", "{actions: {shop/Build/Make: {outputEntries: 10}}}", "the limit is 10 entries"),
            (
                "head -c 3000000 /dev/zero > tmp/f", "{actions: {'*/Build/*': {workspaceBytes: 1000000}}}",
                "the limit workspaceBytes is 1000000"
            ),
            (
                "exec 9<file || fail no", "{all: {openFiles: 9, processes: 99}}",
                "limit it to processes 99, openFiles 9."
            ),
            ("touch tmp/{1..50}", "{all: {workspaceEntries: 40}}", "the limit workspaceEntries is 40"),
        ])
    func exceeded(script: String, limits: String, message: String) async throws {
        let outcome = try await limited(script, limits: limits, out: script.contains("out/Bin") ? ["Bin"] : [])
        #expect(outcome.code == 1 && (outcome.text + outcome.errorText).contains(message), "\(outcome)")
    }

    @Test("memory is limited for all processes of a job together", .enabled(if: hasControlGroups), arguments: sandboxes)
    func memory(sandbox: String) async throws {
        let isLimited = sandbox != "none"
        let site = try Site()
        try site.limit("{plugins: {peek: {memoryBytes: 100000000}}}")
        let make = action("Make", "\(Self.hogs) || fail ended", type: "Build/Custom/Peek", in: ["Code"])
        let outcome = try await site.run(pipeline(source, Stage("Build", make)), "--sandbox", sandbox)
        #expect(outcome.code == (isLimited ? 1 : 0), "\(outcome)")
        #expect(outcome.text.contains("the limit memoryBytes is 100000000: ended") == isLimited, "\(outcome)")
    }

    @Test("what one job of a worker takes too much of is not told of the next", .enabled(if: hasControlGroups))
    func workersMemory() async throws {
        let workers = WorkerTests()
        let site = try workers.site()
        try site.limit("{plugins: {team: {memoryBytes: 120000000}}}")
        let stages = [
            Stage("One", workers.team("A", "\(Self.hogs); true")), Stage("Two", workers.team("B", "true")),
            Stage("Three", workers.team("C", Self.hogs)),
        ]
        let outcome = try await site.run(pipeline([source] + stages))
        #expect(outcome.text.contains("memoryBytes is 120000000; the job went on without the process"), "\(outcome)")
        #expect(outcome.code == 1 && outcome.text.contains("memoryBytes is 120000000: status 137"), "\(outcome)")
        let told = outcome.output.filter { $0.contains("wanted more") }
        #expect(!told.contains { $0.contains("Two/B") }, "\(told)")
    }

    /// Two processes that together take more than each may.
    private static let hogs =
        "for i in 1 2; do python3 -c 'x = bytearray(60_000_000); import time; time.sleep(3)' & p=$q; q=$!; done;"
        + " wait $p && wait $q"

    @Test("where no control group can be made, no action is run without one")
    func noControlGroup() async throws {
        let site = try Site()
        try site.limit("{all: {memoryBytes: 100000000}}")
        try site.write(StateTests.short.text, to: "pipeline.json")
        let script = #"mount -t tmpfs none /sys/fs/cgroup && exec "$0" "$@""#
        let outcome = try await site.start(
            ["run", "pipeline.json"],
            by: ["/usr/bin/unshare"] + (Site.isRoot ? [] : ["-r"]) + ["--mount", "/bin/bash", "-c", script]
        ).outcome()
        #expect(
            outcome.code == 2 && outcome.errorText.contains("limits: memoryBytes needs control groups"), "\(outcome)")
        #expect(names(in: "\(site.state)/workspaces").isEmpty && outcome.text.isEmpty, "\(outcome)")
    }

    @Test(
        "limits that are none are refused with their place",
        arguments: [
            ("{all: {second: 1}}", "limits.all.second"),
            (
                "{plugins: {peeek: {seconds: 1}}}",
                #"limits.plugins.peeek is no installed plugin; did you mean "peek"?"#
            ),
        ])
    func refused(limits: String, message: String) async throws {
        let site = try Site()
        try site.limit(limits)
        let outcome = try await site.run(StateTests.short)
        #expect(outcome.code == 2 && outcome.errorText.contains("settings.yaml: \(message)"), "\(outcome)")
    }
}

extension Site {
    /// Adds limits to its settings.
    fileprivate func limit(_ limits: String) throws {
        try write("\(contents(place("settings.yaml"))!)limits: \(limits)\n", to: "settings.yaml")
    }
}
