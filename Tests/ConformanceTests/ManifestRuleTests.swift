import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

private let bad = (try? FileManager.default.contentsOfDirectory(atPath: spec.appending(path: "vectors/bad").path)) ?? []

@Suite("The rules of the profile manifest")
struct ManifestRuleTests {
    @Test("find nothing in a plugin that keeps them")
    func good() throws {
        let site = try PluginSite()
        #expect(try site.read().manifestFindings() == [])
    }

    /// Changes of a good plugin: one for each rule that a manifest breaks by itself.
    static let breaches: [(rule: String, path: String, value: JSON?, evidence: String)] = [
        ("MAN-01", "manifestVersion", 2, "manifestVersion must be 1, found 2"),
        ("MAN-02", "configurationPropertys", [], "configurationPropertys is not a known key"),
        ("MAN-03", "actionTypes.0.version", "1.0.0", "actionTypes[0].version must be made of"),
        ("MAN-04", "actionTypes.0.configurationProperties.0.type", "Int", "must be one of String, Number, Boolean"),
        ("MAN-05", "actionTypes.0.configurationProperties.1.queryable", true, "needs a property that is required"),
        ("MAN-06", "actionTypes.0.inputArtifactDetails.minimumCount", 2, "must have minimumCount ≤ maximumCount"),
        ("MAN-07", "run.command", ["../x"], "must be a path inside the plugin's folder"),
        ("MAN-08", "protocol", ["penstock/99"], "must contain \"penstock/1\""),
        ("MAN-09", "actionTypes.0.settings.entityUrlTemplate", "{Config:Token}", "has {Config:Token}"),
        ("MAN-10", "run.heartbeatSeconds", 5, "no case has the trait longRunning, which run.heartbeatSeconds demands"),
        (
            "MAN-11", "run.requires", ["sh", "no-such-tool"],
            "run.requires[1] is \"no-such-tool\", which is not in /usr"
        ),
        ("MAN-12", "description", " ", "description is missing or empty"),
        ("MAN-12", "license", nil, "license is missing or empty"),
        ("MAN-12", "actionTypes.0.configurationProperties.1.description", "", "(of Token) is missing or empty"),
    ]

    @Test("find what a manifest breaks, each by itself (MAN-01…MAN-12)", arguments: breaches)
    func breach(rule: String, path: String, value: JSON?, evidence: String) throws {
        let site = try PluginSite()
        site.manifest = site.manifest.with(at: path, value)
        let findings = try site.read().manifestFindings()
        #expect(Set(findings.map(\.rule)) == [rule], "\(findings)")
        #expect(findings.contains { $0.evidence.contains(evidence) }, "\(findings)")
        #expect(findings.allSatisfy { !$0.hint.isEmpty && $0.fixture == nil })
    }

    @Test("find every fault of a manifest at once")
    func several() throws {
        let site = try PluginSite()
        site.manifest = site.manifest.with("protocol", []).with("nmae", "x").with(at: "actionTypes.0.version", "1.0")
        let folder = try site.read()
        #expect(Set(folder.manifestFindings().map(\.rule)) == ["MAN-02", "MAN-03", "MAN-08"])
        #expect(folder.manifest == nil && folder.version == "unknown")
    }

    @Test("find a program that is not there, no file, not executable or reached over a link that leads out (MAN-07)")
    func program() throws {
        let site = try PluginSite()
        func evidence() throws -> String? { try site.read().manifestFindings().first { $0.rule == "MAN-07" }?.evidence }
        try site.write("", to: "bin/plugin", mode: 0o644)
        #expect(try evidence()?.hasSuffix("\"bin/plugin\", which is not executable") == true)
        try site.remove("bin/plugin")
        #expect(try evidence()?.hasSuffix("which does not exist") == true)
        try site.makeFolder("bin/plugin")
        #expect(try evidence()?.hasSuffix("which is no regular file") == true)
        try site.remove("bin/plugin")
        try site.link("bin/plugin", to: "/bin/sh")
        #expect(try evidence()?.contains("which leads out of the plugin's folder, to /") == true)
        try site.remove("bin/plugin")
        try site.write("", to: "bin/real", mode: 0o755)
        try site.link("bin/plugin", to: "real")
        #expect(try evidence() == nil, "a link that stays inside is a program as any")
    }

    @Test("find each trait that a capability demands and no case has (MAN-10)")
    func traits() throws {
        let site = try PluginSite()
        site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5)
        site.cases = []
        let hints = try site.read().manifestFindings().map(\.hint)
        #expect(
            hints
                == ["succeeds", "fails", "longRunning", "producesArtifact", "usesSecret", "continues"].map {
                    "add a case with \"traits\": [\"\($0)\"]"
                })
        site.manifest = site.manifest.with("conformance", nil)
        #expect(try site.read().manifestFindings() == [], "whoever names no cases does not break it, but see below")
    }

    @Test(
        "find in the specification's bad manifests and cases the rule that each is named after, and no other",
        arguments: bad.filter { $0.hasPrefix("MAN-") }.sorted())
    func vector(name: String) throws {
        let site = try PluginSite()
        let text = String(decoding: try Data(contentsOf: spec.appending(path: "vectors/bad/\(name)")), as: UTF8.self)
        let isCases = name.hasPrefix("MAN-10")
        _ = try site.read()
        try site.write(text, to: isCases ? "conformance/cases.json" : "plugin.json")
        let findings = try PluginFolder(reading: site.path).manifestFindings()
        #expect(Set(findings.map(\.rule)) == [String(name.prefix(6))], "\(findings)")
    }

    @Test("have vectors") func present() { #expect(bad.count { $0.hasPrefix("MAN-") } >= 40) }

    @Test("find a manifest of more than 1 MiB (MAN-01)")
    func tooLong() throws {
        let site = try PluginSite()
        site.manifest = site.manifest.with("x-long", .string(String(repeating: "x", count: 1 << 20)))
        #expect(try site.read().manifestFindings().map(\.evidence) == ["plugin.json: has more than 1048576 bytes"])
    }
}
