import Glibc
import Jansson
import Testing

@Suite("What run is told")
struct OptionTests {
    @Test("--source puts a directory with uncommitted work in place of a source action, which then needs no plugin")
    func directoryAsSource() async throws {
        let site = try Site()
        _ = try await site.makeRepository()
        try site.write("not committed\n", to: "repository/draft")
        let fetch = action(
            "Fetch", type: "Source/AWS/S3", configuration: ["S3Bucket": "b", "S3ObjectKey": "k"], out: ["Code"],
            more: ["namespace": "From"])
        let script = "echo '#{From.BucketName}/#{From.ObjectKey}'; cat in/Code/draft; [ ! -e in/Code/.git ]"
        let build = Stage("Build", action("Look", script, in: ["Code"]))
        let outcome = try await site.run(pipeline(Stage("Source", fetch), build), "--source", "Fetch=repository")
        #expect(outcome.code == 0 && outcome.text.contains("Build/Look | not committed"), "\(outcome)")
        let shown = try await site.penstock("show", try await site.execution())
        #expect(outcome.text.contains("Build/Look | b/k"), "the variables that its provider gives")
        #expect(shown.text.contains("VersionId=") && !shown.text.contains("CommitId="))
        #expect(shown.text.contains("source     Fetch=\(site.place("repository"))"))
    }

    @Test(
        "a --source that cannot be is explained, and nothing is recorded",
        arguments: [
            ("Fetch=/dev/null", "--source Fetch=/dev/null: is not a directory"),
            ("Fetch=", "--source Fetch=: is not a directory"),
            ("Look=/tmp", "--source Look=/tmp: no such source action; there are Fetch"),
            ("Fetch", "The value 'Fetch' is invalid for '--source <action=dir>'"),
            ("=/tmp", "The value '=/tmp' is invalid"),
        ])
    func badDirectory(option: String, message: String) async throws {
        let site = try Site()
        let outcome = try await site.run(pipeline(source, Stage("Build", action("Look", "true"))), "--source", option)
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(!site.exists("state"))
    }

    @Test("a variable is given or has its default; an unknown one is ignored, with a word (VAR-5)")
    func variables() async throws {
        let site = try Site()
        let definition = pipeline(
            source, Stage("Build", action("Say", "echo '#{variables.Greeting}, #{variables.Name}'")),
            more: ["variables": [["name": "Greeting", "defaultValue": "Hello"], ["name": "Name"]]])
        let outcome = try await site.run(definition, "--variable", "Name=A=b c", "--variable", "Nmae=x")
        #expect(outcome.code == 0 && outcome.text.contains("Build/Say | Hello, A=b c"), "\(outcome)")
        #expect(
            outcome.errorText == "penstock: --variable Nmae: is ignored; the pipeline's variables are Greeting, Name")
        #expect(try await site.shown()["variables"] == ["Greeting": "Hello", "Name": "A=b c"])

