import Conformance
import Foundation
import Glibc
import PluginProtocol
import Testing

/// `penstock-sandbox` beside the tests.
let launcher = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    .appending(path: "penstock-sandbox").path

@Suite("Selftest")
struct SelftestTests {
    /// `PENSTOCK_MUTANTS` takes names apart from others: "FRM,RES-01".
    private var chosen: [String] {
        (ProcessInfo.processInfo.environment["PENSTOCK_MUTANTS"] ?? "").split(separator: ",").map { String($0) }
    }

    @Test("every mutant is found out, for what it does and nothing else, and no good plugin is blamed")
    func matrix() async throws {
        let mutants = try Mutant.all(in: spec.path).filter { mutant in
            chosen.isEmpty || chosen.contains { mutant.name.hasPrefix($0) }
        }
        let selftest = Selftest(specification: spec.path, requirements: try requirements(), launcher: launcher)
        for outcome in await selftest.run(
            mutants, good: chosen.isEmpty ? ["python", "bash", "perl"] : [], report: { _ in })
        {
            #expect(
                outcome.isProven,
                "\(outcome.name): missed \(outcome.missed.sorted()), unexpected \(outcome.unexpected), \(outcome.fault ?? "")"
            )
        }
    }
}
