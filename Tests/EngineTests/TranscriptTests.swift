import Foundation
import Testing

/// Each file under `transcripts` is a story: a command, `----`, the exact answer, a blank line.
///
/// `RECORD_TRANSCRIPTS=1 swift test --filter TranscriptTests` writes the answers as they are now, to be read in the diff.
@Suite("Transcripts of the engine")
struct TranscriptTests {
    static let files: [URL] = {
        let folder = Bundle.module.resourceURL!.appending(path: "transcripts")
        let files = try! FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return files.filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }
    }()

    @Test("there are transcripts")
    func present() { #expect(Self.files.count >= 8) }

    @Test("the engine tells each story exactly so", arguments: files)
    func story(file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        var story = Story()
        var told = ""
        for block in text.split(separator: "\n\n") {
            let commands = block.components(separatedBy: "\n----")[0]
            let lines = commands.split(separator: "\n").filter { !$0.hasPrefix("//") }
            let answers = lines.map { story.perform(String($0)) }.filter { !$0.isEmpty }
            told += commands + "\n----\n" + answers.joined(separator: "\n") + "\n\n"
        }
        let replayed = story.perform("replay")
        #expect(replayed == "the same", "folding the facts again must give the same execution")
        if ProcessInfo.processInfo.environment["RECORD_TRANSCRIPTS"] != nil {
            let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "transcripts")
            try (told.trimmingCharacters(in: .newlines) + "\n").write(
                to: source.appending(path: file.lastPathComponent), atomically: true, encoding: .utf8)
        }
        let wanted = text.trimmingCharacters(in: .newlines), got = told.trimmingCharacters(in: .newlines)
        #expect(got == wanted, "\(file.lastPathComponent):\n\(difference(wanted, got))")
    }

    private func difference(_ wanted: String, _ got: String) -> String {
        got.components(separatedBy: "\n").difference(from: wanted.components(separatedBy: "\n")).map {
            switch $0 {
            case .insert(let offset, let line, _): "+\(offset + 1) \(line)"
            case .remove(let offset, let line, _): "-\(offset + 1) \(line)"
            }
        }.joined(separator: "\n")
    }
}
