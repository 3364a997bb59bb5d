import Glibc
import Jansson
import Testing

@Suite("penstock plan")
struct PlanTests {
    static let secretVariable: JSON = ["name": "KEY", "value": "deploy-key", "type": "SECRETS_MANAGER"]

    private static let definition = pipeline(
        Stage(
            "Source",
            action(
                "Fetch", type: "Source/AWS/CodeCommit",
                configuration: ["RepositoryName": "shop", "BranchName": "main"], out: ["Code"],
                more: ["namespace": "Source"])),
        Stage(
            "Build",
            commands(
                "Make", "echo #{variables.Env} #{Source.CommitId}",
                more: ["environmentVariables": [secretVariable], "outputArtifacts": [["name": "App"]]]),
            action("Check", "true", in: ["Code"], order: 2), action("Peek", "true", in: ["Code"], order: 2)),
        Stage("Gate", approval("Ok")),
        Stage(
            "End",
            action("Ship", type: "Deploy/Custom/Local", configuration: ["Target": "#{variables.Env}"], in: ["App"])),
        more: ["variables": [["name": "Env"], ["name": "Tag", "defaultValue": "1"]]])

    private func plan(_ site: Site, _ definition: JSON = definition, _ options: String...) async throws -> Outcome {
        try site.write(definition.text, to: "pipeline.json")
        return try await site.start(["plan", "pipeline.json"] + options).outcome()
    }

    @Test("everything that is missing is said at once, with the lines to add, and nothing is made")
    func missing() async throws {
        let site = try Site()
        try site.write("{}", to: "settings.yaml")
        let before = names(in: site.path) + ["pipeline.json"]
        let outcome = try await plan(site)
        #expect(outcome.code == 1)
        for part in [
            "- the variable Env has no default. Add: --variable Env=VALUE",
            "- Source/Fetch: the settings file", "CodeCommit: {repositories: {\"shop\": {",
            "secrets: {\"deploy-key\": {file: /PATH/OF/THE/SECRET}}",
            "- End/Ship: plugin local-deploy needs a path of this machine for \"targets\"",
            "penstock plugin grant local-deploy --host-path targets=/PATH/FOR/targets --settings \(site.path)/settings.yaml",
            "settings   Local.targets.#{variables.Env}, which shows when it runs",
            "uses       #{Source.CommitId}, from Source/Fetch, in commands[0]", "in         App, from Build/Make",
            "(then, together)", "variable Tag=1  (default)", "plugin     git 1.0.0, ",
        ] { #expect(outcome.text.contains(part), "\(part) in:\n\(outcome.text)") }
        #expect(names(in: site.path) == before.sorted())
    }

    @Test("what is missing twice is said once, for both")
    func once() async throws {
        let site = try Site()
        let twice = action(
            "A", type: "Deploy/AWS/ECS", configuration: ["ClusterName": "c", "ServiceName": "s"], in: ["Code"])
        guard case .object(var other) = twice else { return }
        other["name"] = "B"
        let outcome = try await plan(site, pipeline(source, Stage("Build", twice, .object(other))))
        #expect(outcome.code == 1)
        #expect(outcome.output.filter { $0.hasPrefix("- ") }.count == 1)
        #expect(outcome.text.contains("- Build/A, Build/B: no plugin serves Deploy/AWS/ECS/1"))
    }

    @Test("when all is there the answer is 0; a secret is looked at and never shown")
    func complete() async throws {
        let site = try Site()
        try site.write("hidden-value\n", to: "key", mode: 0o600)
        try site.write(
            """
            CodeCommit: {repositories: {shop: {url: \(site.place("repository"))}}}
            Local: {targets: {prod: {path: \(site.place("target"))}}}
            secrets: {deploy-key: {file: \(site.place("key"))}}
            grants:
              local-deploy: {hostPaths: {targets: \(site.place("target"))}}
              peek: {hostPaths: {signs: \(site.signs)}}
            """, to: "settings.yaml")
        let outcome = try await plan(site, Self.definition, "--variable", "Env=prod")
        #expect(outcome.code == 0 && outcome.output.last == "Nothing is missing.", "\(outcome)")
        #expect(outcome.text.contains("settings   Local.targets.prod\n"))
        #expect(!outcome.text.contains("hidden-value"))
        let json = try await plan(site, Self.definition, "--variable", "Env=prod", "--format", "json").objects()
        #expect(json.count == 1 && json[0]["complete"] == true && json[0]["missing"] == [])
        let fetch = json[0]["stages"]?[0]?["groups"]?[0]?[0]
        #expect(fetch?["settings"] == ["entry": "CodeCommit.repositories.shop", "state": "there"])
        #expect(fetch?["plugin"]?["name"] == "git" && fetch?["performer"] == "plugin")
        #expect(json[0]["stages"]?[1]?["groups"]?.elements.map(\.elements.count) == [1, 2])
        unlink(site.place("key"))
        let without = try await plan(site, Self.definition, "--variable", "Env=prod", "--quiet")
        #expect(without.code == 1 && without.output.first == "Missing:" && without.output.count == 2, "\(without)")
        #expect(without.text.contains("- Build/Make: secret deploy-key: cannot read "))
    }

    @Test("a reference that cannot ever have a value is missing (VAR-3)")
    func references() async throws {
        let site = try Site()
        let definition = pipeline(
            source,
            Stage(
                "Build",
                commands("Make", "Pages=1", more: ["outputVariables": ["Pages"], "namespace": "Built"]),
                action("A", "#{Built.Page} #{variables.Env}", order: 2),
                action("B", "#{Built.Page} #{codepipeline.Id} #{Built.Pages} #{variables.Enw}", order: 2)),
            more: ["variables": [["name": "Env", "defaultValue": "test"]]])
        let outcome = try await plan(site, definition, "--quiet")
        #expect(
            outcome.output == [
                "Missing:",
                "- Build/A, Build/B: #{Built.Page} will have no value: Built has no variable Page; did you mean Pages?",
                "- Build/B: #{codepipeline.Id} will have no value: codepipeline has no variable Id; it has PipelineExecutionId",
                "- Build/B: #{variables.Enw} will have no value: variables has no variable Enw; did you mean Env?",
            ], "\(outcome)")
    }

