import Foundation
import Processes
import Testing

@testable import Conformance

@Suite("Transcripts")
struct TranscriptTests {
    // Without them there is nothing to test, and a test's arguments cannot throw.
    static let conversations = try! FileManager.default.contentsOfDirectory(
        atPath: spec.appending(path: "transcripts").path
    ).filter { $0.hasSuffix(".jsonl") }.sorted()

    private func findings(in recordings: [Recording]) -> [Finding] {
        recordings.flatMap { recording in Check.everyRun.flatMap { $0.findings(in: recording) } }
    }

    @Test("a conversation of the specification breaks the rule that it names, and no other", arguments: conversations)
    func specification(name: String) throws {
        let path = spec.appending(path: "transcripts/\(name)").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let named = text.firstMatch(of: /"breaks": "([A-Z]{3}-[0-9]{2})"/).map { String($0.1) }
        #expect(Set(findings(in: try Recording.read(path)).map(\.rule)) == Set([named].compactMap { $0 }))
    }

    @Test("what is written is read as it was, bytes that are no text included")
    func roundTrip() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "transcript-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let original = try #require(try Recording.read(spec.appending(path: "transcripts/success.jsonl").path).first)
        var recording = original
        for (stream, bytes) in [(Stream.error, [0xff, 0x00, 0x41]), (.output, Array("Starting…\r".utf8))] {
            let line = Line(stream: stream, offset: 9, bytes: bytes.map { UInt8($0) }, ending: .unterminated)
            recording.entries.append(.init(at: .milliseconds(1500), what: .heard(.init(line, jobIds: []))))
        }
        recording.faults = [.cancelled]
        recording.strewn = ["/tmp/x"]
        try recording.transcript.write(toFile: path, atomically: true, encoding: .utf8)
        let again = try #require(try Recording.read(path).first)
        #expect(again.entries == recording.entries)
        #expect(again.faults == recording.faults)
        #expect(again.strewn == recording.strewn)
        #expect(again.exit == recording.exit)
        #expect(again.transcript == recording.transcript)
    }

    @Test(
        "a file that is no transcript is refused with its line",
        arguments: [
            ("{\"from\": \"plugin\", \"event\": \"exit\", \"status\": 0}", "line 1 is no part of a transcript"),
            ("{\"from\": \"host\", \"event\": \"start\"}\nHello", "line 2 is no part of a transcript"),
            (
                "{\"from\": \"host\", \"event\": \"start\"}\n{\"from\": \"host\", \"event\": \"sings\"}",
                "\"sings\" of host"
            ),
            ("{\"note\": \"nothing\"}", "tells of no process"),
        ])
    func refused(text: String, reason: String) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "transcript-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: UnreadableInput.self) { _ = try Recording.read(path) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
}
