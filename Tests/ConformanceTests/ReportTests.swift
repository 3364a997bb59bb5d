import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

@Suite("Reports")
struct ReportTests {
    private let site: PluginSite
    private let scope: Scope

    init() throws {
        site = try PluginSite()
        site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5)
        let set = try requirements()
        scope = Scope(
            requirements: set, newest: set, rules: ["FRM-01", "FRM-02", "FRM-03", "FRM-10", "LIF-05", "WRK-01"])
    }

    private static let nasty = "stdout at byte 0: <b>\"Start\"]]> & `x` | \u{1B}[31m\nsecond \u{0} line"

    private func report(
        _ findings: [Finding], flaky: Set<String> = [], options: [String] = [], baseline: String? = nil
    ) throws -> ConformanceReport {
        let folder = try site.read()
        let baseline = try baseline.map {
            try site.write($0, to: "baseline")
            return try Baseline(reading: "\(site.path)/baseline", rules: scope.newest.rules)
        }
        return ConformanceReport(
            result(scope.judged(folder, by: findings, flaky: flaky), profiles: scope.profiles), of: folder, scope,
            reproduction: .init(directory: "'my plugin'", options: options), baseline: baseline)
    }

    private func finding(_ rule: String, _ fixture: String? = "ok", _ evidence: String = "seen") -> Finding {
        Finding(rule, fixture: fixture, probe: "fixtures", evidence: evidence, hint: "mend it")
    }

    @Test("for people give the sum first, then what is broken with evidence, hint and the command that shows it again")
    func human() throws {
        let report = try report(
            [finding("FRM-01"), finding("FRM-03", nil, "two\nlines"), finding("LIF-05")], flaky: ["LIF-05"],
            options: ["--network"])
        let rule = { try #require(self.scope.requirements[$0]?.sentence) }
        #expect(
            report.human == """
                acme 1.2.0 fails
                  6 rules: 2 passed, 1 failed, 1 warned, 1 not testable, 1 skipped; 8.4 s
                  requirements 1.0 (penstock/1), profiles core, worker

                FAIL  FRM-01  \(try rule("FRM-01"))
                  case ok, probe fixtures: seen
                    hint: mend it
                    Reproduce with: penstock conformance run 'my plugin' --rule FRM-01 --case ok --seed 7 --network

                WARN  FRM-03  \(try rule("FRM-03"))
                  probe fixtures: two
                    | lines
                    hint: mend it
                    Reproduce with: penstock conformance run 'my plugin' --rule FRM-03 --seed 7 --network

                FLAKY  LIF-05  \(try rule("LIF-05"))
                  case ok, probe fixtures: seen
                    hint: mend it
                    Reproduce with: penstock conformance run 'my plugin' --rule LIF-05 --case ok --seed 7 --network

                NOT TESTABLE, which counts as a failure but for the rules in brackets, which have a SHOULD:
                  no case has the trait longRunning: FRM-10

                skipped:
                  run.lifecycle is not worker: WRK-01

                """)
    }

    @Test("for people tell three findings of a rule, what they share once, and how many more there are")
    func many() throws {
        let text = try report((1...5).map { finding("FRM-01", "ok", "seen \($0)") }).human
        #expect(text.contains("seen 3") && !text.contains("seen 4") && text.contains("\n  and 2 more\n"))
        #expect(text.split(separator: "\n").count { $0.contains("Reproduce with") } == 1)
    }

    @Test("with a baseline say what it knew, and what of it is out of date")
    func baseline() throws {
        let known = try report([finding("FRM-01")], baseline: "FRM-01\nFRM-10\n")
        #expect(known.passes && known.human.hasPrefix("acme 1.2.0 passes with its baseline\n"))
        #expect(known.human.contains("penstock/1), profiles core, worker\n\nFAIL  FRM-01"))
        #expect(known.human.contains(" (in the baseline)\n") && known.json["verdict"] == "fail")
        #expect(
            known.junit.contains("failures=\"0\"")
                && known.junit.contains("<skipped message=\"in the baseline: seen\"/>"))
        let stale = try report([finding("FRM-01")], baseline: "FRM-01\nFRM-10\nFRM-02\n")
        #expect(!stale.passes && stale.human.contains("STALE  \(site.path)/baseline:3: FRM-02 is out of date"))
        #expect(stale.junit.contains("<failure type=\"stale\"") && stale.markdown.contains("- **Stale** "))
    }

    @Test("as JSON hold the whole result, every finding of it")
    func json() throws {
        let json = try report((1...5).map { finding("FRM-01", "ok", "seen \($0)") }, options: []).json
        #expect(try JSON(parsing: json.prettyPrinted) == json)
        #expect(json["verdict"] == "fail" && json["seed"] == 7 && json["plugin"]?["name"] == "acme")
        let rule = try #require(json["rules"]?[0])
        #expect(rule["id"] == "FRM-01" && rule["level"] == "MUST NOT" && rule["status"] == "fail")
        #expect(rule["findings"]?[4]["evidence"] == "seen 5" && rule["findings"]?[4]["case"] == "ok")
        #expect(
            rule["findings"]?[4]["reproduce"]
                == "penstock conformance run 'my plugin' --rule FRM-01 --case ok --seed 7")
        let skipped = try #require(json["rules"]?[5])
        #expect(skipped["status"] == "skip" && skipped["reason"] == "run.lifecycle is not worker")
        #expect(skipped["findings"] == nil)
    }

    @Test("as JUnit have a suite for each profile, and text that XML can hold")
    func junit() throws {
        let xml = try report([finding("FRM-01", "ok", Self.nasty), finding("FRM-03", "ok", Self.nasty)]).junit
        #expect(
            xml.contains("<testsuite name=\"core\" tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"0\" time=\"0\""))
        #expect(xml.contains("<testsuite name=\"worker\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\""))
        #expect(
            xml.contains(
                "<failure type=\"MUST NOT\" message=\"stdout at byte 0: &lt;b&gt;&quot;Start&quot;]]&gt; &amp;"))
        #expect(xml.contains("\u{FFFD}[31m&#10;second \u{FFFD} line\""), "in an attribute a newline is escaped")
        #expect(xml.contains("<system-out>case ok: stdout"), "what warns does not fail")
        #expect(xml.contains("<failure type=\"not testable\" message=\"no case has the trait longRunning\">"))
        #expect(!xml.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        // The whole is XML: an independent parser takes it.
        try site.write(xml, to: "out.xml")
        let script = "import sys, xml.etree.ElementTree as t; print(len(t.parse(sys.argv[1]).findall('.//testcase')))"
        #expect(try python(script, "\(site.path)/out.xml") == "6\n")
    }

    @Test("as Markdown have a table, and evidence that cannot be taken for Markdown or HTML")
    func markdown() throws {
        let text = try report([finding("FRM-01", "ok", Self.nasty)]).markdown
        #expect(
            text.hasPrefix("# acme 1.2.0 fails\n\n6 rules: 3 passed, 1 failed, 1 not testable, 1 skipped, by requi"))
        #expect(text.contains("| FRM-01 | fail | A plugin MUST NOT write anything"))
        #expect(text.contains("| FRM-10 | not testable | A plugin MUST flush each message when it sends it. (no case"))
        #expect(
            text.contains("\n    stdout at byte 0: <b>\"Start\"]]> & `x` | \u{FFFD}[31m\n    second \u{FFFD} line\n"))
        #expect(text.contains("\n    penstock conformance run 'my plugin' --rule FRM-01 --case ok --seed 7\n"))
    }

    @Test("of the manifest tell every place, and are reproduced by lint")
    func lint() throws {
        let set = try requirements()
        let scope = Scope(requirements: set, newest: set, profiles: [.manifest])
        let folder = try site.read()
        let report = ConformanceReport(
            result(
                scope.judged(folder, by: (0...9).map { Finding("MAN-12", evidence: "\($0)", hint: "h") }),
                profiles: [.manifest]),
            of: folder, scope, reproduction: .init(directory: "."))
        #expect(report.human.contains("  9\n    hint: h\n    Reproduce with: penstock conformance lint .\n"))
        #expect(report.passes && report.json["verdict"] == "pass", "a SHOULD fails nothing")
    }
}

