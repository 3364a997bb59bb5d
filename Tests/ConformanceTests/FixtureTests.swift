import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

@Suite("Cases of a plugin's author")
struct FixtureTests {
    /// One change of a case that is in order, and what is said of it.
    static let faults: [(path: String, value: JSON?, place: String, problem: String)] = [
        ("0.name", nil, "[0].name", "is required"),
        ("0.name", "no", "[1].name", "\"no\" is the name of a case before"),
        ("0.name", "a b", "[0].name", "must be made of 0-9 A-Z a-z _ - only, found \"a b\""),
        ("0.traits", [], "[0].traits", "must have at least one entry"),
        ("0.traits", ["succeds"], "[0].traits[0]", "found \"succeds\"; did you mean \"succeeds\"?"),
        ("0.traits", ["succeeds", "succeeds"], "[0].traits[1]", "is there twice"),
        ("0.trait", ["succeeds"], "[0].trait", "is not a known key; did you mean \"traits\"?"),
        (
            "0.actionTypeId",
            ["category": "Deploy", "owner": "Custom", "provider": "AcmeDeplyo", "version": "1"], "[0].actionTypeId",
            "the manifest does not have: Deploy/Custom/AcmeDeploy/1; did you mean \"Deploy/Custom/AcmeDeploy/1\"?"
        ),
        ("0.operation", "walk", "[0].operation", "must be one of run, check, notify"),
        ("0.configuration", ["Projekt": "p"], "[0].configuration.Projekt", "did you mean \"Project\"?"),
        (
            "0.configuration", ["Project": "{outside}/{hostPath:tagret}"], "[0].configuration",
            "has {hostPath:tagret}, and permissions.hostPaths has no such slot; did you mean \"target\"?"
        ),
        ("0.providerSettings", ["a": ["{hostPath:x}"]], "[0].providerSettings", "has {hostPath:x}, and"),
        ("0.configuration", ["Project": 1], "[0].configuration.Project", "must be a string, found an integer"),
        ("0.inputArtifacts", ["App": "fixtures/ap"], "[0].inputArtifacts.App", "which is no directory of the plugin"),
        ("0.inputArtifacts", ["App": "bin/plugin"], "[0].inputArtifacts.App", "which is no directory of the plugin"),
        ("0.inputArtifacts", ["App": "../x"], "[0].inputArtifacts.App", "must be a relative path without \"..\""),
        ("0.inputArtifacts", ["App": "/tmp"], "[0].inputArtifacts.App", "must be a relative path without \"..\""),
        ("0.inputArtifacts", ["App": "out"], "[0].inputArtifacts.App", "leads out of the plugin's folder"),
        ("0.inputArtifacts", ["a/b": "fixtures/app"], "[0].inputArtifacts.a/b", "must name an artifact"),
        (
            "0.inputArtifacts", ["A": "fixtures/app", "B": "fixtures/app"], "[0].inputArtifacts",
            "has 2, and the manifest allows 0 to 1"
        ),
        ("0.outputArtifacts", ["Out", "Out"], "[0].outputArtifacts[1]", "\"Out\" is there twice"),
        ("0.outputArtifacts", [], "[0].expect.outputArtifacts.Out", "is not among the case's outputArtifacts"),
        ("0.operation", "check", "[0].outputArtifacts", "allows 0 to 0 for check"),
        ("0.action", ["comands": []], "[0].action.comands", "did you mean \"commands\"?"),
        ("0.cursor", 1, "[0].cursor", "must be a string"),
        ("0.expect", nil, "[0].expect", "is required"),
        ("0.expect", [], "[0].expect", "must be an object"),
        ("0.expect.status", "Suceeded", "[0].expect.status", "did you mean \"Succeeded\"?"),
        ("0.expect.failureType", "JobFailed", "[0].expect.failureType", "only Failed has one"),
        ("1.expect.failureType", "Oops", "[1].expect.failureType", "must be one of JobFailed"),
        ("0.expect.outputVariables", ["a": 1], "[0].expect.outputVariables.a", "must be a string"),
        ("0.expect.outputArtifacts", ["Out": ["../x"]], "[0].expect.outputArtifacts.Out[0]", "relative path"),
        ("0.expect.maxContinuations", -1, "[0].expect.maxContinuations", "must be from 0"),
        ("0.expect.files", [], "[0].expect.files", "is not a known key"),
        ("1.expect.status", "Succeeded", "[1].traits", "has fails, which needs the expected status Failed"),
        ("0.setup", "mkdir x", "[0].setup", "must be a list"),
        ("0.teardown", [""], "[0].teardown[0]", "must be a shell command"),
        ("0.verify", "", "[0].verify", "must be a shell command"),
        ("0.needs", ["disk"], "[0].needs[0]", "must be \"network\", found \"disk\""),
        ("0.timeoutSeconds", 0, "[0].timeoutSeconds", "must be from 1 to 43200, found 0"),
        ("0.timeoutSeconds", 43_201, "[0].timeoutSeconds", "must be from 1 to 43200, found 43201"),
    ]

