import Conformance
import Foundation
import Jansson
import Testing

/// What was not tried is not passed.
@Suite("Rules that could not be judged", .serialized)
struct UnjudgedTests {
    private func outcome(
        _ rules: Set<String>, of site: PluginSite
    ) async throws -> [ConformanceResult.Judged] {
        let set = try requirements()
        let scope = Scope(requirements: set, newest: set, rules: rules)
        return try await Trial(of: try site.read(), scope, launcher: launcher).outcome().rules
    }

    @Test("a program that cannot be run passes nothing, also when MAN-07 is not asked about")
    func noProgram() async throws {
        let site = try PluginSite()
        try site.remove("bin/plugin")
        let rules = try await outcome(["FRM-01", "LIF-03"], of: site)
        #expect(rules.map(\.status) == [.notTestable, .notTestable])
        #expect(rules.allSatisfy { $0.reason == "the plugin cannot be run (MAN-07)" })
    }

    @Test("cases that need the network and do not get it pass nothing")
    func network() async throws {
        let site = try PluginSite()
        for index in 0..<3 { site.cases[index] = site.cases[index].with("needs", ["network"]) }
        let rules = try await outcome(["FRM-01", "RES-11", "LIF-10"], of: site)
        #expect(rules.map(\.status) == [.notTestable, .notTestable, .notTestable])
        #expect(rules[0].reason == "cases that need the network are run with --network only: ok, no, later")
    }

    @Test("where the case does not end as it should, what is tried with it is not passed")
    func unsound() async throws {
        let outcome = try await SmallPlugin("exit 3").outcome(["LIF-09", "LIF-10", "MSG-04"])
        #expect(outcome.rules.map(\.status) == [.notTestable, .notTestable, .notTestable])
    }

    @Test("LIF-03 and its like need no job, and are judged without any case")
    func noCases() async throws {
        let site = try PluginSite()
        site.cases = []
        try site.write("#!/bin/sh\nsleep 20\n", to: "bin/plugin", mode: 0o755)
        #expect(try await outcome(["LIF-03", "LIF-12"], of: site).map(\.status) == [.fail, .warn])
    }
}
