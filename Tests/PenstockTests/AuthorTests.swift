import Glibc
import Jansson
import Testing

extension Site {
    /// Runs `penstock plugin`, which knows neither state nor settings here.
    func author(_ arguments: String...) async throws -> Outcome { try await startAuthor(arguments).outcome() }

    func startAuthor(_ arguments: [String], by wrapper: [String] = []) async throws -> Run {
        try await launch(
            wrapper + ["\(Site.programs)/penstock", "plugin"] + arguments, input: wrapper.isEmpty ? "" : nil)
    }

    /// A plugin of the Python template, in the folder `hello`.
    func makeHello() async throws {
        let outcome = try await author("new", "hello", "--language", "python")
        try #require(outcome.code == 0, "\(outcome)")
    }

    /// Puts another text in the place of one in a file.
    func replace(_ old: String, by new: String, in name: String) throws {
        let text = try #require(contents(place(name)))
        try #require(text.contains(old), "\(name) has \(old)")
        var status = stat()
        stat(place(name), &status)
        try write(text.replacing(old, with: new), to: name, mode: status.st_mode & 0o777)
    }
}

@Suite("The author's loop")
struct AuthorTests {
    @Test("a new plugin runs at once, and shows the conversation, the verdict and the outputs")
    func first() async throws {
        let site = try Site()
        let made = try await site.author("new", "hello", "--language", "python")
        #expect(
            made.code == 0 && made.output.first == "hello/ is a plugin in Python, for Build/Custom/Hello/1.", "\(made)")
        #expect(made.text.contains("  penstock plugin run hello  "))
        let run = try await site.author("run", "hello")
        #expect(run.code == 0 && run.output.first == "hello 0.1.0, case greets", "\(run)")
        for said in [
            " → job run Build/Custom/Hello/1", "Name = Zoë", "input App: in/App", " ← progress  0 %  Greeting Zoë",
            "  exit status 0", "  Greeting = Hello, Zoë!", "  output Greeting: 1 file", "greeting.txt  13 bytes",
            "As the case expects.",
        ] { #expect(run.text.contains(said), "\(said) in \(run)") }
    }

    @Test(
        "what cannot be made is told with what could be, and nothing is written",
        arguments: [
            (["../x", "--language", "sh"], "\"../x\" is no name of a plugin: 1 to 64 of 0-9 A-Z a-z _ and -"),
            (["signs", "--language", "sh"], "signs: exists already; choose another name, or remove it"),
            (["x", "--language", "pyton"], "--language pyton: there is no such template; there are bash, c, "),
            (["x", "--language", "pyton"], "did you mean python?"),
            (["x", "--language", "sh", "--worker"], "--worker: there is a worker in go and python only"),
            (["x", "--language", "sh", "--category", "build"], "--category build: must be one of Source, Build, "),
            (["x", "--language", "sh", "--provider", "a b"], "\"a b\" is no provider: 1 to 35 of "),
        ])
    func refused(arguments: [String], message: String) async throws {
        let site = try Site()
        let outcome = try await site.startAuthor(["new"] + arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(!site.exists("x"))
    }

    @Test("a language whose toolchain is missing is told with the package that has it")
    func toolchain() async throws {
        let site = try Site()
        let outcome = try await site.launch([
            "/usr/bin/env", "PATH=/nowhere", "\(Site.programs)/penstock", "plugin", "new", "x", "--language", "c",
        ]).outcome()
        #expect(
            outcome.code == 2 && outcome.errorText.contains("C is not ready on this machine: apt-get install "),
            "\(outcome)")
        #expect(!site.exists("x"))
    }

    @Test("a case that does not end as expected, and a rule that is broken, are told; the answer is no")
    func broken() async throws {
        let site = try Site()
        try await site.makeHello()
        try site.replace("Hello, {name}!", by: "Hi, {name}!", in: "hello/bin/plugin")
        try site.replace("os.dup2(2, 1)", by: "pass", in: "hello/bin/plugin")
        let outcome = try await site.author("run", "hello", "--case", "greets")
        #expect(outcome.code == 1, "\(outcome)")
        #expect(outcome.text.contains("Not what the case expects: expected the output variable Greeting to be"))
        #expect(outcome.text.contains("← no message: The input artifacts hold 2 files"))
        #expect(outcome.text.contains("Breaks FRM-01: A plugin MUST NOT write anything but messages"))
    }

