import Glibc
import Jansson
import Testing

@Suite("penstock logs")
struct LogTests {
    private static let counting = "for i in {1..30}; do echo \"line $i\"; done"

    @Test("a log is read from any line on; a line that is not there is answered by how many there are")
    func lineNumbers() async throws {
        let site = try Site()
        let definition = pipeline(
            source, Stage("Build", action("Make", Self.counting)), Stage("Deploy", action("Make", "echo there")))
        #expect(try await site.run(definition).code == 0)
        let id = try await site.execution()
        let all = try await site.penstock("logs", id, "Build/Make").output
        #expect(all.count == 30 && all[29].hasSuffix(" line 30"))
        #expect(try await site.penstock("logs", id, "Build/Make", "--line", "28").output == Array(all[27...]))
        #expect(try await site.penstock("logs", id, "Build/Make", "--line", "1").output == all)
        let followed = try await site.penstock("logs", id, "Build/Make", "--line", "30", "--follow", "--format", "json")
        #expect(try followed.objects().map { $0["text"] } == ["line 30"])

        let beyond = try await site.penstock("logs", id, "Build/Make", "--line", "31")
        #expect(beyond.code == 2 && beyond.errorText.contains("Build/Make: there is no line 31; the log has 30 lines"))
        let two = try await site.penstock("logs", id, "Make", "--line", "2")
        #expect(two.code == 2 && two.errorText.contains("lines of one action; there are Build/Make, Deploy/Make"))
        let silent = try await site.penstock("logs", id, "Fetch", "--line", "1")
        #expect(silent.code == 2 && silent.errorText.contains("Source/Fetch: there is no line 1; the log has 0 lines"))
    }

    @Test(
        "what cannot be meant is refused",
        arguments: [
            ([], "name an execution, or a text by --search"), (["x", "--search", ""], "--search must not be empty"),
            (["x", "A", "--line", "0"], "--line must be 1 or more, found 0"),
            (["x", "A", "--line", "-3"], "--line"), (["x", "--line", "3"], "--line counts the lines of one action"),
            (["--search", "x", "--follow"], "say it without --follow"),
            (["x", "A", "--search", "x", "--line", "2"], "say it without --follow and --line"),
            (["no-such"], "no such execution"), (["no-such", "--search", "x"], "no such execution"),
        ])
    func refused(arguments: [String], answer: String) async throws {
        let site = try Site()
        #expect(try await site.run(pipeline(source, Stage("Build", action("Make", "true")))).code == 0)
        let outcome = try await site.start(["logs"] + arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(answer), "\(outcome)")
    }

    @Test("a text is searched in all executions, the newest first, and in what is named; 1 says that there is none")
    func search() async throws {
        let site = try Site()
        for word in ["first", "second"] {
            let script = "\(Self.counting); printf 'a needle, \(word)\\e[31m\\n'; echo end"
            let definition = pipeline(
                source, Stage("Build", action("Make", script), action("Other", "echo a needle, other")))
            #expect(try await site.run(definition).code == 0)
        }
        let ids = try await site.penstock("history", "--format", "json").objects().compactMap {
            $0["pipelineExecutionId"]?.stringValue
        }
        let found = try await site.penstock("logs", "--search", "needle, ", "--format", "json")
        #expect(found.code == 0)
        let objects = try found.objects()
        #expect(objects.map { $0["pipelineExecutionId"]?.stringValue } == [ids[0], ids[0], ids[1], ids[1]])
        #expect(Set(objects[..<2].map { $0["text"] }) == ["a needle, second\u{1B}[31m", "a needle, other"])
        let make = try #require(objects.last { $0["action"] == "Make" })
        #expect(make["line"] == 31 && make["stage"] == "Build" && make["stream"] == "stderr" && make["jobId"] != nil)

        let human = try await site.penstock("logs", ids[1], "Make", "--search", "needle")
        #expect(human.output.count == 1 && human.output[0].hasPrefix("\(ids[1]) Build/Make:31 "), "\(human)")
        #expect(human.output[0].hasSuffix(" a needle, first [31m"), "what is a control character is none on a terminal")
        let line = try await site.penstock("logs", ids[1], "Make", "--line", "31")
        #expect(line.output.count == 2 && line.output[0].hasSuffix(" a needle, first [31m"))

        for nothing in [["Needle"], ["needle", "--state", site.state]] {
            let outcome = try await site.start(["logs", ids[0], "Fetch", "--search"] + nothing).outcome()
            #expect(outcome.code == 1 && outcome.output == [] && outcome.errors == [], "\(outcome)")
        }
    }

