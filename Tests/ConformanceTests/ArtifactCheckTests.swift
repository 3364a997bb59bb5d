import Foundation
import Glibc
import Jansson
import Testing

@testable import Conformance

@Suite("Artifacts that a plugin leaves")
struct ArtifactCheckTests {
    /// What is broken when the output artifact List is as `fill` makes it, after a success.
    private func broken(token: Bool = false, fill: (String) throws -> Void) throws -> Set<String> {
        try withFolder { folder in
            let output = "\(folder)/out/List"
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            try Data("1".utf8).write(to: URL(filePath: "\(output)/listing.txt"))
            try fill(output)
            var told = Told(outputs: ["List": ["listing.txt"]])
            told.say("jobSuccessResult", token ? ["continuationToken": "more"] : [:])
            let all = Snapshot(of: folder)
            told.recording.errands[0].remains.all = all
            if all.entries["out/List"] == nil {
                told.recording.errands[0].remains.missingOutputs = ["List"]
            } else {
                told.recording.errands[0].remains.outputs = ["List": Snapshot(of: output)]
            }
            return told.broken("ART")
        }
    }

    @Test("ART-01: a directory or a file that is gone, but not while the action goes on")
    func missing() throws {
        #expect(try broken { _ in } == [])
        #expect(try broken { try FileManager.default.removeItem(atPath: $0) } == ["ART-01"])
        #expect(try broken { try FileManager.default.removeItem(atPath: "\($0)/listing.txt") } == ["ART-01"])
        #expect(try broken(token: true) { try FileManager.default.removeItem(atPath: $0) } == [])
    }

    @Test("ART-03: links that lead out", arguments: ["/etc/passwd", "../../in", "sub/../..", "up/../x", "sub/up/.."])
    func linksOut(target: String) throws {
        let found = try broken { output in
            try FileManager.default.createDirectory(atPath: "\(output)/sub", withIntermediateDirectories: true)
            // Through these the last two lead out: up is the artifact itself.
            try FileManager.default.createSymbolicLink(atPath: "\(output)/up", withDestinationPath: ".")
            try FileManager.default.createSymbolicLink(atPath: "\(output)/sub/up", withDestinationPath: "..")
            try FileManager.default.createSymbolicLink(atPath: "\(output)/link", withDestinationPath: target)
        }
        #expect(found == ["ART-03"])
    }

    @Test(
        "ART-03: links that stay inside, also such as lead nowhere",
        arguments: [
            "listing.txt", "./sub/../listing.txt", "nowhere", "link", "sub/up/listing.txt",
        ])
    func linksInside(target: String) throws {
        let found = try broken { output in
            try FileManager.default.createDirectory(atPath: "\(output)/sub", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(output)/sub/up", withDestinationPath: "..")
            try FileManager.default.createSymbolicLink(atPath: "\(output)/link", withDestinationPath: target)
        }
        #expect(found == [])
    }

    @Test("ART-05: a named pipe")
    func pipe() throws { #expect(try broken { _ = mkfifo("\($0)/pipe", 0o600) } == ["ART-05"]) }

    @Test("ART-02: an input that is not as it was")
    func inputs() {
        var told = Told()
        told.recording.errands[0].remains.changedInputs = ["App/hello.txt"]
        #expect(told.broken("ART") == ["ART-02"])
    }

    @Test("ART-07: what changes later than the terminal message, unless the kit has ended the process")
    func late() throws {
        try withFolder { folder in
            try Data("1".utf8).write(to: URL(filePath: "\(folder)/late.txt"))
            var told = Told()
            told.say("jobSuccessResult")
            let all = Snapshot(of: folder)
            let changed = try #require(all.entries["late.txt"]).changedNanoseconds
            told.recording.errands[0].remains.all = all
            told.recording.errands[0].terminalInstantNanoseconds = changed - 10_000_000
            #expect(told.broken("ART") == [])
            told.recording.errands[0].terminalInstantNanoseconds = changed - 500_000_000
            #expect(told.broken("ART") == ["ART-07"])
            told.recording.faults = [.killed]
            #expect(told.broken("ART") == [])
        }
    }
}
