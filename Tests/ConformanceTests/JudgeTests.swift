import Conformance
import Foundation
import Glibc
import PluginProtocol
import Testing

/// `penstock-sandbox` beside the tests.
let launcher = URL(filePath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
    .appending(path: "penstock-sandbox").path

@Suite("Judging")
struct JudgeTests {
    @Test("nothing is found in a good plugin", arguments: ["python", "bash", "perl"])
    func good(language: String) async throws {
        let folder = try PluginFolder(reading: spec.appending(path: "good/\(language)").path)
        let setting = Bench.Setting(
            manifest: try #require(folder.manifest), fixtures: folder.fixtures, directory: folder.directory,
            launcher: launcher)
        let bench = try Bench(setting)
        let outcome = try await Judge(rules: Set(try requirements().rules.map(\.id))).judge(on: bench)
        await bench.close()
        #expect(outcome.findings == [])
        #expect(outcome.unjudged == [:])
    }
}