    @Test("the attempts of an action that a retry repeats are one log, whose lines are counted on")
    func retries() async throws {
        let site = try Site()
        let script = "\(Self.counting); count tried; [ \"$(wc -l < \(site.shared)/tried)\" -eq 2 ]"
        let stage: JSON = [
            "name": "Build", "actions": [action("Make", script + " || fail later", type: "Build/Custom/Do")],
            "onFailure": ["result": "RETRY", "retryConfiguration": ["retryMode": "FAILED_ACTIONS"]],
        ]
        var definition = pipeline(source)
        guard case .object(var members) = definition else { return }
        members["stages"] = .array(definition["stages"]!.elements + [stage])
        definition = .object(members)
        #expect(try await site.run(definition).code == 0)
        let id = try await site.execution()
        let all = try await site.penstock("logs", id, "Make").output
        let numbers = try await site.penstock("logs", id, "Make", "--search", "line 30", "--format", "json").objects()
            .map { $0["line"] }
        #expect(numbers == [30, .integer(Int64(all.count))])
        #expect(all.count == 61, "with the failure of the first: \(all)")
        #expect(try await site.penstock("logs", id, "Make", "--line", "61").output == [all[60]])
        #expect(try await site.penstock("logs", id, "Make", "--line", "30").output == Array(all[29...]))
        #expect(try await site.penstock("logs", id, "Make", "--line", "62").code == 2)
    }

