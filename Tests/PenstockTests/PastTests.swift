import Jansson
import Testing

/// What can be asked about an execution when it is over, or long over.
@Suite("show --timing, --events and --at; diff")
struct PastTests {
    private static let definition = pipeline(
        source,
        Stage(
            "Build",
            action("Make", "cp in/Code/file out/App/; echo made", in: ["Code"], out: ["App"], more: ["namespace": "B"])),
        Stage("Ask", approval("Ok")), Stage("Ship", action("Out", "fail 'the shop is closed'", in: ["App"])),
        more: ["variables": [["name": "Env", "defaultValue": "test"]]])

    private static func milliseconds(_ json: JSON?) -> Int64 {
        if case .integer(let number)? = json { number } else { -1 }
    }

    private static func sum(_ json: JSON?) -> Int64 {
        guard case .object(let members)? = json else { return -1 }
        return members.values.reduce(0) { $0 + milliseconds($1) }
    }

    @Test("where the time went adds up, for people and for programs")
    func timing() async throws {
        let site = try Site()
        let outcome = try await site.run(Self.definition, "--approve", "always")
        #expect(outcome.code == 1, "the last action fails: \(outcome)")
        let id = try await site.execution()
        let table = try await site.penstock("show", id, "--timing")
        #expect(table.code == 0 && table.output[0].hasPrefix("shop version 1  Failed"), "\(table)")
        #expect(table.output[2].split(separator: " ").prefix(1) == ["total"])
        for name in ["Source", "  Fetch", "Build", "  Make", "Ask", "  Ok", "Ship", "  Out", "all"] {
            #expect(table.output.contains { $0.hasPrefix("\(name) ") }, "\(name) in \(table)")
        }
        let json = try #require(try await site.penstock("show", id, "--timing", "--format", "json").objects().first)
        let stages = json["stages"]?.elements ?? []
        let total = Self.milliseconds(json["totalMilliseconds"])
        #expect(stages.count == 4 && total > 0)
        #expect(stages.reduce(0) { $0 + Self.milliseconds($1["totalMilliseconds"]) } == total)
        for stage in stages {
            let inside = Self.milliseconds(stage["insideMilliseconds"])
            #expect(inside + Self.sum(stage["waitsMilliseconds"]) == Self.milliseconds(stage["totalMilliseconds"]))
            for action in stage["actions"]?.elements ?? [] {
                #expect(Self.sum(action["usesMilliseconds"]) == Self.milliseconds(action["totalMilliseconds"]))
                #expect(Self.milliseconds(action["totalMilliseconds"]) <= inside)
            }
        }
        let uses = try #require(stages[1]["actions"]?[0]?["usesMilliseconds"])
        #expect(uses["setUp"] != nil && uses["run"] != nil, "\(uses)")
    }