    @Test("stubs and directories need nothing, and what stubs answer is known")
    func replaced() async throws {
        let site = try Site()
        try site.write("{}", to: "settings.yaml")
        let outcome = try await plan(
            site, StubTests.unserved, "--stub", "Build/*", "--stub", "End/*", "--source", "Fetch=shared")
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.text.contains("source     \(site.shared)") && outcome.text.contains("stub       succeeds"))
        let all = try await plan(site, StubTests.unserved, "--stub", "all", "--format", "json").objects()
        #expect(
            all[0]["stages"]?[1]?["groups"]?[0]?[0]?["references"]?[0]?["value"] == "stub-From.CommitId", "\(all)")
        #expect(!site.exists("state"))
    }

    @Test("what a plan misses is what the run fails with, word for word")
    func sameWords() async throws {
        let site = try Site()
        try site.write("{}", to: "settings.yaml")
        let definition = pipeline(
            source,
            Stage("End", action("Ship", type: "Deploy/Custom/Local", configuration: ["Target": "t"], in: ["Code"])))
        let options = ["--stub", "Source/Fetch"]
        let planned = try await plan(site, definition, options[0], options[1], "--format", "json").objects()[0]
        _ = try await site.run(definition, options[0], options[1])
        let error = try await site.shown().action("Ship")["error"]?["message"]
        #expect(error != nil && error == planned["missing"]?[0]?["message"])
    }

    @Test("a definition with findings is refused as by run; unknown options are explained")
    func refused() async throws {
        let site = try Site()
        let findings = try await plan(site, pipeline(source))
        #expect(findings.code == 1 && findings.errorText.contains("STR-4"), "\(findings)")
        let unknown = try await plan(site, Self.definition, "--stub", "Ship")
        #expect(unknown.code == 2 && unknown.errorText.contains("--stub Ship: must be all or STAGE/ACTION"))
        #expect(try await site.penstock("plan", "nowhere.json").code == 2)
    }
}
