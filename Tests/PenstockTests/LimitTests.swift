import Glibc
import Jansson
import Testing

@Suite("Limits by settings")
struct LimitTests {
    /// Whether the kernel's control groups can be written here; an ordinary user and most containers cannot.
    private static let hasControlGroups =
        Site.isRoot && access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0
        && access("/sys/fs/cgroup/memory", W_OK) == 0

    private func failure(_ script: String, limits: String, out: [String] = []) async throws -> Outcome {
        let site = try Site()
        try site.write(contents(site.place("settings.yaml"))! + "limits: \(limits)\n", to: "settings.yaml")
        let outcome = try await site.run(
            pipeline(source, Stage("Build", action("Make", script, in: ["Code"], out: out))))
        #expect(outcome.code == 1, "\(outcome)")
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
            ), ("touch tmp/{1..50}", "{all: {workspaceEntries: 40}}", "the limit workspaceEntries is 40"),
        ])
    func exceeded(script: String, limits: String, message: String) async throws {
        let outcome = try await failure(script, limits: limits, out: script.contains("out/Bin") ? ["Bin"] : [])
        #expect((outcome.text + outcome.errorText).contains(message), "\(outcome)")
    }

    @Test("memory is limited for all processes of a job together", .enabled(if: hasControlGroups))
    func memory() async throws {
        let outcome = try await failure(
            "exec python3 -c 'x = bytearray(400_000_000)'", limits: "{all: {memoryBytes: 100000000}}")
        #expect(outcome.text.contains("the limit memoryBytes is 100000000"), "\(outcome)")
    }

    @Test("what no control group can be had for is not run without one", .disabled(if: Site.isRoot))
    func noControlGroup() async throws {
        let outcome = try await failure("true", limits: "{all: {memoryBytes: 100000000}}")
        #expect(outcome.text.contains("needs a control group"), "\(outcome)")
    }

    @Test("limits that are none are refused with their place")
    func refused() async throws {
        let site = try Site()
        try site.write("limits: {all: {second: 1}}\n", to: "settings.yaml")
        let outcome = try await site.run(StateTests.short)
        #expect(outcome.code == 2 && outcome.errorText.contains("settings.yaml: limits.all.second"), "\(outcome)")
    }
}
