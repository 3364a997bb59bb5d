import Conformance
import Foundation
import Jansson
import Testing

/// What a case brings along, tried with a plugin in which nothing is wrong.
@Suite("A case's commands and secrets", .serialized)
final class FixtureSurroundingsTests {
    private let site: PluginSite

    init() throws {
        site = try PluginSite()
        let good = spec.appending(path: "good/python")
        for file in ["bin/plugin", "bin/plugin.py"] {
            try site.write(String(contentsOf: good.appending(path: file), encoding: .utf8), to: file, mode: 0o755)
        }
        site.manifest = try JSON(parsing: [UInt8](Data(contentsOf: good.appending(path: "plugin.json"))))
    }

    /// What is found when the plugin's one case has these members, too.
    private func broken(_ rules: Set<String>, with members: [String: JSON]) async throws -> [String: [Finding]] {
        var greets: JSON = [
            "name": "greets", "traits": ["succeeds"], "configuration": ["Do": "succeed", "Name": "Zoë"],
            "expect": ["status": "Succeeded"],
        ]
        for (key, value) in members { greets = greets.with(key, value) }
        site.cases = [greets]
        let all = try requirements()
        let scope = Scope(requirements: all, newest: all, rules: rules)
        let judged = try await Trial(of: site.read(), scope, launcher: launcher).outcome().rules
        return Dictionary(grouping: judged.filter { $0.status == .fail }.flatMap(\.findings), by: \.rule)
    }

    @Test("what a setup goes on starting beside the plugin is not the plugin's (LIF-07)")
    func setupInTheBackground() async throws {
        let found = try await broken(
            ["LIF-07", "RES-11"],
            with: ["setup": ["while :; do echo >>\"$OUTSIDE/ticks\"; sleep 0.1; done >\"$OUTSIDE/log\" 2>&1 &"]])
        #expect(found == [:])
    }

    @Test("a case whose verify is not content is not as it should be (RES-11)")
    func verify() async throws {
        let setup: JSON = ["echo 1 >\"$OUTSIDE/entry\""]
        #expect(try await broken(["RES-11"], with: ["setup": setup, "verify": "cat \"$OUTSIDE/entry\""]) == [:])
        let found = try await broken(["RES-11"], with: ["setup": setup, "verify": "cat \"$OUTSIDE/entry\"; false"])
        #expect(found["RES-11"]?.map(\.fixture) == ["greets"])
        #expect(found["RES-11"]?.first?.evidence.hasSuffix("ended with status 1: 1") == true, "\(found)")
    }

    @Test("a secret of the operator's settings is made up, and known when it is shown (SEC-01)")
    func secretOfSettings() async throws {
        try site.write(
            """
            import plugin

            class Telling(plugin.Job):
                def __init__(self, message):
                    super().__init__(message)
                    plugin.log("the key is " + message["data"]["providerSettings"]["stores"][0]["key"])

            plugin.Job = Telling
            """, to: "bin/fault.py")
        let stores: JSON = ["stores": [["key": ["secret": "store-key"]]]]
        let found = try await broken(
            ["SEC-01"], with: ["traits": ["succeeds", "usesSecret"], "providerSettings": stores])
        #expect(found["SEC-01"]?.first?.evidence.contains("holds the secret store-key") == true, "\(found)")
    }

    @Test("a case uses a secret of the settings only where they refer to one")
    func openSettings() throws {
        site.cases = [
            [
                "name": "greets", "traits": ["succeeds", "usesSecret"],
                "configuration": ["Do": "succeed", "Name": "Zoë"],
                "providerSettings": ["key": ["secret": "store-key"]], "expect": ["status": "Succeeded"],
            ]
        ]
        site.manifest = site.manifest.with(
            at: "actionTypes.0.configurationProperties",
            [["name": "Do", "required": true], ["name": "Name", "required": true]])
        #expect(try site.read().fixtureProblems == [])
        site.cases = site.cases.with(at: "0.providerSettings", ["key": "open"])
        #expect(try site.read().fixtureProblems.map(\.path) == ["[0].traits"])
    }
}