        let twice = try await site.run(definition, "--variable", "Name=a", "--variable", "Name=b")
        #expect(twice.code == 2 && twice.errorText.contains("--variable Name: is given twice"))
    }

    @Test("without a required variable the execution is admitted and fails, and no action runs (VAR-5)")
    func requiredVariable() async throws {
        let site = try Site()
        let outcome = try await site.run(
            pipeline(source, Stage("End", approval("Ok")), more: ["variables": [["name": "Needed"]]]))
        #expect(outcome.code == 1 && outcome.text.contains("no value for the required variable Needed"))
        let shown = try await site.shown()
        #expect(shown["status"] == "Failed" && shown["actions"] == [])
    }

    static let gated = pipeline(source, Stage("Gate", approval("Ok")), Stage("End", action("Bye", "echo bye")))

    @Test(
        "a rejected approval fails the action as JobFailed (APR-5), whoever rejects it",
        arguments: [(["--approve", "never"], ""), ([], "n\n"), (["--approve", "ask"], "\n"), ([], "No\n")])
    func rejected(options: [String], input: String) async throws {
        let site = try Site()
        try site.write(Self.gated.text, to: "pipeline.json")
        let outcome = try await site.start(["run", "pipeline.json"] + options, input: input).outcome()
        #expect(outcome.code == 1, "\(outcome)")
        let shown = try await site.shown()
        #expect(shown.statuses == ["Fetch": "Succeeded", "Ok": "Failed"])
        #expect(try shown.action("Ok")["error"]?["code"] == "JobFailed")
        #expect(try shown.action("Ok")["error"]?["message"]?.stringValue?.hasPrefix("rejected by ") == true)
    }

    @Test(
        "an approval is asked about beside the output, and approved by y, in either format",
        arguments: ["human", "json"])
    func asked(format: String) async throws {
        let site = try Site()
        let outcome = try await site.run(Self.gated, "--format", format, input: " Yes\r\n")
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.errorText.contains("Approve Gate/Ok (Is it well?)? [y/N]"))
        #expect(!outcome.text.contains("[y/N]"))
        if format == "json" { #expect(try outcome.objects().last?["status"] == "Succeeded") }
    }

    @Test("two approvals are answered line by line")
    func twoApprovals() async throws {
        let site = try Site()
        let outcome = try await site.run(
            pipeline(source, Stage("Gate", approval("One"), approval("Two"))), input: "y\nn\n")
        #expect(outcome.code == 1)
        #expect(try await site.shown().statuses == ["Fetch": "Succeeded", "One": "Succeeded", "Two": "Failed"])
    }

    @Test("with nobody there the execution is left waiting, and resume goes on (APR-2)", arguments: ["", "perhaps\n"])
    func unanswered(input: String) async throws {
        let site = try Site()
        let outcome = try await site.run(Self.gated, input: input)
        #expect(outcome.code == 4)
        let id = try await site.execution()
        #expect(outcome.errorText.contains("nobody is there to answer the approval; \(site.resumption(of: id))"))
        #expect(try await site.shown()["status"] == "InProgress")
        #expect(try await site.penstock("show", id).text.contains("Gate/Ok  InProgress, waits for an approval"))
        #expect(try await site.resume().code == 4, "still nobody")
        let resumed = try await site.resume(input: "y\n")
        #expect(resumed.code == 0 && resumed.output.first?.hasSuffix("execution \(id) goes on") == true, "\(resumed)")
        #expect(!resumed.text.contains("Fetch"), "what is done is not done again")
    }

    @Test("--stop-after stops behind the stage, and resume runs the rest (STP-5)")
    func stopAfter() async throws {
        let site = try Site()
        let definition = pipeline(
            source, Stage("Build", action("Make", "count made", type: "Build/Custom/Do")),
            Stage("End", action("Bye", "true")))
        let unknown = try await site.run(definition, "--stop-after", "Bild")
        #expect(unknown.code == 2)
        #expect(unknown.errorText.contains("--stop-after Bild: no such stage; there are Source, Build, End"))
        let outcome = try await site.run(definition, "--stop-after", "Build")
        #expect(outcome.code == 4, "\(outcome)")
        #expect(outcome.output.last?.contains("stage Build was to be the last; `penstock resume ") == true)
        #expect(try await site.shown()["status"] == "Stopped")
        #expect(try await site.resume().code == 0)
        #expect(site.lines("shared/made").count == 1)
        let again = try await site.resume()
        #expect(again.code == 1 && again.errorText.contains("is Succeeded: only a stopped or interrupted execution"))
    }

    @Test("--sandbox none is said, recorded and kept by resume")
    func withoutSandbox() async throws {
        let site = try Site()
        // In a sandbox the plugin's folder is /plugin.
        let script = "[ -d \(site.plugins) ] && echo open || echo closed"
        let definition = pipeline(source, Stage("A", action("One", script)), Stage("B", action("Two", script)))
        let outcome = try await site.run(definition, "--sandbox", "none", "--stop-after", "A")
        #expect(outcome.text.contains("without a sandbox, as asked for") && outcome.text.contains("A/One | open"))
        #expect(try await site.shown()["sandbox"] == "none")
        #expect(try await site.penstock("show", try await site.execution()).text.contains("sandbox    none"))
        #expect(try await site.resume().text.contains("B/Two | open"))
        #expect(try await site.run(definition).text.contains("A/One | closed"))
        try await site.expectNothingLeft()
    }

    @Test("--jobs 1 runs one action at a time, more run beside each other")
    func jobs() async throws {
        let site = try Site()
        // Each waits for the other one's sign; alone it would wait for ever, so it looks once.
        func peer(_ name: String) -> JSON { action(name, "echo at-$(date +%s%N); sleep 0.2; echo at-$(date +%s%N)") }
        let outcome = try await site.run(
            pipeline(source, Stage("Build", peer("One"), peer("Two"))), "--jobs", "1", "--format", "json")
        let speakers = try outcome.objects().filter { $0["text"]?.stringValue?.hasPrefix("at-") == true }
            .compactMap { $0["action"]?.stringValue }
        #expect(Set([speakers.prefix(2), speakers.suffix(2)].map { Set($0) }) == [["One"], ["Two"]], "\(speakers)")

        let both = try await site.startRun(
            pipeline(
                source, Stage("Build", action("One", "echo here; await go"), action("Two", "echo there; await go"))))
        try await both.until(says: "here")
        try await both.until(says: "there")
        try site.give("go")
        #expect(try await both.outcome().code == 0)
    }

    @Test("--quiet says what went wrong, and the end")
    func quiet() async throws {
        let site = try Site()
        let definition = pipeline(source, Stage("Build", action("Make", "echo noise; fail 'no flour'")))
        let outcome = try await site.run(definition, "--quiet")
        #expect(outcome.output.count == 2 && outcome.errors == [], "\(outcome)")
        #expect(
            outcome.output[0].contains("Build/Make Failed in ") && outcome.output[0].hasSuffix("JobFailed: no flour"))
        #expect(outcome.output[1].contains("shop Failed in "))
        let json = try await site.run(definition, "--quiet", "--format", "json").objects()
        #expect(json.last?["status"] == "Failed" && !json.contains { $0["event"] == "log" })
    }

    @Test("--format json prints one object a line, whatever a plugin says")
    func json() async throws {
        let site = try Site()
        let script = #"printf '{"event":"x"}\n\001\033[31m\377\n" \\ \n'; fail 'a "quoted" \u001b[0m word'"#
        let events = try await site.run(
            pipeline(source, Stage("Build", action("Make", script))), "--format", "json"
        ).objects()
        #expect(Set(events.compactMap { $0["event"]?.stringValue }) == ["execution", "action", "log"])
        #expect(Set(events.map { $0["pipelineExecutionId"] }).count == 1)
        #expect(events.allSatisfy { $0["time"]?.stringValue?.hasSuffix("Z") == true })
        #expect(events.last?["reason"] == "action Build/Make failed")
        #expect(events.contains { $0["text"] == #"{"event":"x"}"# })
    }

    @Test(
        "wrong usage ends with 2 and says what is wrong",
        arguments: [
            (["run"], "Missing expected argument '<definition>'"), (["frobnicate"], "Unexpected argument 'frobnicate'"),
            (["run", ""], "the name of a definition must not be empty"), (["validate", ""], "must not be empty"),
            (["run", "x", "--format", "xml"], "Please provide one of 'human' and 'json'"),
            (["run", "x", "--jobs", "0"], "--jobs must be from 1 to 100, found 0"),
            (["run", "x", "--jobs", "1000000"], "--jobs must be from 1 to 100"),
            (["run", "x", "--jobs", "99999999999999999999"], "is invalid for '--jobs <count>'"),
            (["run", "x", "--approve", "maybe"], "Please provide one of 'ask', 'always' or 'never'"),
            (
                ["run", "x", "--sandbox", "docker"],
                "Please provide one of 'namespaces', 'bubblewrap', 'landlock' or 'none'"
            ),
            (["run", "x", "--variable", "Name"], "invalid for '--variable <name=value>'"),
            (["run", "x", "--state", ""], "--state must not be empty"),
            (["run", "x", "--settings", ""], "--settings must not be empty"),
            (["run", "x", "--plugins", ""], "--plugins must not be empty"),
            (["run", "x", "--plugins", "/nowhere"], "--plugins /nowhere: is not a directory"),
            (["history", "--limit", "0"], "--limit must be at least 1, found 0"),
            (["plugin", "show", "nothing"], "nothing: no such plugin in "),
        ])
    func usage(arguments: [String], message: String) async throws {
        let site = try Site()
        // The site's own options would come second.
        let outcome = try await site.launch(["\(Site.programs)/penstock"] + arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(outcome.output == [])
    }

    @Test("help and version are answers, not errors", arguments: [["--help"], ["run", "--help"], ["--version"], []])
    func help(arguments: [String]) async throws {
        let outcome = try await Site().launch(["\(Site.programs)/penstock"] + arguments).outcome()
        #expect(outcome.code == 0 && outcome.output != [] && outcome.errors == [])
    }
}
