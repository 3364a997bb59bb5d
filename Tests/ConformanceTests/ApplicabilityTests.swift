import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

@Suite("Whether a rule can be judged")
struct ApplicabilityTests {
    private let set: Requirements

    init() throws { set = try requirements() }

    private func applicability(_ rule: String, _ change: (PluginSite) -> Void = { _ in }) throws -> Applicability {
        let site = try PluginSite()
        change(site)
        return Applicability(of: try #require(set[rule]), to: try site.read())
    }

    @Test("every rule of the set has a hint and a way of checking that is told")
    func told() throws {
        for rule in set.rules {
            #expect(!rule.hint.hasPrefix("see what"), "\(rule.id) has a hint")
            #expect(!rule.howChecked.hasPrefix("by the probe"), "\(rule.id) says how it is checked")
        }
    }

    /// What the plugin does not declare is skipped: with this change it is.
    static let undeclared: [(rules: [String], reason: String, path: String, value: JSON?)] = [
        (
            ["WRK-01", "WRK-08", "LIF-04", "CAN-04", "CAN-05"], "run.lifecycle is not worker", "run.lifecycle",
            "oneShot"
        ),
        (["WRK-03"], "no worker with maxConcurrentJobs above 1", "run.lifecycle", "worker"),
        (["CNT-01", "CNT-03", "CNT-06"], "run.continuations is not declared", "run.continuations", nil),
        (
            ["ART-01", "ART-03", "ART-05"], "no action type has output artifacts",
            "actionTypes.0.outputArtifactDetails",
            nil
        ),
        (["ART-02"], "no action type has input artifacts", "actionTypes.0.inputArtifactDetails", nil),
        (["ART-08"], "run.reproducible is not declared", "run.reproducible", nil),
        (["PRG-03"], "run.heartbeatSeconds is not declared", "run.heartbeatSeconds", nil),
        (
            ["FRM-10", "PRG-04"], "no run.heartbeatSeconds and no case with the trait longRunning",
            "run.heartbeatSeconds", nil
        ),
        (["SEC-06"], "no case has the trait obtainsSecret", "run.heartbeatSeconds", nil),
    ]

    @Test("not where the capability is not declared: skip", arguments: undeclared)
    func skip(rules: [String], reason: String, path: String, value: JSON?) throws {
        for rule in rules {
            let found = try applicability(rule) { $0.manifest = $0.manifest.with(at: path, value) }
            #expect(found == .skip(reason), "\(rule)")
        }
    }

    @Test("not about secrets or artifacts where there are none: skip")
    func nothing() throws {
        func without(_ site: PluginSite) {
            site.manifest = site.manifest.with(at: "actionTypes.0.configurationProperties", [])
                .with(at: "actionTypes.0.inputArtifactDetails", nil)
                .with(at: "actionTypes.0.outputArtifactDetails", nil)
            site.cases = [["name": "ok", "traits": ["succeeds"], "expect": ["status": "Succeeded"]]]
        }
        for rule in ["SEC-01", "SEC-04", "SEC-05"] {
            #expect(try applicability(rule, without) == .skip("no action type has a secret property"))
        }
        for rule in ["ART-04", "ART-06"] {
            #expect(try applicability(rule, without) == .skip("no action type has artifacts"))
        }
        for rule in ["SEC-07", "ART-07", "PRG-01", "FRM-01", "CAN-01"] {
            #expect(try applicability(rule, without) == .judge, "\(rule) is about every plugin")
        }
    }

    @Test("where it is declared and no case shows it: not testable")
    func notTestable() throws {
        func only(_ traits: [String]) -> (PluginSite) -> Void {
            { site in
                site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5).with(at: "run.reproducible", true)
                    .with(at: "run.lifecycle", "worker").with(at: "run.maxConcurrentJobs", 2)
                site.cases = [["name": "no", "traits": .strings(traits), "expect": ["status": "Failed"]]]
            }
        }
        for (rules, trait) in [
            (["CNT-01", "CNT-03", "CNT-06"], "continues"), (["FRM-10", "PRG-03", "PRG-04", "WRK-03"], "longRunning"),
            (["ART-01", "ART-08"], "producesArtifact"), (["SEC-04"], "usesSecret"),
            (["SEC-01", "SEC-05"], "usesSecret or obtainsSecret"), (["RES-05", "RES-07"], "succeeds"),
        ] {
            for rule in rules {
                #expect(
                    try applicability(rule, only(["fails"])) == .notTestable("no case has the trait \(trait)"),
                    "\(rule)")
            }
        }
        for rule in ["LIF-09", "MSG-04", "CAN-01", "WRK-01"] {
            guard case .notTestable(let reason) = try applicability(rule, only(["fails"])) else {
                Issue.record("\(rule) needs a case that succeeds")
                continue
            }
            #expect(reason.hasPrefix("no case has the trait succeeds without longRunning and continues"))
        }
        #expect(try applicability("ART-02", only(["fails"])) == .notTestable("no case has inputArtifacts"))
        #expect(try applicability("ART-04", only(["fails"])) == .notTestable("no case that succeeds has artifacts"))
        for rule in ["LIF-03", "LIF-11", "LIF-12", "CAN-06", "FRM-01"] {
            #expect(try applicability(rule, only(["fails"])) == .judge, "\(rule) needs no such case")
        }
    }

    @Test("a plugin without cases has nothing to show: not testable, the cases themselves too (MAN-10)")
    func withoutCases() throws {
        for rule in ["MAN-10", "FRM-01", "RES-01", "LIF-09"] {
            let found = try applicability(rule) { $0.manifest = $0.manifest.with("conformance", nil) }
            #expect(found == .notTestable("plugin.json names no cases (conformance)"), "\(rule)")
        }
    }

    @Test("cases with faults are left out, which is told")
    func faults() throws {
        let found = try applicability("CNT-01") { $0.cases = $0.cases.with(at: "2.verify", "") }
        #expect(
            found == .notTestable("no case has the trait continues; cases with faults are left out (MAN-10)"))
    }

    @Test("of a manifest with faults only what it says is judged")
    func brokenManifest() throws {
        func broken(_ site: PluginSite) { site.manifest = site.manifest.with(at: "actionTypes.0.version", "1.0") }
        for rule in ["MAN-01", "MAN-03", "MAN-09"] { #expect(try applicability(rule, broken) == .judge) }
        for rule in ["MAN-07", "MAN-10", "MAN-12", "FRM-01"] {
            #expect(try applicability(rule, broken) == .notTestable("plugin.json has to be mended first: MAN-03"))
        }
        func unread(_ site: PluginSite) { site.manifest = [] }
        #expect(try applicability("MAN-01", unread) == .judge)
        #expect(try applicability("MAN-02", unread) == .notTestable("plugin.json has to be mended first: MAN-01"))
    }
}
