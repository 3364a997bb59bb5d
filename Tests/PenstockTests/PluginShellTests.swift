import Testing

@Suite("penstock plugin shell")
struct PluginShellTests {
    @Test("a command runs where the plugin would be, with the job and without the network")
    func command() async throws {
        let site = try Site()
        try await site.makeHello()
        let outcome = try await site.author(
            "shell", "hello", "--case", "greets", "--", "sh", "-c",
            "pwd; ls in/App; ls -A out/Greeting; jq -r .type tmp/job.json; /plugin/bin/plugin < tmp/job.json; touch /usr/x; exit 7"
        )
        #expect(outcome.code == 7, "\(outcome)")
        #expect(outcome.output.prefix(4) == ["/workspace", "README.txt", "docs", "job"], "\(outcome)")
        #expect(outcome.text.contains("\"type\": \"jobSuccessResult\""))
        #expect(outcome.errorText.contains("case greets; the plugin by hand:\n    /plugin/bin/plugin < tmp/job.json"))
        #expect(outcome.errorText.contains("Read-only file system"))
    }

    @Test("a case's setup runs before, in the same place")
    func setup() async throws {
        let site = try Site()
        try await site.makeHello()
        try site.replace(
            "\"name\": \"greets\",", by: "\"name\": \"greets\", \"setup\": [\"echo made > $OUTSIDE/made\"],",
            in: "hello/conformance/cases.json")
        let outcome = try await site.author("shell", "hello", "--", "cat", "/outside/made")
        #expect(outcome.code == 0 && outcome.output == ["made"], "\(outcome)")
        let unknown = try await site.author("shell", "hello", "--case", "x")
        #expect(unknown.code == 2 && unknown.errorText.contains("--case x: there is no such case"), "\(unknown)")
    }

    @Test("on a terminal it is a shell with job control")
    func terminal() async throws {
        let site = try Site()
        try await site.makeHello()
        let run = try await site.startAuthor(["shell", "hello"], by: TerminalTests.terminal)
        try await run.until(says: "the plugin by hand:")
        run.type("echo $((6 * 7)) is it; set -o | grep monitor; exit 3\n")
        try await run.until(says: "42 is it")
        let outcome = try await run.outcome()
        #expect(outcome.code == 3 && outcome.text.firstMatch(of: /monitor\s+\ton/) != nil, "\(outcome)")
    }
}
