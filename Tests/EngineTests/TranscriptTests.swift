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

    /// Rules of `docs/semantics.md` that no story can tell, each with who sees to it.
    private static let others = [
        "EXE-2": "starting a pipeline that is new is the API's business",
        "EXE-4": "client tokens are the API's business",
        "EXE-11": "what the head is, a source plugin knows",
        "EXE-15": "the API stops what runs, and the store forgets",
        "STS-7": "the words belong to whoever starts an execution",
        "APR-6": "topics are the API's business",
        "APR-7": "topics are the API's business",
        "SRC-2": "a source plugin's business",
        "SRC-4": "the API's business",
        "VAR-7": "100 KiB are no reading: see the laws",
        "VAR-8": "the protocol does not let a plugin say so",
        "CND-10": "the plugins' business",
        "CND-11": "the API's business",
    ]

    @Test("every rule has its story, or a reason why not")
    func coverage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let semantics = try String(contentsOf: root.appending(path: "docs/semantics.md"), encoding: .utf8)
        let rules = Set(semantics.matches(of: /(?m)^- \*\*([A-Z]{3}-[0-9]+)\*\*/).map { String($0.1) })
        var told: Set<String> = []
        for file in Self.files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where line.hasPrefix("//") {
                told.formUnion(line.matches(of: /[A-Z]{3}-[0-9]+/).map { String($0.0) })
            }
        }
        #expect(rules.count > 70)
        #expect(rules.subtracting(told).subtracting(Self.others.keys) == [], "these have neither")
        #expect(told.intersection(Self.others.keys) == [], "these have a story after all")
        #expect(Set(Self.others.keys).subtracting(rules) == [], "there are no such rules")
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
