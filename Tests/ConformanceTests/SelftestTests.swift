import Conformance
import Foundation
import Testing

/// `penstock-sandbox` beside the tests.
let launcher = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    .appending(path: "penstock-sandbox").path

/// That every mutant is found out is what `make selftest` proves; here is what proves that it can fail.
@Suite("Selftest", .serialized)
final class SelftestTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "selftest-\(UUID())")

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What the selftest says of one mutant, described by `json`, with the fault of another one in it.
    private func outcome(of fault: String, _ json: String) async throws -> Selftest.Outcome {
        for name in ["good", "mutants"] {
            try FileManager.default.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        let mutant = folder.appending(path: "mutants/mutant")
        try FileManager.default.copyItem(
            at: spec.appending(path: "good/python"), to: folder.appending(path: "good/python"))
        try FileManager.default.copyItem(at: spec.appending(path: "mutants/\(fault)"), to: mutant)
        try json.write(to: mutant.appending(path: "mutant.json"), atomically: true, encoding: .utf8)
        let selftest = Selftest(specification: folder.path, requirements: try requirements(), launcher: launcher)
        let outcomes = await selftest.run(try Mutant.all(in: folder.path), good: [], report: { _ in })
        return try #require(outcomes.first)
    }

    @Test("a mutant that is found out for what it does is proof")
    func proven() async throws {
        let outcome = try await outcome(
            of: "FRM-01-banner", #"{"breaks": "FRM-01", "base": "python", "about": "Greets."}"#)
        #expect(outcome.isProven, "\(outcome)")
    }

    @Test("a rule that is not found broken, and one that is though it should not be, are no proof")
    func otherRule() async throws {
        let outcome = try await outcome(
            of: "FRM-01-banner", #"{"breaks": "FRM-03", "base": "python", "about": "Greets."}"#)
        #expect(outcome.missed == ["FRM-03"])
        #expect(Set(outcome.unexpected.map(\.rule)) == ["FRM-01"])
        #expect(!outcome.isProven)
    }

    @Test("a mutant that cannot be made is no proof")
    func unmade() async throws {
        let outcome = try await outcome(
            of: "FRM-01-banner", #"{"breaks": "FRM-01", "base": "cobol", "about": "Greets."}"#)
        #expect(outcome.fault?.contains("cobol") == true, "\(outcome)")
        #expect(!outcome.isProven)
    }
}
