import Glibc
import Jansson
import Testing

@Suite("Bad input")
struct BadInputTests {
    // MARK: Definitions

    @Test(
        "a definition that cannot be read is named, with the place in it; validate and run agree",
        arguments: [
            ("{\"name\": \"shop\",}", "bad.json", "bad.json:1: "),
            ("name: [", "bad.yaml", "bad.yaml:2: is not valid YAML"),
            ("{\"a\":1,\"a\":2}", "twice.json", "twice.json"),
            ("", "empty.yaml", "empty.yaml: is empty"), ("\u{0}\u{1}", "binary.yaml", "binary.yaml"),
            (String(repeating: "[", count: 100_000), "deep.json", "deep.json"),
        ])
    func unreadable(text: String, name: String, message: String) async throws {
        let site = try Site()
        // Not through C's strings: a NUL byte is part of one.
        let file = try #require(fopen(site.place(name), "w"))
        _ = Array(text.utf8).withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
        for command in ["run", "validate"] {
            let outcome = try await site.penstock(command, name)
            #expect(outcome.code == 2, "\(outcome)")
            #expect(outcome.errorText.contains("penstock: \(message)"), "\(outcome)")
            #expect(outcome.errorText.utf8.count < 1_000)
        }
        #expect(!site.exists("state"))
    }