@Suite("A badge")
struct BadgeTests {
    private let site: PluginSite
    private let specification: Specification

    init() throws {
        site = try PluginSite()
        specification = try Specification(directory: spec.path)
    }

    private func badge(_ profiles: [Profile], _ broken: String..., rules: Set<String> = []) throws -> Badge {
        let folder = try site.read()
        let set = try specification.newest()
        let scope = Scope(requirements: set, newest: set, profiles: profiles, rules: rules)
        let rules = scope.judged(folder, by: broken.map { Finding($0, evidence: "e", hint: "h") })
        let report = ConformanceReport(
            result(rules, profiles: profiles), of: folder, scope, reproduction: .init(directory: "."))
        try site.write(report.json.text, to: "result.json")
        return try Badge(readingResult: "\(site.path)/result.json", specification)
    }

    @Test("names the protocol, the profiles, the requirements, and how many of them are met")
    func made() throws {
        let good = try badge([.core, .artifacts])
        #expect(good.label == "penstock/1 core,artifacts" && good.color == "brightgreen")
        // LIF-04 is about workers, FRM-10 about long work, ART-08 about what is reproducible.
        #expect(good.message == "48/48 of 1.0")
        #expect(good.json["schemaVersion"] == 1 && good.json["label"] == .string(good.label))
        let warned = try badge([.core], "FRM-03")
        #expect(warned.message == "40/41 of 1.0" && warned.color == "yellow")
        #expect(try badge([.core], "FRM-01").color == "red")
        #expect(
            try badge([.core, .worker]).label == "penstock/1 core", "a profile of which all was skipped is no merit")
    }

    @Test("is red where something declared was not shown")
    func notTestable() throws {
        site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5)
        #expect(try badge([.core]).color == "red")
    }

    @Test("is refused for a part of a result, for what is no result, and for unknown requirements")
    func refused() throws {
        let part = #expect(throws: UnreadableInput.self) { try badge([.core], rules: ["FRM-01"]) }
        #expect(part?.problem == "is about a part of its profiles: run without --rule and --case")
        func problem(_ text: String) throws -> String {
            try site.write(text, to: "result.json")
            return #expect(throws: UnreadableInput.self) {
                try Badge(readingResult: "\(site.path)/result.json", specification)
            }?.problem ?? ""
        }
        #expect(try problem("[1,").hasPrefix("is no result of the kit: line 1"))
        #expect(try problem("{}") == "is no result of the kit: resultVersion is required")
        #expect(
            try problem(#"{"resultVersion": 1, "requirements": "9.9"}"#).hasPrefix("has the requirements 9.9, which"))
        #expect(throws: UnreadableInput("\(site.path)/absent", "does not exist")) {
            try Badge(readingResult: "\(site.path)/absent", specification)
        }
    }
}

@Suite("The folder spec/")
struct SpecificationTests {
    @Test("has its sets of requirements in the order of their numbers, and mutants by rule")
    func read() throws {
        let site = try PluginSite()
        for revision in ["1.10", "1.9"] {
            try site.write(#"{"revision": "\#(revision)", "plugins": []}"#, to: "spec/requirements/\(revision).json")
        }
        try site.write(#"{"about": "Greets."}"#, to: "spec/mutants/FRM-01-banner/mutant.json")
        try site.write(#"{"about": "Is slow."}"#, to: "spec/mutants/FRM-10-buffer/mutant.json")
        let specification = try Specification(directory: "\(site.path)/spec")
        #expect(specification.revisions == ["1.9", "1.10"])
        #expect(try specification.newest().revision == "1.10")
        #expect(try specification.mutants(of: "FRM-01").map(\.about) == ["Greets."])
        try site.write("{}", to: "spec/requirements/1.9.json")
        #expect(throws: UnreadableInput.self) { try specification.requirements("1.9") }
        #expect(throws: UnreadableInput.self) { try Specification(directory: site.path) }
    }
}

/// What a script of Python prints.
func python(_ script: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return said
}
