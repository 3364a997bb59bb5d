import Glibc
import Jansson
import Testing

/// Of the checkout: `spec/` and `plugins/`.
private let checkout = directory(of: directory(of: directory(of: #filePath)))

extension Site {
    /// Runs `penstock conformance`, which knows neither state nor settings.
    fileprivate func kit(_ arguments: String...) async throws -> Outcome {
        try await launch(["\(Site.programs)/penstock", "conformance"] + arguments).outcome()
    }

    /// A plugin in which nothing is wrong, in the folder `good`.
    fileprivate func makeGoodPlugin(_ change: (JSON) -> JSON = { $0 }) throws {
        for folder in ["good", "good/bin"] { try makeFolder(place(folder)) }
        try write("#!/bin/sh\n", to: "good/bin/plugin", mode: 0o755)
        let manifest: JSON = [
            "manifestVersion": 1, "name": "good", "version": "1", "description": "d", "homepage": "h", "license": "MIT",
            "protocol": ["penstock/1"], "actionTypes": [["category": "Test", "provider": "Good", "version": "1"]],
            "run": ["command": ["bin/plugin"]], "conformance": "cases.json",
        ]
        try write(change(manifest).text, to: "good/plugin.json")
        let cases: JSON = [
            ["name": "ok", "traits": ["succeeds"], "expect": ["status": "Succeeded"]],
            ["name": "no", "traits": ["fails"], "expect": ["status": "Failed"]],
        ]
        try write(cases.text, to: "good/cases.json")
    }
}

@Suite("penstock conformance")
struct ConformanceCommandTests {
    @Test("list tells all rules, those of some profiles, and both as JSON")
    func list() async throws {
        let site = try Site()
        let all = try await site.kit("list")
        #expect(all.code == 0 && all.output.count == 100, "\(all)")
        let some = try await site.kit("list", "--profile", "manifest,logs", "--json").objects()
        #expect(some.count == 16 && some[0]["id"] == "MAN-01" && some[0]["keyword"] == "MUST")
        #expect(some.allSatisfy { $0["check"] != nil && $0["sentence"] != nil && $0["written"] != nil })
    }

    @Test(
        "what does not exist is told with what may have been meant",
        arguments: [
            (["explain", "FRM-1"], "there is no rule FRM-1; did you mean \"FRM-01\"?"),
            (["explain", "nothing"], "there is no rule nothing (`penstock conformance list` lists them)"),
            (["list", "--profile", "cor"], "--profile cor: must be of manifest, core, "),
            (["list", "--profile", "cor"], "did you mean \"core\"?"),
            (["list", "--requirements", "9.9"], "--requirements 9.9: there is no such set; there are 1.0"),
            (["lint", "absent"], "absent: does not exist"),
            (["lint", "settings.yaml"], "settings.yaml: is not a directory; name the plugin's folder"),
            (["lint", "state"], "state: does not exist"),
            (["lint", "signs"], "signs: is no plugin: it has no plugin.json"),
            (["lint", "plugins"], "plugins: is no plugin: it has no plugin.json; below it are plugins: do, peek"),
            (["lint", ""], "the plugin's folder must not be empty"),
            (["lint", "plugins/do", "--requirements", "0.1"], "there is no such set; there are 1.0"),
            (["lint", "plugins/do", "--report", "xml"], "--report xml: must be of json, junit, markdown"),
            (["lint", "plugins/do", "--out", "x"], "--out needs --report"),
            (["lint", "plugins/do", "--baseline", "absent"], "absent: does not exist"),
            (["lint", "plugins/do", "--baseline", "plugins"], "plugins: is no regular file"),
            (
                ["run", "plugins/do", "--environment", "HOME"],
                "--environment HOME: permissions.environment does not ask"
            ),
            (["run", "plugins/do", "--transcripts", "settings.yaml"], "--transcripts settings.yaml: Not a directory"),
            (["badge", "absent"], "absent: does not exist"),
            (["badge", "settings.yaml"], "settings.yaml: is no result of the kit: line 1"),
        ])
    func unknown(arguments: [String], message: String) async throws {
        let site = try Site()
        let outcome = try await site.launch(["\(Site.programs)/penstock", "conformance"] + arguments).outcome()
        #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
        #expect(outcome.text == "")
    }

    @Test("explain tells a rule, where it is written, how it is checked and what to do, whatever the case of its id")
    func explain() async throws {
        let outcome = try await Site().kit("explain", "frm-07")
        #expect(outcome.code == 0 && outcome.output.first == "FRM-07  MUST NOT  profile core  requirements 1.0")
        #expect(outcome.output[2] == "An object in a message MUST NOT have the same key twice.")
        #expect(outcome.text.contains("written    \(checkout)/spec/protocol.md#framing"), "\(outcome)")
        #expect(outcome.text.contains("checked    it is looked for in every run of the plugin"))
        #expect(outcome.text.contains("hint       build messages with a JSON library, from a map"))
    }

    @Test("lint says yes to a plugin in which nothing is wrong, and no to one that names no cases (MAN-10)")
    func lint() async throws {
        let site = try Site()
        try site.makeGoodPlugin()
        let good = try await site.kit("lint", "good")
        #expect(good.code == 0 && good.output.first == "good 1 passes", "\(good)")
        let bare = try await site.kit("lint", "plugins/do")
        #expect(bare.code == 1 && bare.output.first == "do 1 fails", "\(bare)")
        #expect(bare.text.contains("  plugin.json names no cases (conformance): MAN-10"))
        #expect(bare.text.contains("Reproduce with: penstock conformance lint plugins/do"))
    }

    @Test("a signal ends a run of the kit, which clears everything away first", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) async throws {
        let site = try Site()
        try site.makeGoodPlugin()
        try site.write("#!/bin/sh\nexec sleep 60\n", to: "good/bin/plugin", mode: 0o755)
        try site.makeFolder(site.place("tmp"))
        let kit = "\(Site.programs)/penstock"
        let run = try await site.launch([
            "/usr/bin/env", "TMPDIR=\(site.place("tmp"))", kit, "conformance", "run", "good",
        ])
        try await until("a plugin is at work") {
            names(in: site.place("tmp")).contains { names(in: "\(site.place("tmp"))/\($0)").contains("1") }
        }
        let outcome = try await run.outcome(after: signal)
        #expect(
            outcome.code == 4 && outcome.errorText.contains("interrupted: nothing is said of the plugin"), "\(outcome)")
        #expect(names(in: site.place("tmp")) == [])
        try await until("no process is left") { site.processes().isEmpty }
    }

    @Test("a folder for temporary files that cannot be used is no fault of the plugin's")
    func noTemporaryFolder() async throws {
        let site = try Site()
        try site.makeGoodPlugin()
        let kit = "\(Site.programs)/penstock"
        let outcome = try await site.launch(["/usr/bin/env", "TMPDIR=/proc", kit, "conformance", "run", "good"])
            .outcome()
        #expect(outcome.code == 3 && outcome.errorText.contains("no temporary folder can be used: /proc"), "\(outcome)")
    }

    @Test("lint tells every fault of a manifest, and none of its control characters reaches a terminal")
    func broken() async throws {
        let site = try Site()
        try site.makeGoodPlugin { manifest in
            guard case .object(var members) = manifest else { return manifest }
            members["protocol"] = []
            members["\u{1B}[2Jkey"] = 1
            return .object(members)
        }
        let outcome = try await site.kit("lint", "good")
        #expect(outcome.code == 1 && outcome.output.first == "good unknown fails", "\(outcome)")
        #expect(outcome.text.contains("FAIL  MAN-02") && outcome.text.contains("FAIL  MAN-08"))
        #expect(outcome.text.contains(" [2Jkey is not a known key") && !outcome.text.contains("\u{1B}"))
    }

    @Test("lint breaks none of the rules that bind for a shipped plugin", arguments: names(in: "\(checkout)/plugins"))
    func shipped(plugin: String) async throws {
        let folder = "\(checkout)/plugins/\(plugin)"
        guard access("\(folder)/plugin.json", F_OK) == 0 else { return }
        let outcome = try await Site().kit("lint", folder)
        #expect(outcome.text.contains("12 rules: ") && !outcome.text.contains("FAIL"), "\(outcome)")
        let isShown = contents("\(folder)/plugin.json")?.contains("\"conformance\"") == true
        #expect(outcome.code == (isShown ? 0 : 1), "\(outcome)")
    }

    @Test("a baseline lets known breaches pass, fails by what is out of date, and is refused with unknown rules")
    func baseline() async throws {
        let site = try Site()
        try site.write("MAN-10  # there are no cases yet\nMAN-12\n", to: "known")
        let known = try await site.kit("lint", "plugins/do", "--baseline", "known")
        #expect(known.code == 0 && known.output.first == "do 1 passes with its baseline", "\(known)")
        try site.makeGoodPlugin()
        let stale = try await site.kit("lint", "good", "--baseline", "known")
        #expect(stale.code == 1, "\(stale)")
        #expect(
            stale.text.contains(
                "STALE  known:1: MAN-10 is out of date: the plugin keeps the rule now; remove the line"))
        try site.write("MAN-1O\n", to: "known")
        let unknown = try await site.kit("lint", "good", "--baseline", "known")
        #expect(unknown.code == 2, "\(unknown)")
        #expect(unknown.errorText.contains("known: line 1: there is no rule MAN-1O; did you mean \"MAN-10\"?"))
    }

    @Test("reports are written where asked, valid by their schema, and make a badge")
    func reports() async throws {
        let site = try Site()
        try site.makeGoodPlugin()
        let outcome = try await site.kit(
            "lint", "good", "--report", "json,junit", "--report", "markdown", "--out", "out")
        #expect(outcome.code == 0 && outcome.output.first == "good 1 passes", "\(outcome)")
        #expect(names(in: site.place("out")) == ["conformance.json", "conformance.md", "conformance.xml"])
        let bare = try await site.kit("lint", "plugins/do", "--report", "json")
        #expect(bare.code == 1 && site.exists("conformance.json"), "\(bare)")
        let script = """
            import json, sys, xml.etree.ElementTree as tree
            from jsonschema import Draft202012Validator
            schema = json.load(open(sys.argv[1]))
            for path in sys.argv[3:]: Draft202012Validator(schema).validate(json.load(open(path)))
            print(len(tree.parse(sys.argv[2]).findall(".//testcase")))
            """
        let valid = try await site.launch([
            "/usr/bin/python3", "-c", script, "\(checkout)/spec/schema/result.json", "out/conformance.xml",
            "out/conformance.json", "conformance.json",
        ]).outcome()
        #expect(valid.code == 0 && valid.text == "12", "\(valid)")
        let badge = try #require(try await site.kit("badge", "out/conformance.json").objects().first)
        #expect(badge["label"] == "penstock/1 manifest" && badge["color"] == "brightgreen", "\(badge)")
    }

    @Test("a report that cannot be written is found before anything is judged")
    func unwritable() async throws {
        let site = try Site()
        try site.makeGoodPlugin()
        try site.makeFolder(site.place("out"))
        try site.makeFolder(site.place("out/conformance.json"))
        for (out, message) in [
            ("settings.yaml", "--out: settings.yaml/conformance.json cannot be written: Not a directory"),
            ("absent/out", "--out: absent/out cannot be made: No such file or directory"),
            ("out", "--out: out/conformance.json cannot be written: Is a directory"),
            ("good", "--out good: lies in the plugin's folder, which is judged; name another directory"),
            ("good/bin", "--out good/bin: lies in the plugin's folder"),
        ] {
            let outcome = try await site.kit("lint", "good", "--report", "json", "--out", out)
            #expect(outcome.code == 2 && outcome.errorText.contains(message), "\(outcome)")
            #expect(outcome.text == "", "nothing was judged")
        }
    }

    @Test("an installation without spec/ is at fault itself, and one with it needs no checkout")
    func installed() async throws {
        let site = try Site()
        for folder in ["usr", "usr/bin", "usr/lib", "usr/lib/penstock"] { try site.makeFolder(site.place(folder)) }
        let copied = try await site.launch(["/bin/cp", "\(Site.programs)/penstock", "usr/bin/"]).outcome()
        try #require(copied.code == 0)
        let program = [site.place("usr/bin/penstock"), "conformance", "list"]
        let without = try await site.launch(program).outcome()
        #expect(without.code == 3 && without.errorText.contains("install Penstock again"), "\(without)")
        try #require(symlink("\(checkout)/spec", site.place("usr/lib/penstock/spec")) == 0)
        #expect(try await site.launch(program).outcome().output.count == 100)
    }
}
