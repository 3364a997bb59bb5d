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

    /// Rules of `docs/semantics.md` that are not the engine's: tests of whoever sees to them cite them.
    private static let elsewhere: Set = [
        "EXE-2", "EXE-4", "EXE-11", "STS-7", "SRC-2", "SRC-4", "VAR-7", "VAR-8", "VAR-9", "CND-10", "CND-11",
    ]

    /// Those of what is not there yet.
    private static let others = [
        "APR-6": "notifications are not sent", "APR-7": "notifications are not sent",
    ]

    /// The text of all tests that are no stories.
    private func tests(below root: URL) throws -> String {
        let files = FileManager.default.enumerator(at: root.appending(path: "Tests"), includingPropertiesForKeys: nil)
        let urls = (files?.compactMap { $0 as? URL } ?? []).filter {
            ["swift", "py"].contains($0.pathExtension) && $0.path != #filePath
        }
        return try urls.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    }

    @Test("every rule has its story, or a test elsewhere")
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
        let without = Self.elsewhere.union(Self.others.keys)
        #expect(rules.subtracting(told).subtracting(without) == [], "these have neither")
        #expect(told.intersection(without) == [], "these have a story after all")
        #expect(without.subtracting(rules) == [], "there are no such rules")
        // Python's names have underscores.
        let cited = Set(
            try tests(below: root).matches(of: /([A-Z]{3})[-_]([0-9]+)/).map { "\($0.1)-\(Int($0.2) ?? 0)" })
        #expect(Self.elsewhere.subtracting(cited) == [], "no test cites these")
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