    @Test("a definition that is missing, a folder, too large or not permitted is named")
    func noFile() async throws {
        let site = try Site()
        #expect(try await site.penstock("run", "none.yaml").errorText.contains("none.yaml: does not exist"))
        #expect(try await site.penstock("run", site.path).errorText.contains("\(site.path): is a directory"))
        try site.write("", to: "huge.yaml")
        try #require(truncate(site.place("huge.yaml"), 100_000_000) == 0)
        let huge = try await site.penstock("run", "huge.yaml")
        #expect(
            huge.code == 2 && huge.errorText.contains("huge.yaml") && huge.errorText.contains("100000000"), "\(huge)")
        let device = try await site.penstock("validate", "/dev/zero")
        #expect(device.code == 2 && device.errorText.contains("/dev/zero"), "\(device)")
    }

    @Test(
        "validate says everything that is wrong in every file, in either format; 1 for findings, 2 for what it cannot read"
    )
    func validate() async throws {
        let site = try Site()
        try site.write(OptionTests.gated.text, to: "good.json")
        try site.write(
            pipeline(Stage("A", approval("Ok")), Stage("A", action("B", "true", in: ["Nothing"]))).text, to: "bad.json")
        let good = try await site.penstock("validate", "good.json")
        #expect(good.code == 0 && good.output == ["good.json: valid"])
        let bad = try await site.penstock("validate", "good.json", "bad.json")
        #expect(bad.code == 1)
        for part in ["good.json: valid", "(STR-5)", "(STR-3)", "stages[1].actions[0].inputArtifacts[0]"] {
            #expect(bad.text.contains(part), "\(bad)")
        }
        let json = try await site.penstock("validate", "bad.json", "none.json", "--format", "json")
        #expect(json.code == 2)
        let objects = try json.objects()
        #expect(objects.map { $0["valid"] } == [false, false])
        #expect(objects[0]["findings"]?.elements.contains { $0["rule"] == "STR-5" } == true)
        #expect(objects[1]["error"]?.stringValue?.contains("none.json: does not exist") == true)
    }

    @Test("an action type that nothing serves is named with what is near it and where plugins were looked for (ACT-2)")
    func unknownType() async throws {
        let site = try Site()
        let outcome = try await site.run(
            pipeline(source, Stage("Build", action("Make", type: "Build/Custom/Peak", configuration: ["Script": "x"]))))
        #expect(outcome.code == 1)
        for part in ["stages[1].actions[0].actionTypeId", "'Peak'", "Build/Custom/Peek", site.plugins, "(ACT-2)"] {
            #expect(outcome.errorText.contains(part), "\(outcome)")
        }
        #expect(outcome.errors.count == 1, "it is said once")
        // One of AWS's, which is well known and not served here.
        let aws = try await site.run(
            pipeline(
                source,
                Stage(
                    "Build",
                    action(
                        "Make", type: "Deploy/AWS/ECS", configuration: ["ClusterName": "c", "ServiceName": "s"],
                        in: ["Code"]))))
        #expect(
            aws.code == 1 && aws.errorText.contains("no plugin serves Deploy/AWS/ECS/1: looked in \(site.plugins)")
        )
        #expect(aws.errorText.contains("Install one (penstock plugin install SOURCE), or name its folder by --plugins"))
        #expect(!site.exists("state"))
    }

    // MARK: Plugins

    static let type: JSON = ["category": "Build", "provider": "Oven", "version": "1"]
    static let usesOven = pipeline(source, Stage("Build", action("Bake", type: "Build/Custom/Oven")))

    @Test("a manifest with a typo hides no other plugin, and whoever misses its type is told of the typo (MAN-02)")
    func typo() async throws {
        let site = try Site()
        try site.install("oven", types: [Self.type], script: "#!/bin/sh\n")
        let manifest = try #require(contents("\(site.plugins)/oven/plugin.json"))
        try site.write(manifest.replacing("permissions", with: "permisions"), to: "plugins/oven/plugin.json")
        let problem =
            "\(site.plugins)/oven/plugin.json: permisions is not a known key; did you mean \"permissions\"? (MAN-02)"

        let outcome = try await site.run(Self.usesOven)
        #expect(outcome.code == 1 && outcome.errorText.contains(problem), "\(outcome)")
        let list = try await site.penstock("plugin", "list")
        #expect(list.code == 1 && list.errorText.contains(problem))
        for name in ["peek 1", "git 1.0.0", "commands 1.0.0", "Build/Custom/Peek/1"] {
            #expect(list.text.contains(name))
        }
        let doctor = try await site.penstock("doctor")
        #expect(doctor.code == 1 && doctor.text.contains(problem))
        #expect(try await site.run(pipeline(source, Stage("Build", action("Look", "true")))).code == 0)
    }

    @Test("a program without its x bit fails the action with the command that mends it, also for root")
    func notExecutable() async throws {
        let site = try Site()
        try site.install("oven", types: [Self.type], script: "#!/bin/sh\n", mode: 0o644)
        let outcome = try await site.run(Self.usesOven)
        #expect(outcome.code == 1 && outcome.text.contains("PermissionError (NotExecutable): "))
        #expect(outcome.text.contains("make it so: chmod +x \(site.plugins)/oven/run"), "\(outcome)")
        #expect(try await site.penstock("doctor").text.contains("chmod +x \(site.plugins)/oven/run"))
        #expect(try await site.penstock("plugin", "show", "oven").text.contains("problem    plugin oven: run.command"))
        try await site.expectNothingLeft()
    }

    @Test(
        "a program whose interpreter is missing fails the action, sandboxed or not", arguments: sandboxes)
    func noInterpreter(sandbox: String) async throws {
        let site = try Site()
        try site.install("oven", types: [Self.type], script: "#!/no/such/shell\n")
        let outcome = try await site.run(Self.usesOven, "--sandbox", sandbox)
        #expect(outcome.code == 1 && outcome.text.contains("Build/Bake Failed"), "\(outcome)")
        #expect(outcome.text.contains("No such file or directory"), "\(outcome)")
        try await site.expectNothingLeft()
    }

    @Test("a tool that a plugin requires and this machine lacks is named, with where it was looked for")
    func missingTool() async throws {
        let site = try Site()
        try site.install("oven", types: [Self.type], script: "#!/bin/sh\n", requires: ["sh", "no-such-tool"])
        let outcome = try await site.run(Self.usesOven)
        #expect(outcome.code == 1)
        #expect(outcome.text.contains("missing no-such-tool: plugin oven requires it in /usr/local/bin:/usr/bin:/bin"))
    }

    @Test("a grant that is missing is told with the command that grants it, and this command works")
    func missingGrant() async throws {
        let site = try Site()
        try site.install(
            "oven", types: [Self.type], script: "#!/bin/sh\nexit 1\n",
            permissions: [
                "network": true, "hostPaths": [["name": "flour", "mode": "ro", "description": "Where the flour is"]],
            ])
        let outcome = try await site.run(Self.usesOven)
        #expect(
            outcome.code == 1
                && outcome.text.contains(
                    "PermissionError (GrantMissing): plugin oven needs the network, and a path of this machine for \"flour\" (ro: Where the flour is)"
                ), "\(outcome)")
        let line = try #require(outcome.output.first { $0.hasPrefix("penstock plugin grant ") })
        #expect(
            line == """
                penstock plugin grant oven --network --host-path flour=/PATH/FOR/flour --plugins \(site.plugins) \
                --settings \(site.place("settings.yaml"))
                """)
        let words = line.replacing("/PATH/FOR/flour", with: site.signs).split(separator: " ").dropFirst().map(
            String.init)
        let grant = try await site.launch(["\(Site.programs)/penstock"] + words).outcome()
        #expect(grant.code == 0 && grant.text.contains("(ro: Where the flour is): granted: \(site.signs)"), "\(grant)")
        let granted = try await site.run(Self.usesOven)
        #expect(
            granted.text.contains("JobFailed (NoResult): exit status 1 without a result"), "it starts now: \(granted)")
    }

    // MARK: Settings

    @Test("an entry that the settings lack is given as the lines to add")
    func missingEntry() async throws {
        let site = try Site()
        let fetch = action(
            "Fetch", type: "Source/AWS/CodeCommit", configuration: ["RepositoryName": "shop", "BranchName": "main"],
            out: ["Code"])
        let outcome = try await site.run(pipeline(Stage("Source", fetch), Stage("Build", action("Look", "true"))))
        #expect(outcome.code == 1)
        #expect(
            outcome.text.contains(
                "the settings file \(site.place("settings.yaml")) says nothing about shop. Add to it:"), "\(outcome)")
        #expect(outcome.output.contains("CodeCommit: {repositories: {\"shop\": {url: …}}}"))
    }

    @Test(
        "a settings file with a mistake is refused with the place of it, before anything is recorded",
        arguments: [
            ("grants: {peek: {hostPath: {}}}", "grants.peek.hostPath"),
            ("grants: {peek: {network: perhaps}}", "grants.peek.network"),
            ("grants: [1]", "grants must be an object, found a list"), ("grnts: {}", "did you mean \"grants\"?"),
            ("CodeComit: {}", "did you mean \"CodeCommit\"?"),
            ("secrets: {key: {fil: x}}", "secrets.key.fil"),
            ("secrets: {key: {}}", "must have exactly one of \"file\", \"environment\""),
            ("CodeCommit: {repositories: [a]}", "CodeCommit.repositories"), ("- a", "settings.yaml: "),
            ("{", "settings.yaml:2: is not valid YAML"),
        ])
    func badSettings(text: String, message: String) async throws {
        let site = try Site()
        try site.write(text, to: "settings.yaml")
        let outcome = try await site.run(pipeline(source, Stage("Build", action("Look", "true"))))
        #expect(
            outcome.code == 2 && outcome.errorText.contains("settings.yaml") && outcome.errorText.contains(message),
            "\(outcome)")
        #expect(!site.exists("state"))
    }

    @Test("what has been recorded can be looked at without sound settings")
    func historyNeedsNoSettings() async throws {
        let site = try Site()
        #expect(try await site.run(pipeline(source, Stage("Build", action("Look", "true")))).code == 0)
        try site.write("{", to: "settings.yaml")
        #expect(try await site.penstock("history").code == 0)
        #expect(try await site.shown()["status"] == "Succeeded")
    }
}
