import Glibc
import Jansson
import Testing

@Suite("A pipeline from the command line")
struct EndToEndTests {
    @Test("git, commands, an approval and a deployment run end to end, and the history keeps what they made")
    func everything() async throws {
        let site = try Site()
        let commit = try await site.makeRepository()
        try site.makeTarget()
        let outcome = try await site.run(
            pipeline(
                Stage(
                    "Source",
                    action(
                        "Fetch", type: "Source/AWS/CodeCommit",
                        configuration: ["RepositoryName": "shop", "BranchName": "main"], out: ["Code"],
                        more: ["namespace": "Source"])),
                Stage(
                    "Build",
                    commands(
                        "Compile", "mkdir site", "tr a-z A-Z < page > site/page", "Pages=$(ls site | wc -l)",
                        more: [
                            "outputVariables": ["Pages"], "namespace": "Built",
                            "outputArtifacts": [["name": "Site", "files": ["site/**/*"]]],
                        ])),
                Stage("Approve", approval("Look", "#{Built.Pages} page of #{Source.CommitMessage}")),
                Stage(
                    "Deploy",
                    action(
                        "Publish", type: "Deploy/Custom/Local", configuration: ["Target": "site"], in: ["Site"],
                        more: ["namespace": "Out"]))),
            "--approve", "always", "--format", "json")
        #expect(outcome.code == 0, "\(outcome)")
        #expect(site.lines("target/current/site/page") == ["WELCOME"])

        let events = try outcome.objects()
        #expect(events.allSatisfy { $0["event"] != nil })
        #expect(events.contains { $0["customData"] == "1 page of Greet" }, "the approval's variables were resolved")
        let shown = try await site.shown()
        #expect(shown["status"] == "Succeeded" && shown["sandbox"] == "namespaces")
        #expect(try shown.action("Fetch")["revision"] == .string(commit), "SRC-5")
        #expect(try shown.action("Fetch")["outputVariables"]?["CommitId"] == .string(commit))
        #expect(try shown.action("Compile")["outputVariables"] == ["Pages": "1"])
        #expect(try shown.action("Compile")["artifacts"]?["Site"]?.stringValue?.count == 64)
        let release = try #require(try shown.action("Publish")["outputVariables"]?["Release"]?.stringValue)
        #expect(site.exists("target/releases/\(release)/site/page"))
        try await site.expectNothingLeft()
    }

    @Test("history, show and logs print it for people and for programs, and a part of an id is enough")
    func lookingBack() async throws {
        let site = try Site()
        let definition = pipeline(
            source,
            Stage(
                "Build",
                action("Make", "cat in/Code/file; succeed '\"outputVariables\":{\"Size\":\"6\"}'", in: ["Code"])))
        for _ in 0..<2 { #expect(try await site.run(definition).code == 0) }
        let id = try await site.execution()

        let history = try await site.penstock("history")
        #expect(history.output.count == 2 && history.output[0].hasPrefix(id))
        #expect(history.output.allSatisfy { $0.contains("Succeeded") && $0.contains("shop version 1") })
        #expect(try await site.penstock("history", "other").output == [])
        let limited = try await site.penstock("history", "shop", "--limit", "1", "--format", "json").objects()
        #expect(limited.count == 1 && limited[0]["status"] == "Succeeded")

        let shown = try await site.penstock("show", String(id.prefix(13)))
        for part in ["shop version 1  Succeeded", id, "namespaces", "Build/Make  Succeeded", "Size=6", "artifact Code"]
        {
            #expect(shown.text.contains(part))
        }
        let logs = try await site.penstock("logs", id, "Make", "--format", "json").objects()
        #expect(logs.map { $0["text"] } == ["hello"] && logs[0]["stage"] == "Build" && logs[0]["stream"] == "stderr")
        #expect(try await site.penstock("logs", id).text.contains("Build/Make | hello"))
        #expect(try await site.penstock("logs", id, "Build/Make").output.count == 1)
    }

    @Test("an id that is unknown, empty or means several is explained, and so is an action that has not run")
    func ids() async throws {
        let site = try Site()
        let nothing = try await site.penstock("history")
        #expect(
            nothing.code == 2 && nothing.errorText.contains("no execution has been recorded here; is --state right?"))
        // Among 17 ids two begin alike; none of these runs anything.
        let missing = pipeline(
            Stage("Source", action("Fetch", "true", type: "Source/Custom/Peek")), Stage("End", approval("Ok")),
            more: ["variables": [["name": "Needed"]]])
        for _ in 0..<17 { #expect(try await site.run(missing).code == 1) }
        let ids = try await site.penstock("history", "--format", "json").objects().compactMap {
            $0["pipelineExecutionId"]?.stringValue
        }
        let double = try #require(Dictionary(grouping: ids, by: { $0.prefix(1) }).values.first { $0.count > 1 })
        let several = try await site.penstock("show", String(double[0].prefix(1)))
        #expect(several.code == 2 && several.errorText.contains("several executions begin so"))
        #expect(double.allSatisfy { several.errorText.contains("\($0) shop Failed") })

        for unknown in ["", "no-such", "%", "../x"] {
            let outcome = try await site.penstock("show", unknown)
            #expect(
                outcome.code == 2 && outcome.errorText.contains("\"\(unknown)\": no such execution; `penstock history`")
            )
        }
        #expect(try await site.penstock("resume", "no-such").code == 2)
        let action = try await site.penstock("logs", ids[0], "Nope")
        #expect(action.code == 2 && action.errorText.contains("Nope: no such action has run"))
    }