    @Test("that have a fault are told with file, place, and what may have been meant (MAN-10)", arguments: faults)
    func fault(path: String, value: JSON?, place: String, problem: String) throws {
        let site = try PluginSite()
        try site.link("out", to: "/tmp")
        site.cases = site.cases.with(at: path, value)
        let folder = try site.read()
        let found = folder.fixtureProblems.first { $0.path == place && $0.problem.contains(problem) }
        #expect(found != nil, "\(folder.fixtureProblems)")
        let finding = folder.manifestFindings().first { $0.rule == "MAN-10" }
        #expect(finding?.evidence.hasPrefix("conformance/cases.json: [") == true)
    }

    @Test("may name the slots of the manifest, and the world outside")
    func places() throws {
        let site = try PluginSite()
        site.cases = site.cases.with(at: "0.configuration", ["Project": "{hostPath:target}/x{outside}"])
        let folder = try site.read()
        #expect(folder.fixtureProblems == [])
        #expect(folder.fixtures[0].configuration["Project"] == "{hostPath:target}/x{outside}", "left as it is here")
    }

    @Test("are all judged at once, and those without a fault are kept")
    func several() throws {
        let site = try PluginSite()
        site.cases = site.cases.with(at: "0.verify", "").with(at: "0.cursor", 1).with(at: "1.needs", ["disk"])
        let folder = try site.read()
        #expect(folder.fixtureProblems.map(\.path) == ["[0].cursor", "[0].verify", "[1].needs[0]"])
        #expect(folder.fixtures.map(\.name) == ["later"])
    }

    @Test("must ask for one of several types, may leave one alone unsaid, and lack nothing that it requires")
    func types() throws {
        let site = try PluginSite()
        let second = site.manifest["actionTypes"]![0].with("version", "2").with("configurationProperties", [])
        site.manifest = site.manifest.with("actionTypes", [site.manifest["actionTypes"]![0], second])
        #expect(
            try site.read().fixtureProblems.map(\.path) == ["[0].actionTypeId", "[1].actionTypeId", "[2].actionTypeId"])

        let strict = try PluginSite()
        strict.manifest = strict.manifest.with(at: "actionTypes.0.configurationProperties.0.required", true)
        strict.cases = strict.cases.with(at: "1.traits", ["fails", "badConfiguration"])
        #expect(try strict.read().fixtureProblems.map(\.path) == ["[2].configuration.Project"])
    }

    @Test(
        "that cannot be read at all are one finding",
        arguments: [
            ("{}", "must be a list, found an object"), ("[1,]", "is not strict JSON: line 1"),
            ("[1]", "must be an object, found an integer"),
        ])
    func unreadable(text: String, problem: String) throws {
        let site = try PluginSite()
        _ = try site.read()
        try site.write(text, to: "conformance/cases.json")
        #expect(try PluginFolder(reading: site.path).fixtureProblems.map(\.problem).joined().contains(problem))
    }

    @Test("that are not where the manifest says are told, wherever that leads")
    func place() throws {
        let site = try PluginSite()
        try site.link("out", to: "/tmp")
        for (name, problem) in [
            ("conformance/case.json", "does not exist, and plugin.json names it as conformance"),
            ("conformance", "is no regular file, and plugin.json names it as conformance"),
            ("/etc/passwd", "must be a relative path without \"..\", found \"/etc/passwd\""),
            ("out", "is \"out\", which leads out of the plugin's folder, to /tmp"),
        ] {
            site.manifest = site.manifest.with("conformance", .string(name))
            #expect(try site.read().fixtureProblems.map(\.problem) == [problem])
        }
    }

    @Test("of the specification's good vectors are read", arguments: ["cases-full.json", "cases-minimal.json"])
    func good(name: String) throws {
        let site = try PluginSite()
        let text = [UInt8](try Data(contentsOf: spec.appending(path: "vectors/good/\(name)")))
        site.cases = try JSON(parsing: text)
        let folder = try site.read()
        #expect(folder.fixtureProblems == [])
        #expect(folder.fixtures.count >= 2)
    }
}
