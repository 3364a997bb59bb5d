import Conformance
import Foundation
import Jansson
import PluginProtocol
import Testing

/// The mutants of the conformance kit: the faults that a host must survive. By name, for short reports.
// Without them there is nothing to test, and a test's arguments cannot throw.
private let mutants = Dictionary(
    uniqueKeysWithValues: try! Mutant.all(in: Site.specification).map { ($0.name, $0) })

extension Site {
    /// `spec/` of this checkout.
    static let specification = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "spec").path
}

@Suite("Mutants run by the host")
struct MutantTests {
    private static let canary = "canary/+=&\"\\in-the-host"

    @Test("a broken plugin gets the verdict of the table, and leaves nothing and tells no secret (HST-01…HST-14)")
    func verdicts() async throws {
        // What is lost to the host is asked for again, three times: that takes a minute and has tests with a clock.
        let names = mutants.values.filter { mutant in
            guard let host = mutant.host else { return false }
            return mutant.breaks?.hasPrefix("MAN") == false && host.code != "HeartbeatLost" && host.code != "AckTimeout"
        }.map(\.name).sorted()
        // Not all at once: most of the time each only waits, but starting it takes a processor.
        await withTaskGroup(of: Void.self) { group in
            for (index, name) in names.enumerated() {
                if index >= 6 { await group.next() }
                group.addTask {
                    do { try await judge(name) } catch { Issue.record("\(name): \(type(of: error))") }
                }
            }
        }
    }

    private func judge(_ name: String) async throws {
        let mutant = mutants[name]!
        let expected = try #require(mutant.host)
        let site = try Site()
        let folder = try await install(mutant, on: site, timeoutSeconds: expected.code == "TimedOut" ? 3 : 60)
        let fixture = try #require(folder.fixtures.first { $0.name == expected.fixture })
        let run = try await start(fixture, of: folder, on: site)
        if expected.verdict == "InProgress" {
            // It would be asked again and again: enough is seen when it has begun its work outside.
            try await until("\(name) begins") { !names(in: site.shared).isEmpty }
            run.signal(SIGTERM)
            _ = try await run.outcome()
        } else {
            let outcome = try await run.outcome()
            let tried = try await site.shown().action("Try")
            #expect(tried["status"]?.stringValue == expected.verdict, "\(name): \(outcome)")
            #expect(tried["error"]?["hostCode"]?.stringValue == expected.code, "\(name): \(outcome)")
            if let type = expected.type { #expect(tried["error"]?["code"]?.stringValue == type, "\(name): \(outcome)") }
        }
        #expect(!run.output.contains(Self.canary) && !run.errors.contains(Self.canary))
        try await site.expectNothingLeft()
    }

    @Test(
        "a plugin with a broken manifest is refused, with the rule",
        arguments: mutants.values.filter { ("MAN-01"..."MAN-09").contains($0.breaks ?? "") && $0.breaks != "MAN-07" }
            .map(
                \.name
            )
            .sorted())
    func refused(name: String) async throws {
        let mutant = mutants[name]!
        let site = try Site()
        try mutant.assemble(in: "\(site.plugins)/\(name)", specification: Site.specification)
        guard site.exists("plugins/\(name)/plugin.json") else { return }
        let outcome = try await site.penstock("plugin", "list")
        #expect(outcome.code == 1)
        #expect(outcome.errorText.contains(mutant.breaks!), "\(name): \(outcome)")
    }

    /// Starts a pipeline whose second stage is one job of a fixture.
    private func start(_ fixture: Fixture, of folder: PluginFolder, on site: Site) async throws -> Run {
        let ledger = site.shared
        let name = try #require(folder.manifest?.name)
        try site.write(
            "grants: {\(name): {hostPaths: {ledger: \(ledger)}}, peek: {hostPaths: {signs: \(site.signs)}}}\n",
            to: "settings.yaml")
        var configuration = fixture.configuration.mapValues {
            JSON.string($0.replacing("{hostPath:ledger}", with: ledger))
        }
        if fixture.configuration["Token"] == nil { configuration["Token"] = .string(Self.canary) }
        let inputs = fixture.inputArtifacts.keys.sorted()
        for (name, path) in fixture.inputArtifacts {
            try FileManager.default.copyItem(atPath: "\(folder.directory)/\(path)", toPath: site.place("in-\(name)"))
        }
        let sources = inputs.map { name in
            action(
                name, type: "Source/AWS/CodeCommit", configuration: ["RepositoryName": "r", "BranchName": "b"],
                out: [name])
        }
        let type = fixture.actionType
        let judged = action(
            "Try", type: "\(type.category)/\(type.owner)/\(type.provider)", configuration: configuration, in: inputs,
            out: fixture.outputArtifacts)
        let stages = [sources.isEmpty ? source : Stage("Source", actions: sources), Stage("Judge", judged)]
        try site.write(pipeline(stages).text, to: "pipeline.json")
        return try await site.start(
            ["run", "pipeline.json", "--format", "json"]
                + inputs.flatMap { ["--source", "\($0)=\(site.place("in-\($0)"))"] })
    }

    /// Puts the mutant among the site's plugins, and makes a job of it end soon.
    private func install(_ mutant: Mutant, on site: Site, timeoutSeconds: Int64) async throws -> PluginFolder {
        let path = "\(site.plugins)/\(mutant.name)"
        try mutant.assemble(in: path, specification: Site.specification)
        let text = try Data(contentsOf: URL(filePath: "\(path)/plugin.json"))
        guard case .object(var manifest) = try JSON(parsing: [UInt8](text)), case .object(var run)? = manifest["run"]
        else { throw CocoaError(.fileReadCorruptFile) }
        run["timeoutSeconds"] = .integer(timeoutSeconds)
        manifest["run"] = .object(run)
        try site.write(JSON.object(manifest).text, to: "\(path)/plugin.json")
        return try PluginFolder(reading: path)
    }
}