    @Test("any past moment is shown by the number of its event, and by its time")
    func past() async throws {
        let site = try Site()
        _ = try await site.run(Self.definition, "--approve", "always")
        let id = try await site.execution()
        let events = try await site.penstock("show", id, "--events")
        #expect(
            events.code == 0 && events.output[0].contains("1  ") && events.output[0].contains("started by"),
            "\(events)")
        let list = try #require(
            try await site.penstock("show", id, "--events", "--format", "json").objects().first?["events"]?.elements)
        #expect(list.count == events.output.count)
        #expect(list.map { $0["number"] } == (1...list.count).map { .integer(Int64($0)) })
        let made = try #require(list.firstIndex { $0["text"]?.stringValue?.hasPrefix("Build/Make#1 succeeds") == true })

        func shown(_ at: String) async throws -> JSON {
            try #require(try await site.penstock("show", id, "--at", at, "--format", "json").objects().first)
        }
        #expect(try await shown("1").statuses == [:])
        #expect(try await shown("\(made)").statuses == ["Fetch": "Succeeded", "Make": "InProgress"])
        let then = try await shown("\(made + 1)")
        #expect(then["status"] == "InProgress" && then["event"] == .integer(Int64(made + 1)))
        #expect(then.statuses == ["Fetch": "Succeeded", "Make": "Succeeded"])
        let human = try await site.penstock("show", id, "--at", "\(made + 1)")
        #expect(human.output.contains { $0.hasSuffix("after event \(made + 1) of \(list.count)") }, "\(human)")
        #expect(human.text.contains("waits for  the stage Ask"))
        let time = try #require(list[made]["time"]?.stringValue)
        #expect(try await shown(time).statuses["Make"] == "Succeeded")
        // The last moment is the present.
        #expect(try await shown("\(list.count)").statuses == site.shown().statuses)
        #expect(try await shown("2999-01-01T00:00:00Z").statuses == site.shown().statuses)
        let timing = try await site.penstock("show", id, "--timing", "--at", "\(made)", "--format", "json").objects()
        #expect(timing.first?["stages"]?.elements.count == 2)
    }

    @Test(
        "a moment that there never was is refused, and it is said which there are",
        arguments: [
            ("0", "--at 0: the execution has the events 1 to "),
            ("999", "--at 999: the execution has the events 1 to "),
            ("99999999999999999999", "the execution has the events 1 to "),
            ("1999-12-31T23:59:59Z", "there was no such execution yet: it began at "),
            ("yesterday", "yesterday"), ("2026-02-31T00:00:00Z", "2026-02-31"), ("2026-01-01T25:00:00Z", "25:00"),
            ("", "--at"),
        ])
    func never(at: String, message: String) async throws {
        let site = try Site()
        _ = try await site.run(pipeline(source, Stage("Ask", approval("Ok"))), "--approve", "never")
        let outcome = try await site.penstock("show", try await site.execution(), "--at", at)
        #expect(outcome.code == 2 && outcome.errorText.contains(message) && outcome.output == [], "\(outcome)")
    }

    @Test("a time is read with a zone and without, to the end of what is not said")
    func zones() async throws {
        let site = try Site()
        _ = try await site.run(pipeline(source, Stage("Ask", approval("Ok"))), "--approve", "never")
        let id = try await site.execution()
        let events = try await site.penstock("show", id, "--events", "--format", "json").objects().first?["events"]
        let time = try #require(events?[0]?["time"]?.stringValue)
        let second = String(time.prefix(19))
        for at in [
            time, "\(second)Z", "\(second)+00:00", second, second.replacing("T", with: " "), String(time.prefix(16)),
        ] {
            let outcome = try await site.penstock("show", id, "--at", at)
            #expect(outcome.code == 0, "\(at): \(outcome)")
        }
        #expect(try await site.penstock("show", id, "--at", "\(second)+01:00").code == 2, "an hour earlier")
    }

    @Test("an attempt that was made again by itself is there with its end, at any later moment (RTY-7)")
    func retried() async throws {
        let site = try Site()
        let retrying = pipeline(source, Stage("Try", action("Fail", "fail 'not yet'")))
        guard case .object(var members) = retrying, case .array(var stages)? = members["stages"],
            case .object(var second) = stages[1]
        else { return }
        second["onFailure"] = ["result": "RETRY"]
        stages[1] = .object(second)
        members["stages"] = .array(stages)
        #expect(try await site.run(.object(members)).code == 1)
        let id = try await site.execution()
        let count = try await site.penstock("show", id, "--events").output.count
        let shown = try #require(
            try await site.penstock("show", id, "--at", "\(count)", "--format", "json").objects().first)
        #expect(shown["actions"]?.elements.map { $0["status"] } == ["Succeeded", "Failed", "Failed"])
        #expect(shown["actions"]?.elements.map { $0["isCurrent"] } == [true, false, true])
    }

    @Test("diff tells what differs, and only that")
    func diff() async throws {
        let site = try Site()
        _ = try await site.run(Self.definition, "--approve", "always")
        let one = try await site.execution()
        let same = try await site.penstock("diff", one, one)
        #expect(same.code == 0 && same.output.last == "Nothing differs.", "\(same)")
        let changed = Self.definition.text.replacing("echo made", with: "echo more >> out/App/file")
        _ = try await site.run(try JSON(parsing: changed), "--approve", "always", "--variable", "Env=prod")
        let other = try await site.execution()
        let outcome = try await site.penstock("diff", one, String(other.prefix(13)))
        #expect(outcome.code == 0, "\(outcome)")
        for part in [
            "- \(one)  shop version 1  Failed", "+ \(other)  shop version 2  Failed", "version\n  1 -> 2",
            "artifacts\n  App\n", "variables\n  variables.Env\n    - test\n    + prod",
            "definition\n  stages[Build].actions[Make].configuration.Script\n    - cp in/Code/file out/App/; echo made\n",
        ] { #expect(outcome.text.contains(part), "\(part) in:\n\(outcome.text)") }
        #expect(!outcome.text.contains("Code\n"), "the source is the same")
        let json = try #require(try await site.penstock("diff", one, other, "--format", "json").objects().first)
        #expect(json["same"] == false && json["one"]?["pipelineVersion"] == 1 && json["other"]?["pipelineVersion"] == 2)
        #expect(json["variables"] == [["name": "variables.Env", "one": "test", "other": "prod"]])
        let unknown = try await site.penstock("diff", one, "ffffffff-none")
        #expect(unknown.code == 2 && unknown.errorText.contains("no such execution"), "\(unknown)")
    }
}
