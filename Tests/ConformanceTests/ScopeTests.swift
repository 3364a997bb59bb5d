import Conformance
import Jansson
import PluginProtocol
import Testing

@Suite("What a result is about")
struct ScopeTests {
    private func scope(
        _ profiles: [Profile] = [], rules: Set<String> = [], cases: Set<String> = []
    ) throws -> Scope {
        let set = try requirements()
        return Scope(requirements: set, newest: set, profiles: profiles, rules: rules, cases: cases)
    }

    @Test("all rules if nothing else was asked for, those of profiles, or single ones with their profiles")
    func chosen() throws {
        let folder = try PluginSite().read()
        #expect(try scope().plan(for: folder).count == 100)
        let manifest = try scope([.manifest]).plan(for: folder)
        #expect(manifest.count == 12 && manifest.allSatisfy { $0.rule.profile == .manifest })
        let two = try scope(rules: ["FRM-01", "CNT-01"])
        #expect(two.profiles == [.core, .continuation])
        #expect(two.plan(for: folder).map(\.rule.id) == ["FRM-01", "CNT-01"])
        #expect(try scope([.manifest], rules: ["FRM-01"]).plan(for: folder).isEmpty)
    }

    @Test("with some cases only, the rules that these show and those that need none")
    func cases() throws {
        let folder = try PluginSite().read()
        let scope = try scope(cases: ["no"])
        #expect(scope.fixtures(of: folder).map(\.name) == ["no"])
        let ids = scope.plan(for: folder).map(\.rule.id)
        #expect(ids.contains("FRM-01") && ids.contains("RES-06") && ids.contains("LIF-03") && ids.contains("MAN-01"))
        #expect(!ids.contains("RES-05") && !ids.contains("CNT-01") && !ids.contains("LIF-09"))
        #expect(ids.contains("WRK-01"), "what is skipped is skipped, whatever the cases")
    }

    @Test("a breach fails or warns by its keyword; without one a rule passes, is skipped or cannot be tested")
    func statuses() throws {
        let site = try PluginSite()
        site.manifest = site.manifest.with(at: "run.heartbeatSeconds", 5)
        let found = ["FRM-01", "FRM-03", "LIF-05", "WRK-01", "PRG-03", "MAN-01"].map {
            Finding($0, fixture: "ok", evidence: "e", hint: "h")
        }
        let rules = try scope().judged(try site.read(), by: found, flaky: ["LIF-05"])
        func judged(_ id: String) throws -> ConformanceResult.Judged { try #require(rules.first { $0.rule.id == id }) }
        #expect(try judged("FRM-01").status == .fail && judged("FRM-03").status == .warn)
        #expect(try judged("FRM-02").status == .pass && judged("FRM-02").reason == nil)
        #expect(try judged("LIF-05").status == .pass && judged("LIF-05").isFlaky && !judged("LIF-05").findings.isEmpty)
        #expect(try judged("WRK-01").status == .fail, "a breach that was seen is told, whatever is declared")
        #expect(try judged("PRG-03").status == .fail && judged("PRG-04").status == .notTestable)
        #expect(try judged("WRK-02").status == .skip && judged("WRK-02").reason == "run.lifecycle is not worker")
        #expect(try !judged("PRG-04").counts && judged("FRM-10").counts, "a SHOULD warns, a MUST counts")
    }

    @Test("a rule that is newer than the requirements is skipped, whatever was found")
    func newer() throws {
        let newest = try requirements()
        let old = try Requirements([
            "revision": "0.9",
            "plugins": .array(
                newest.rules.filter { $0.id != "FRM-01" }.map {
                    .strings([
                        "id": $0.id, "keyword": $0.keyword.rawValue, "sentence": $0.sentence, "written": $0.written,
                        "profile": $0.profile.rawValue, "check": $0.check,
                    ])
                }),
        ])
        let scope = Scope(requirements: old, newest: newest, rules: ["FRM-01", "FRM-02"])
        let finding = Finding("FRM-01", evidence: "e", hint: "h")
        let rules = scope.judged(try PluginSite().read(), by: [finding])
        #expect(rules.map(\.status) == [.skip, .pass] && rules[0].reason == "newer than the requirements 0.9")
        #expect(rules[0].findings == [])
    }
}
