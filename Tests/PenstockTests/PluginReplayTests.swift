import Glibc
import Testing

@Suite("penstock plugin replay")
struct PluginReplayTests {
    /// A plugin, and the record `t` of one case of it.
    private func record(_ site: Site, _ options: String...) async throws {
        try await site.makeHello()
        let outcome = try await site.startAuthor(["run", "hello", "--record", "t"] + options).outcome()
        try #require(outcome.code == 0, "\(outcome)")
    }

    @Test("the same plugin says the same; a changed one is shown with what it says otherwise")
    func difference() async throws {
        let site = try Site()
        try await record(site)
        let same = try await site.author("replay", "t", "hello")
        #expect(same.code == 0 && same.output.last == "The same as it was.", "\(same)")
        try site.replace("Hello, {name}!", by: "Hi, {name}!", in: "hello/bin/plugin")
        try site.replace("0.1.0", by: "0.2.0", in: "hello/plugin.json")
        let other = try await site.author("replay", "t", "hello")
        #expect(other.code == 1 && other.output.first == "recorded with version 0.1.0, this is 0.2.0", "\(other)")
        #expect(other.text.contains("  - {\"outputVariables\":{\"Files\":\"2\",\"Greeting\":\"Hello, Zoë!\"}"))
        #expect(other.text.contains("  + {\"outputVariables\":{\"Files\":\"2\",\"Greeting\":\"Hi, Zoë!\"}"))
        #expect(
            other.text.contains("output artifacts\n  - Greeting/greeting.txt  "), "files are compared too: \(other)")
    }

    @Test("a cancel comes again when it came, and inputs come from where they came")
    func cancelAndInputs() async throws {
        let site = try Site()
        try await record(
            site, "--configuration", "Name=x", "--configuration", "Seconds=30", "--input", "App=signs",
            "--cancel-after", "0.4")
        let again = try await site.author("replay", "t", "hello")
        #expect(
            again.code == 0 && again.text.contains("→ SIGTERM") && again.text.contains("jobAbandonedResult"), "\(again)"
        )
        try site.replace("\(site.path)/signs", by: "/nowhere/signs", in: "t")
        let lost = try await site.author("replay", "t", "hello")
        #expect(
            lost.code == 2 && lost.errorText.contains("input artifact App: /nowhere/signs: No such file"), "\(lost)")
        #expect(try await site.author("replay", "t", "hello", "--input", "App=signs").code == 0)
    }

    @Test("another plugin, another protocol, and a type that is not served are refused by name")
    func foreign() async throws {
        let site = try Site()
        try await record(site)
        let plugin = try await site.author("replay", "t", "plugins/do")
        #expect(
            plugin.code == 2 && plugin.errorText.contains("t is of the plugin hello, and plugins/do is do"), "\(plugin)"
        )
        try site.replace("\"provider\": \"Hello\"", by: "\"provider\": \"Other\"", in: "hello/plugin.json")
        let type = try await site.author("replay", "t", "hello")
        #expect(
            type.code == 2 && type.errorText.contains("t asks for Build/Custom/Hello/1, which hello does not serve"),
            "\(type)")
        try site.replace("penstock/1", by: "penstock/9", in: "t")
        let spoken = try await site.author("replay", "t", "hello")
        #expect(
            spoken.code == 2 && spoken.errorText.contains("t: line 1 speaks \"penstock/9\"; only penstock/1"),
            "\(spoken)")
    }

    @Test("a record holds the job's secrets, so nobody else may read it")
    func mode() async throws {
        let site = try Site()
        try await record(site)
        var status = stat()
        #expect(stat(site.place("t"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    }
}
