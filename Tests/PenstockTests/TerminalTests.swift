import Glibc
import Jansson
import Testing

@Suite("On a terminal")
struct TerminalTests {
    /// Gives a program a terminal of its own: what is typed here it reads, what it draws comes out here.
    static let terminal = [
        "/usr/bin/python3", "-c",
        """
        import os, pty, sys
        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
        """,
    ]
    /// What stands on the screen in the end is not looked at, but every line that was ever drawn.
    private func start(_ site: Site, _ pipeline: JSON, _ options: String...) async throws -> Run {
        try site.write(pipeline.text, to: "pipeline.json")
        return try await site.start(["run", "pipeline.json"] + options, input: nil, by: Self.terminal)
    }

    @Test("a line for each action shows how it stands, for how long, and its last words")
    func drawing() async throws {
        let site = try Site()
        let run = try await start(
            site, pipeline(source, Stage("Build", action("Make", "echo kneading; await go; echo baked"))))
        try await run.until(says: "  ▶ Make ")
        try await run.until(says: "s  kneading")
        try site.give("go")
        let outcome = try await run.outcome()
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.text.contains("shop version 1, ") && outcome.text.contains("  ✔ Make "))
        #expect(outcome.text.contains("  · Make"), "what has not started is shown too")
        #expect(outcome.text.contains("\u{1B}[2K"), "it is drawn over itself")
        #expect(outcome.output.last?.contains("shop Succeeded in ") == true)
    }

    @Test("a view that is higher than the terminal leaves out what is over or has not begun, and stays in its place")
    func tall() async throws {
        let site = try Site()
        let many = (1...9).map { stage in
            Stage("Stage\(stage)", action("Make\(stage)", "true"), action("Also\(stage)", "true"))
        }
        let wide = Stage("Wide", actions: (1...30).map { action("Wide\($0)", "true") })
        let outcome = try await start(site, pipeline([source] + many + [wide])).outcome()
        #expect(outcome.code == 0, "\(outcome)")
        // A terminal that does not tell its size counts as one of 24 rows.
        let heights = outcome.text.matches(of: /\u{1B}\[([0-9]+)A/).compactMap { Int($0.1) }
        #expect(!heights.isEmpty && heights.allSatisfy { $0 < 24 }, "\(heights)")
        #expect(outcome.text.contains("✔ Make9") && outcome.text.contains("✔ Wide30"), "the last drawing is whole")
    }

    @Test("a question is asked below the view and answered there; what is no answer is asked again")
    func question() async throws {
        let site = try Site()
        let run = try await start(site, OptionTests.gated)
        try await run.until(says: "waits for an approval")
        run.type("perhaps\n")
        try await run.until(says: "The answer is y or n, found \"perhaps\".")
        run.type("y\n")
        let outcome = try await run.outcome()
        #expect(outcome.code == 0 && outcome.text.contains("Approve Gate/Ok (Is it well?)? [y/N] "), "\(outcome)")
        #expect(outcome.text.contains("  ✔ Ok "))
    }

    @Test("Ctrl-C on the keyboard stops and says what it waits for; a second one gives up")
    func interrupt() async throws {
        let site = try Site()
        let run = try await start(site, pipeline(source, Stage("Build", action("Make", "echo kneading; await never"))))
        try await run.until(says: "kneading")
        run.type("\u{3}")
        try await run.until(says: "stopping, waits for Make; Ctrl-C again gives up")
        run.type("\u{3}")
        let outcome = try await run.outcome()
        #expect(outcome.code == 4 && outcome.text.contains("  – Make "), "\(outcome)")
        #expect(outcome.text.contains(site.resumption(of: try await site.execution())))
        try await site.expectNothingLeft()
    }

    @Test("stubs are told of on a line of their own")
    func stubs() async throws {
        let site = try Site()
        try site.write(OptionTests.gated.text, to: "pipeline.json")
        let run = try await site.start(["run", "pipeline.json", "--stub", "all"], input: nil, by: Self.terminal)
        let outcome = try await run.outcome()
        #expect(outcome.code == 0 && outcome.text.contains("\u{1B}[2Kwith stubs in place of all actions"), "\(outcome)")
    }

    @Test("an interrupted question leaves the terminal in order", arguments: [SIGTERM])
    func interruptedQuestion(signal: Int32) async throws {
        let site = try Site()
        let run = try await start(site, OptionTests.gated)
        try await run.until(says: "waits for an approval")
        let core = try #require(children(of: run.pid).first)
        // The question has no line of its own; it has been asked when a thread reads the standard input (system call 0).
        try await until("it reads the answer") {
            names(in: "/proc/\(core)/task").contains {
                contents("/proc/\(core)/task/\($0)/syscall")?.hasPrefix("0 0x0 ") == true
            }
        }
        kill(core, signal)
        let outcome = try await run.outcome()
        #expect(outcome.code == 4, "\(outcome)")
        #expect(
            outcome.output.contains { $0.hasPrefix("penstock: was asked to end; ") }, "on a line of its own: \(outcome)"
        )
    }

    @Test(
        "no escape sequence of a plugin's reaches the terminal, whichever way it is looked at",
        arguments: [["run", "pipeline.json"], ["run", "pipeline.json", "--quiet"], ["show"], ["logs"]])
    func escapeSequences(arguments: [String]) async throws {
        let site = try Site()
        // A colour, a title, a C1 control in UTF-8, a bell, a backspace; in the log and in the failure.
        let script = #"""
            printf 'a\033[31mlog\033]0;title\007 \302\233 5 \b\r.\n'
            fail 'a\u001b[31mfailure\u0007\nand \u009b5 more'
            """#
        let definition = pipeline(source, Stage("Build", action("Make", script)))
        try site.write(definition.text, to: "pipeline.json")
        var arguments = arguments
        if arguments.count == 1 {
            #expect(try await site.run(definition).code == 1)
            arguments.append(try await site.execution())
        }
        let outcome = try await site.start(arguments, input: nil, by: Self.terminal).outcome()
        #expect(outcome.text.contains(arguments[0] == "logs" ? "log" : "failure"), "\(outcome)")
        // What the view draws with is its own.
        let own = try Regex("\u{1B}\\[([0-9]+A|2K)")
        let rest = (outcome.text + outcome.errorText).replacing(own, with: "").unicodeScalars
        let controls = rest.filter { $0.value < 0x20 || 0x7F..<0xA0 ~= $0.value }
        // A terminal ends its lines with both.
        #expect(controls.allSatisfy { $0 == "\r" || $0 == "\n" }, "\(String(rest).debugDescription)")
    }
}