    @Test("a job of one's own: its configuration, inputs and outputs; what a host would refuse is said")
    func ownJob() async throws {
        let site = try Site()
        try await site.makeHello()
        let outcome = try await site.author(
            "run", "hello", "--configuration", "Name=a=b", "--input", "App=signs", "--output", "Made", "--out", "made")
        #expect(outcome.code == 0 && outcome.output.first == "hello 0.1.0, a job of your own", "\(outcome)")
        #expect(contents(site.place("made/Made/greeting.txt")) == "Hello, a=b!\n")
        let refused = try await site.author("run", "hello", "--configuration", "Nmae=x")
        #expect(refused.code == 1, "\(refused)")
        #expect(
            refused.errorText.contains("a host refuses this job before the plugin starts: ")
                && refused.errorText.contains("Nmae"))
        #expect(refused.text.contains("Failed after ") && refused.text.contains("ConfigurationError: Name is"))
        let bare = try await site.author("run", "hello", "--configuration", "Name=x")
        #expect(bare.code == 1 && bare.text.contains("Succeeded after"), "\(bare)")
        #expect(
            bare.errorText.contains("it has 0 input artifacts, and the manifest wants 1 to 5; give them with --input"))
    }

    @Test("a plugin that floods its output is ended, and shown to the beginning")
    func flood() async throws {
        let site = try Site()
        try await site.makeHello()
        try site.replace("def main():", by: "def main():\n    while True: wire.write(b'{}\\n')", in: "hello/bin/plugin")
        let outcome = try await site.author("run", "hello", "--record", "t")
        #expect(outcome.code == 1, "\(outcome.errorText)")
        #expect(outcome.errorText.contains("case greets: it writes more than is looked at, and was ended"))
        #expect(outcome.output.count < 2_100 && outcome.output.last == "         … more is not shown")
        #expect(!site.exists("t"), "there is no record of what was not looked at")
        try await until("no process is left") { site.processes().isEmpty }
    }

    @Test("a program that cannot be started is told with what to do, and so is one that is older than its source")
    func program() async throws {
        let site = try Site()
        try await site.makeHello()
        try site.replace("\"timeoutSeconds\"", by: "\"build\": [\"true\"], \"timeoutSeconds\"", in: "hello/plugin.json")
        try #require(chmod(site.place("hello/bin/plugin"), 0o644) == 0)
        let unable = try await site.author("run", "hello")
        #expect(unable.code == 1 && unable.errorText.contains("chmod +x "), "\(unable)")
        #expect(unable.errorText.contains("penstock plugin build hello"))
        try #require(chmod(site.place("hello/bin/plugin"), 0o755) == 0)
        let current = try await site.author("run", "hello")
        #expect(current.code == 0 && current.errors == [], "\(current)")
        try site.write("", to: "hello/source.c")
        let stale = try await site.author("run", "hello")
        #expect(stale.errorText.contains("bin/plugin is older than what it is built from: penstock plugin build hello"))
    }

    @Test("a job is cancelled when it is told to be, and what it started is gone")
    func cancelled() async throws {
        let site = try Site()
        try await site.makeHello()
        let outcome = try await site.author(
            "run", "hello", "--configuration", "Name=x", "--configuration", "Seconds=61", "--input", "App=signs",
            "--cancel-after", "0.5")
        #expect(
            outcome.code == 0 && outcome.text.contains("→ SIGTERM") && outcome.text.contains("\nAbandoned after"),
            "\(outcome)")
        try await until("no process is left") { site.processes().isEmpty }
    }

    @Test(
        "what `run` is given wrongly is refused before anything runs",
        arguments: [
            (["run", "absent"], "absent: does not exist"),
            (["run", "signs"], "signs: is no plugin: it has no plugin.json"),
            (
                ["run", "hello", "--case", "greet"],
                "--case greet: there is no such case; there are greets, takes-its-time, refuses; did you mean"
            ),
            (["run", "plugins/do"], "do has no cases to run; give it a job with --configuration KEY=VALUE"),
            (
                ["run", "plugins/do", "--configuration", "Script=true", "--type", "Od"],
                "--type Od: name one of Source/Custom/Do/1, Build/Custom/Do/1"
            ),
            (["run", "hello", "--configuration", "Name"], "--configuration Name: must be of the form NAME=VALUE"),
            (
                ["run", "hello", "--configuration", "A=1", "--configuration", "A=2"],
                "--configuration A=2: A is given twice"
            ),
            (["run", "hello", "--input", "App=absent"], "--input: absent: No such file or directory"),
            (["run", "hello", "--case", "greets", "--output", "X"], "--case is a job already"),
            (["run", "hello", "--cancel-after", "-1"], "--cancel-after"),
            (["run", "hello", "--record", "absent/file"], "--record absent/file: cannot be written: No such file"),
            (["run", "hello", "--out", "signs"], "--out signs: exists already"),
            (
                ["run", "hello", "--record", "hello/plugin.json"],
                "--record hello/plugin.json: exists already; remove it"
            ),
            (
                ["run", "hello", "--environment", "HOME"],
                "--environment HOME: permissions.environment does not ask for it"
            ),
            (["build", "hello"], "hello: its manifest has no run.build, so there is nothing to build"),
            (["build", "signs"], "signs: is no plugin"), (["watch", "signs"], "signs: is no plugin"),
            (["replay", "absent", "hello"], "absent: does not exist"),
            (["replay", "hello", "settings.yaml"], "hello: is a directory; the transcript comes first"),
            (["replay", "settings.yaml", "hello"], "settings.yaml: line 1 is no part of a transcript"),
        ])
    func wrong(arguments: [String], message: String) async throws {
        let site = try Site()
        try await site.makeHello()
        let outcome = try await site.startAuthor(arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(!outcome.text.contains("→"), "nothing was run")
    }

    @Test("a build is run as the author would, and its failure told with its status")
    func build() async throws {
        let site = try Site()
        try await site.makeHello()
        try site.replace(
            "\"timeoutSeconds\"", by: "\"build\": [\"sh\", \"make.sh\"], \"timeoutSeconds\"", in: "hello/plugin.json")
        try site.write("echo made > made; exit 3", to: "hello/make.sh")
        let failed = try await site.author("build", "hello")
        #expect(failed.code == 1 && failed.errorText.contains("hello: `sh make.sh` ended with status 3"), "\(failed)")
        try site.write("rm bin/plugin", to: "hello/make.sh")
        let lost = try await site.author("build", "hello")
        #expect(
            lost.code == 1
                && lost.errorText.contains("built, but plugin hello: run.command \"bin/plugin\" does not exist"),
            "\(lost)")
        try site.write("printf '#!/bin/sh\\n' > bin/plugin; chmod +x bin/plugin", to: "hello/make.sh")
        #expect(try await site.author("build", "hello").code == 0)
    }

    @Test("watch runs the cases again when a file changes, and tells a manifest that is broken; Ctrl-C ends it")
    func watch() async throws {
        let site = try Site()
        try await site.makeHello()
        let run = try await site.startAuthor(["watch", "hello", "--case", "greets,refuses"])
        try await run.until(says: "  ok      refuses")
        #expect(run.output.contains("  ok      greets"))
        try site.replace("Hello, {name}!", by: "Hi, {name}!", in: "hello/bin/plugin")
        try await run.until(says: "  FAILED  greets")
        try await until("the fault is told") { run.output.contains("Not what the case expects: ") }
        let manifest = try #require(contents(site.place("hello/plugin.json")))
        try site.write("{", to: "hello/plugin.json")
        try await until("the manifest's fault is told") { run.errors.contains("hello/plugin.json: ") }
        try site.replace("Hi, {name}!", by: "Hello, {name}!", in: "hello/bin/plugin")
        try site.write(manifest, to: "hello/plugin.json")
        try await until("all is well again") { run.output.split(separator: "\n").last == "  ok      refuses" }
        let outcome = try await run.outcome(after: SIGINT)
        #expect(outcome.code == 0, "\(outcome)")
    }
}