    @Test("logs --follow prints a running execution's log as it grows, and ends with it")
    func following() async throws {
        let site = try Site()
        let run = try await site.startRun(
            pipeline(source, Stage("Build", action("Make", "echo first; await go; echo second"))))
        try await run.until(says: "first")
        let follower = try await site.start(["logs", try await site.execution(), "--follow"])
        try await follower.until(says: "Build/Make | first")
        try site.give("go")
        let followed = try await follower.outcome()
        #expect(followed.code == 0 && followed.output.last?.hasSuffix("Build/Make | second") == true)
        #expect(try await run.outcome().code == 0)
    }

    @Test("two peers fail and one succeeds: all run to their end, and no later run order starts (ACT-3, ACT-4)")
    func peers() async throws {
        let site = try Site()
        let run = try await site.startRun(
            pipeline(
                source,
                Stage(
                    "Test", action("Unit", "fail 'unit is red'"), action("Style", "fail 'style is red'"),
                    action("Slow", "await red"), action("Late", "true", order: 2)),
                Stage("Deploy", action("Never", "true"))))
        try await run.until(says: "unit is red")
        try await run.until(says: "style is red")
        try site.give("red")
        let outcome = try await run.outcome()
        #expect(outcome.code == 1 && outcome.output.last?.contains("shop Failed") == true)
        #expect(
            try await site.shown().statuses == [
                "Fetch": "Succeeded", "Unit": "Failed", "Style": "Failed", "Slow": "Succeeded",
            ])
    }
}

extension Site {
    /// A git repository with one commit on main, granted to the git plugin, named `shop` in the settings.
    /// - Returns: the commit.
    func makeRepository() async throws -> String {
        let script = """
            git init -q -b main repository && cd repository && echo welcome > page && git add page &&
            git -c user.name=Ann -c user.email=ann@example.org commit -qm Greet && chmod -R a+rX . && git rev-parse HEAD
            """
        let outcome = try await launch(["/bin/bash", "-c", script]).outcome()
        try #require(outcome.code == 0, "\(outcome)")
        return outcome.output[0]
    }

    /// A directory that may be deployed to, and the settings for it and for the repository.
    func makeTarget() throws {
        try makeFolder(place("target"))
        var status = stat()
        // As the user who may write.
        try #require(
            stat(shared, &status) == 0 && (!Site.isRoot || chown(place("target"), status.st_uid, status.st_gid) == 0))
        try write(
            """
            CodeCommit: {repositories: {shop: {url: \(place("repository"))}}}
            Local: {targets: {site: {path: \(place("target"))}}}
            grants:
              git: {hostPaths: {repositories: \(place("repository"))}}
              local-deploy: {hostPaths: {targets: \(place("target"))}}
            """, to: "settings.yaml")
    }

    @Test("a reader that is slower than a plugin gets what fits, is told how much is left out, and the log has it all")
    func slowReader() async throws {
        let site = try Site()
        let script = "seq 100000 >&2; count written; await go"
        let definition = pipeline(source, Stage("Build", action("Make", script, type: "Build/Custom/Do")))
        try site.write(definition.text, to: "pipeline.json")
        let sleepy = ["/bin/bash", "-c", #"f=$1; shift; "$@" | { until [ -e "$f" ]; do sleep 0.1; done; cat; }"#, "-"]
        let run = try await site.start(
            ["run", "pipeline.json", "--format", "json"], input: nil, by: sleepy + ["\(site.signs)/go"])
        try await until("all is written") { site.lines("shared/written").count == 1 }
        try site.give("go")
        let events = try await run.outcome().objects()
        let shown = events.count { $0["event"] == "log" }
        let skipped = events.compactMap { if case .integer(let lines)? = $0["lines"] { Int(lines) } else { nil } }
        #expect(skipped.count >= 1 && shown + skipped.reduce(0, +) == 100_000, "\(shown) and \(skipped)")
        let log = try await site.penstock("logs", try await site.execution(), "Make")
        #expect(log.output.count == 100_000 && log.output.last?.contains("100000") == true)
        #expect(events.last?["status"] == "Succeeded")
    }

    @Test("a reader that has stopped reading does not keep it from being ended, and nothing is lost")
    func deafReader() async throws {
        let site = try Site()
        let script = "seq 100000 >&2; count written; await go"
        let definition = pipeline(source, Stage("Build", action("Make", script, type: "Build/Custom/Do")))
        try site.write(definition.text, to: "pipeline.json")
        let deaf = ["/bin/bash", "-c", #"exec 4> >(exec sleep 1000 >/dev/null 2>&1); exec "$@" >&4"#, "-"]
        let run = try await site.start(["run", "pipeline.json"], input: nil, by: deaf)
        try await until("all is written") { site.lines("shared/written").count == 1 }
        let outcome = try await run.outcome(after: SIGTERM)
        #expect(outcome.code == 4 && outcome.errorText.contains("nobody reads what it prints"), "\(outcome)")
        try site.give("go")
        let resumed = try await site.penstock("resume", try await site.execution())
        #expect(resumed.code == 0 && site.lines("shared/written").count == 2, "\(resumed)")
    }
}
