import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

@Suite("A baseline")
struct BaselineTests {
    private let site: PluginSite
    private let scope: Scope

    init() throws {
        site = try PluginSite()
        let set = try requirements()
        scope = Scope(requirements: set, newest: set, profiles: [.core])
    }

    private func baseline(_ text: String) throws -> Baseline {
        try site.write(text, to: "baseline")
        return try Baseline(reading: "\(site.path)/baseline", rules: scope.newest.rules)
    }

    private func report(_ text: String, _ found: [(String, String?)], scope: Scope? = nil) throws -> ConformanceReport {
        let scope = scope ?? self.scope
        let folder = try site.read()
        let findings = found.map { Finding($0, fixture: $1, evidence: "e", hint: "h") }
        return ConformanceReport(
            result(scope.judged(folder, by: findings)), of: folder, scope, reproduction: .init(directory: "."),
            baseline: try baseline(text))
    }

    @Test("lets pass what it knows, of one case or of all, and nothing else")
    func known() throws {
        let text = "# known\n\n  FRM-01@ok  # banner\nRES-03\n"
        #expect(try report(text, [("FRM-01", "ok"), ("RES-03", "no"), ("RES-03", nil)]).passes)
        let other = try report(text, [("FRM-01", "ok"), ("FRM-01", "no"), ("RES-03", "no")])
        #expect(!other.passes && other.stale == [])
        #expect(try !report(text, [("FRM-01", "ok"), ("RES-03", "no"), ("RES-04", "no")]).passes)
        #expect(try !report("FRM-01@ok", [("FRM-01", nil)]).passes, "seen in no case")
    }

    @Test("fails by a line that is out of date, with the line")
    func stale() throws {
        let report = try report("RES-03\n\nFRM-01@no\nRES-04@nope", [("FRM-01", "ok")])
        let file = "\(site.path)/baseline"
        #expect(!report.passes)
        #expect(
            report.stale == [
                "\(file):1: RES-03 is out of date: the plugin keeps the rule now; remove the line",
                "\(file):3: FRM-01@no is out of date: the case keeps the rule now; remove the line",
                "\(file):4: RES-04@nope is out of date: there is no case nope",
            ])
        #expect(try !self.report("RES-03", []).passes, "even if nothing else is wrong")
    }

    @Test("has no say in what was not judged")
    func partial() throws {
        #expect(try report("SEC-01\nMAN-12", []).passes, "other profiles")
        let one = Scope(requirements: scope.requirements, newest: scope.newest, rules: ["FRM-01"], cases: ["ok"])
        #expect(try report("FRM-01@no\nRES-03", [], scope: one).passes, "other cases and rules")
        #expect(try !report("FRM-01@ok", [], scope: one).passes)
    }

    @Test("knows rules that cannot be tested")
    func notTestable() throws {
        site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5)
        #expect(try !report("", []).passes)
        #expect(try report("FRM-10", []).passes)
        #expect(try !report("FRM-10@ok", []).passes)
    }

    @Test("of other lines is refused, all of them at once, with what may have been meant")
    func unreadable() throws {
        let error = #expect(throws: UnreadableInput.self) { try baseline("FRM-01\nFRM-1@ok\nXYZ\nFRM-02 ok\nFRM-03@") }
        #expect(
            error?.problem
                == "line 2: there is no rule FRM-1; did you mean \"FRM-01\"?; line 3: there is no rule XYZ; "
                + "line 4: must be RULE or RULE@case; line 5: must be RULE or RULE@case")
        #expect(throws: UnreadableInput("\(site.path)/absent", "does not exist")) {
            try Baseline(reading: "\(site.path)/absent", rules: [])
        }
        #expect(throws: UnreadableInput("\(site.path)/bin", "is no regular file")) {
            try Baseline(reading: "\(site.path)/bin", rules: [])
        }
    }
}

/// Of a plugin acme, judged in no time.
func result(_ rules: [ConformanceResult.Judged], profiles: [Profile] = [.core]) -> ConformanceResult {
    ConformanceResult(
        kit: "0.1.0", requirements: "1.0", profiles: profiles,
        plugin: .init(
            name: "acme", version: "1.2.0", sha256: String(repeating: "0", count: 64), protocols: ["penstock/1"]),
        rules: rules, seed: 7, durationSeconds: 8.44, startedAt: "2026-01-02T03:04:05.000Z",
        environment: ["system": "linux/amd64"])
}