    @Test("who follows a log sees each line while another process writes it, and ends with the execution")
    func following() async throws {
        let site = try Site()
        let script = "\(Self.counting); echo waiting; await on; \(Self.counting); echo end"
        let run = try await site.startRun(pipeline(source, Stage("Build", action("Make", script))), "--quiet")
        try await until("there is an execution") { names(in: "\(site.state)/logs").count == 1 }
        let follower = try await site.start(["logs", try await site.execution(), "--follow"])
        try await follower.until(says: "Build/Make | waiting")
        #expect(!follower.isOver && !follower.output.contains("Build/Make | end"))
        try site.give("on")
        let outcome = try await follower.outcome()
        let counted = (1...30).map { "line \($0)" }
        #expect(outcome.code == 0)
        #expect(
            outcome.output.map { $0.split(separator: " | ").last.map(String.init) }
                == counted + ["waiting"] + counted + ["end"])
        #expect(try await run.outcome().code == 0)
    }

    @Test("a core that is killed while it writes loses nothing that was seen, and the next attempt's lines follow")
    func killed() async throws {
        let site = try Site()
        let script = """
            [ -e \(site.signs)/again ] && { echo "once more"; succeed; }
            seq -f 'line %.0f' 1 100000000
            """
        let run = try await site.startRun(pipeline(source, Stage("Build", action("Make", script))), "--quiet")
        func size() -> Int {
            let folder = names(in: "\(site.state)/logs").first.map { "\(site.state)/logs/\($0)" } ?? ""
            return names(in: folder).reduce(0) { sum, name in
                var status = stat()
                return sum + (stat("\(folder)/\(name)", &status) == 0 ? Int(status.st_size) : 0)
            }
        }
        try await until("it writes") { size() > 1 << 20 }
        #expect(try await run.outcome(after: SIGKILL).code == nil)
        let id = try await site.execution()
        let before = try await site.penstock("logs", id, "Make", "--format", "json").objects().map { $0["text"] }
        #expect(before.count > 1_024 && before == (1...before.count).map { .string("line \($0)") })
        try site.give("again")
        #expect(try await site.resume().code == 0)
        let after = try await site.penstock("logs", id, "Make", "--line", "\(before.count)", "--format", "json")
            .objects()
        #expect(after.map { $0["text"] } == [before.last!, "once more"])
        #expect(Set(after.map { $0["jobId"] }).count == 2)
    }

    @Test("who is asked to end in the middle of it has written what the plugin had said")
    func ended() async throws {
        for signal in [SIGTERM, SIGINT] {
            let site = try Site()
            let script = "trap 'echo heard; exit 1' TERM; seq 1 20000; count said; while true; do sleep 0.02; done"
            let make = action("Make", script, type: "Build/Custom/Do")
            let run = try await site.startRun(pipeline(source, Stage("Build", make)), "--quiet")
            try await until("it has spoken") { site.exists("shared/said") }
            run.signal(signal)
            // The first of these waits for what runs.
            if signal == SIGINT {
                try await until("it stops") { run.output.contains("stopping") || run.isOver }
                run.signal(signal)
            }
            _ = try await run.outcome()
            let lines = try await site.penstock("logs", try await site.execution(), "Make", "--format", "json")
                .objects()
                .compactMap { $0["stream"] == "stderr" ? $0["text"]?.stringValue : nil }
            // The shell tells of the sleep that it ended, or does not.
            #expect(lines.filter { $0 != "Terminated" } == (1...20_000).map(String.init) + ["heard"])
        }
    }

    @Test("a flood costs bounded memory and is cut with a marker, the plugin is not held up, and its result counts")
    func flood() async throws {
        let site = try Site()
        let line = String(repeating: "tide ", count: 20)
        let script =
            "yes '\(line)' | head -c 100000000; count said; await on; succeed '\"outputVariables\":{\"A\":\"b\"}'"
        let make = action("Make", script, type: "Build/Custom/Do")
        let run = try await site.startRun(pipeline(source, Stage("Build", make)), "--quiet")
        try await until("all of it is read") { site.exists("shared/said") }
        let status = try #require(contents("/proc/\(run.pid)/status"))
        let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        // A build for tests needs 54 MiB for nothing, and 64 MiB more for a log that it holds.
        #expect(Int(peak.filter(\.isNumber))! < 96 << 10, "\(peak)")
        try site.give("on")
        #expect(try await run.outcome().code == 0)
        #expect(try await site.shown().action("Make")["outputVariables"] == ["A": "b"])

        let id = try await site.execution()
        let folder = "\(site.state)/logs/\(id)"
        let sizes = names(in: folder).filter { $0.hasSuffix(".log") }.map { name in
            var status = stat()
            return stat("\(folder)/\(name)", &status) == 0 ? Int(status.st_size) : -1
        }
        #expect((64 << 20) - 1_000...(64 << 20) + 1_000 ~= sizes.max()!, "\(sizes)")
        let marks = try await site.penstock("logs", id, "Make", "--search", "log", "--format", "json").objects()
        #expect(marks[0]["text"] == "the log is truncated here: it reached its limit of 67108864 bytes")
        let dropped = try #require(marks.last?["text"]?.stringValue)
        let written = (64 << 20) / (line.utf8.count + 18)
        let lines = (100_000_000 + line.utf8.count) / (line.utf8.count + 1)
        #expect(dropped.hasPrefix("\(lines - written) lines of log, "), "\(dropped)")
        let number = try #require(marks[0]["line"]?.text)
        #expect(number == "\(written + 1)")
        let rest = try await site.penstock("logs", id, "Make", "--line", number)
        #expect(rest.output.count == 2, "\(rest)")
    }
}
