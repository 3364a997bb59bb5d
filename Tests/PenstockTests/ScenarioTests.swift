import Jansson
import Testing

@Suite("penstock test")
struct ScenarioTests {
    private func test(_ scenarios: String, _ options: String..., on site: Site) async throws -> Outcome {
        try site.write(StubTests.unserved.text, to: "pipeline.json")
        try site.write(scenarios, to: "scenarios.yaml")
        return try await site.launch(
            ["\(Site.programs)/penstock", "test", "pipeline.json", "--scenarios", "scenarios.yaml"] + options
        ).outcome()
    }

    private let passing = "{name: well, expect: {status: Succeeded}}"
    private let failing = "{name: \"<broken> & \\\"odd\\\"\\u0007\", expect: {status: Failed, path: []}}"

    @Test("all passed is 0, some failed is 1, and nothing is made")
    func verdicts() async throws {
        let site = try Site()
        let well = try await test("scenarios: [\(passing)]", on: site)
        #expect(well.code == 0 && well.output == ["ok    well", "1 scenario: 1 passed, 0 failed"], "\(well)")
        let both = try await test("scenarios: [\(passing), \(failing)]", on: site)
        #expect(both.code == 1 && both.output.last == "2 scenarios: 1 passed, 1 failed", "\(both)")
        #expect(both.text.contains("status: expected Failed, was Succeeded") && both.text.contains("+ End/Ship: Succ"))
        let quiet = try await test("scenarios: [\(passing), \(failing)]", "--quiet", on: site)
        #expect(quiet.output.first?.hasPrefix("FAIL") == true)
        #expect(
            names(in: site.path) == ["pipeline.json", "plugins", "scenarios.yaml", "settings.yaml", "shared", "signs"])
    }

    @Test("a report does not replace what it is about")
    func overwriting() async throws {
        let site = try Site()
        for file in ["scenarios.yaml", "./pipeline.json"] {
            let outcome = try await test("scenarios: [\(passing)]", "--output", file, on: site)
            #expect(outcome.code == 2 && outcome.errorText.contains("--output \(file): is read here"), "\(outcome)")
        }
        #expect(contents(site.place("scenarios.yaml")) == "scenarios: [\(passing)]")
    }

    @Test("JUnit's XML is read by a common parser, whatever stands in it, and JSON is one object")
    func reports() async throws {
        let site = try Site()
        let outcome = try await test(
            "scenarios: [\(passing), \(failing)]", "--format", "junit", "--output", "report.xml", on: site)
        #expect(outcome.code == 1 && outcome.output.last == "2 scenarios: 1 passed, 1 failed")
        let script = """
            import xml.etree.ElementTree as tree
            suite = tree.parse("report.xml").getroot().find("testsuite")
            print(suite.get("name"), suite.get("tests"), suite.get("failures"))
            for case in suite: print(case.get("name"), [line.strip() for f in case for line in f.text.split("\\n")][:2])
            """
        let parsed = try await site.launch(["/usr/bin/python3", "-c", script]).outcome()
        #expect(
            parsed.output == [
                "shop 2 1", "well []",
                "<broken> & \"odd\"\u{FFFD} ['status: expected Failed, was Succeeded', 'path (- expected, + happened):']",
            ], "\(parsed)")
        let json = try await test("scenarios: [\(passing), \(failing)]", "--format", "json", on: site).objects()
        #expect(json.count == 1 && json[0]["failed"] == 1 && json[0]["scenarios"]?[0]?["passed"] == true)
        #expect(json[0]["scenarios"]?[1]?["deviations"]?[1]?["expected"] == [])
    }

    @Test(
        "a bad file is 2, with all that is wrong in it",
        arguments: [
            ("", "scenarios.yaml: is empty"), ("scenarios: []", "scenarios has no scenario"),
            ("scenarios: [{}]", "scenarios[0].name is required\npenstock: scenarios.yaml: scenarios[0].expect is"),
            ("[: ", "scenarios.yaml:1: "),
        ])
    func badFiles(text: String, message: String) async throws {
        let outcome = try await test(text, on: try Site())
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
    }

    @Test("a definition with findings is a bad file, too; so is a report that cannot be written")
    func otherFiles() async throws {
        let site = try Site()
        let full = try await test("scenarios: [\(passing)]", "--output", "/dev/full", on: site)
        #expect(full.code == 2 && full.errorText.contains("--output /dev/full: cannot be written"), "\(full)")
        try site.write("{\"name\": \"x\", \"stages\": []}", to: "broken.json")
        let broken = try await site.launch(
            ["\(Site.programs)/penstock", "test", "broken.json", "--scenarios", "scenarios.yaml"]
        ).outcome()
        #expect(broken.code == 2 && broken.errorText.contains("STR-4"), "\(broken)")
    }
}
