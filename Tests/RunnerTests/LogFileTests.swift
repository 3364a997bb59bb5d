import Engine
import Foundation
import PluginHost
import PluginProtocol
import Testing

@testable import Runner

/// The log of one action in a folder of its own.
private final class Shelf {
    let folder: String
    let attempt = Attempt(
        execution: ExecutionID("e"), stage: "S", action: "A", id: ActionExecutionID("a"), number: 1)
    let path: String

    init() {
        folder = FileManager.default.temporaryDirectory.appending(path: "penstock-log-\(UUID().uuidString)").path
        path = "\(folder)/e/a.log"
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var log: LogFile { LogFile(path: path) }
    var bytes: [UInt8] { (try? Array(Data(contentsOf: URL(filePath: path)))) ?? [] }

    func writer(_ job: String = "job-1") -> ActionLog {
        ActionLog(ActionLogs(directory: folder), attempt, job: job)
    }

    /// `line 1` to `line COUNT`, several of them in each record.
    func write(_ count: Int, by job: String = "job-1", from first: Int = 1) {
        let writer = writer(job)
        for start in stride(from: first, to: first + count, by: 100) {
            let text = (start..<min(start + 100, first + count)).map { "line \($0)" }.joined(separator: "\n")
            #expect(writer.append(record(text), at: Instant(milliseconds: Int64(start))) == nil)
        }
    }

    func put(_ text: String, at path: String? = nil) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/e", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path ?? self.path))
    }

    func append(_ bytes: [UInt8]) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func lines(from number: Int = 1) -> [LogLine] {
        var (place, lines) = (log.place(ofLine: number), [LogLine]())
        log.read(from: &place) { lines.append($0) }
        return lines
    }
}

private func record(_ text: String, _ source: LogRecord.Source = .stderr, _ level: Log.Level = .info) -> LogRecord {
    LogRecord(source: source, level: level, text: text)
}

/// As they were written before logs had lines of text.
private let oldLog = """
    {"jobId":"old","level":"info","stream":"stderr","text":"one","time":1000}
    {"jobId":"old","level":"warning","stream":"stdout","text":"tab\\tand \\u001b[31m","time":2000}

    """

@Suite("The log of an action, as a file")
struct LogFileTests {
    @Test("what is written comes back: time, job, stream, level, and any text")
    func roundTrip() {
        let shelf = Shelf()
        let texts = [
            "plain", "", " blanks ", "tab\t cr\r esc\u{1B}[31m nul\u{0}", "{\"time\":1}", "job x", "ünï🦀\u{2028}",
            String(decoding: [0xFF, 0x41, 0xC3], as: UTF8.self), String(repeating: "long ", count: 400_000),
        ]
        let writer = shelf.writer()
        var expected: [[String]] = []
        for (number, text) in texts.enumerated() {
            for source in LogRecord.Source.allCases {
                let level = Log.Level.allCases[number % Log.Level.allCases.count]
                #expect(writer.append(record(text, source, level), at: Instant(milliseconds: Int64(number))) == nil)
                expected.append(["\(number)", "job-1", source.rawValue, level.rawValue, text])
            }
        }
        #expect(
            shelf.lines().map { ["\($0.time.milliseconds)", $0.job, $0.stream, $0.level, $0.text] } == expected)
    }

    @Test("a record of several lines is as many lines, empty ones too, and each has the time")
    func severalLines() {
        let shelf = Shelf()
        _ = shelf.writer().append(record("one\n\ntwo\n"), at: Instant(milliseconds: 7))
        #expect(shelf.lines().map(\.text) == ["one", "", "two", ""])
        #expect(shelf.lines().allSatisfy { $0.time.milliseconds == 7 })
        #expect(String(decoding: shelf.bytes, as: UTF8.self) == "job job-1\n7 si one\n7 si \n7 si two\n7 si \n")
    }

    @Test("the jobs of an action write one log, also in turns, and each line knows its own")
    func jobs() {
        let shelf = Shelf()
        let (first, second) = (shelf.writer("job-1"), shelf.writer("job-2"))
        for (writer, text) in [(first, "a"), (first, "b"), (second, "c"), (first, "d"), (second, "e")] {
            _ = writer.append(record(text), at: Instant(milliseconds: 1))
        }
        #expect(
            shelf.lines().map { "\($0.job) \($0.text)" } == ["job-1 a", "job-1 b", "job-2 c", "job-1 d", "job-2 e"])
    }

    @Test("a log of an older version is read, and goes on in lines of text")
    func olderVersion() throws {
        let shelf = Shelf()
        try shelf.put(oldLog)
        #expect(shelf.lines().map(\.text) == ["one", "tab\tand \u{1B}[31m"])
        shelf.write(2)
        #expect(shelf.lines().map(\.job) == ["old", "old", "job-1", "job-1"])
        #expect(shelf.lines().map(\.level) == ["info", "warning", "info", "info"])
        #expect(shelf.lines(from: 2).map(\.text) == ["tab\tand \u{1B}[31m", "line 1", "line 2"])
        var found: [String] = []
        #expect(shelf.log.search(for: "\u{1B}[31m") { found.append("\($0) \($1.job)") } == 4)
        shelf.log.search(for: "line 2") { found.append("\($0) \($1.job)") }
        #expect(found == ["2 old", "4 job-1"])
    }

    @Test("half a line, which a killed core has left, is not read, and the next line does not stand behind it")
    func tornEnd() throws {
        for end in ["1234 si half", "job jo", "{\"time\":1", "1"] {
            let shelf = Shelf()
            shelf.write(3)
            try shelf.append(Array(end.utf8))
            #expect(shelf.lines().map(\.text) == ["line 1", "line 2", "line 3"])
            shelf.write(1, by: "job-2", from: 4)
            #expect(shelf.lines().map(\.text) == ["line 1", "line 2", "line 3", "line 4"])
            #expect(shelf.lines().map(\.job) == ["job-1", "job-1", "job-1", "job-2"])
        }
    }

    @Test("a reader that goes on sees each line once, while they are written")
    func following() {
        let shelf = Shelf()
        var (place, seen) = (LogPlace(), [String]())
        shelf.log.read(from: &place) { seen.append($0.text) }
        #expect(seen == [])
        for round in 0..<5 {
            shelf.write(700, by: "job-\(round / 2)", from: round * 700 + 1)
            shelf.log.read(from: &place) { seen.append($0.text) }
            shelf.log.read(from: &place) { seen.append($0.text) }
        }
        #expect(seen == (1...3_500).map { "line \($0)" })
    }

    @Test("a text is found with the numbers of its lines, only in their text, over any borders of what is read at once")
    func search() {
        let shelf = Shelf()
        let writer = shelf.writer()
        var expected: [Int] = []
        for number in 1...3_000 {
            let text = number % 700 == 0 ? "a needle in it" : String(repeating: "hay ", count: 100)
            if number % 700 == 0 { expected.append(number) }
            _ = writer.append(record(text), at: Instant(milliseconds: 12_345))
        }
        var found: [Int] = []
        let count = shelf.log.search(for: "needle") { number, line in
            #expect(line.text == "a needle in it" && line.job == "job-1")
            found.append(number)
        }
        #expect(count == 3_000 && found == expected)
        for nowhere in ["12345", " si ", "job-1", "Needle", "it\n"] {
            #expect(shelf.log.search(for: nowhere) { _, _ in Issue.record("\(nowhere) is in no line") } == 3_000)
        }
        #expect(LogFile(path: "\(shelf.folder)/none").search(for: "x") { _, _ in } == 0)
    }
}

@Suite("The index of a log")
struct LogIndexTests {
    private static let count = 5_000

    private func makeShelf() -> Shelf {
        let shelf = Shelf()
        shelf.write(Self.count - 2_000)
        shelf.write(2_000, by: "job-2", from: Self.count - 1_999)
        return shelf
    }

    private func expectRight(_ shelf: Shelf, _ comment: Comment) {
        for number in [1, 2, 1_024, 1_025, 1_026, 2_049, 3_000, 3_001, 4_097, 5_000] {
            let line = shelf.lines(from: number).first
            #expect(line?.text == "line \(number)" && line?.job == (number > 3_000 ? "job-2" : "job-1"), comment)
        }
        for number in [5_001, 5_002, 1_000_000] {
            #expect(shelf.log.place(ofLine: number).number == 5_001, "it says how many there are")
        }
    }

    @Test("a line far down is found without reading what is before it")
    func bounded() throws {
        let shelf = makeShelf()
        expectRight(shelf, "as it is")
        // What is read on the way to line 4,500 is all that is left.
        let place = shelf.log.place(ofLine: 4_097).offset
        let file = try FileHandle(forUpdating: URL(filePath: shelf.path))
        let name = try #require(shelf.bytes.firstRange(of: Array("job job-2\n".utf8)))
        try file.write(contentsOf: Data(count: name.lowerBound - 1))
        try file.seek(toOffset: UInt64(name.upperBound))
        try file.write(contentsOf: Data(count: place - 64 - name.upperBound))
        try file.close()
        #expect(shelf.lines(from: 4_500).first?.text == "line 4500" && shelf.lines(from: 4_500).first?.job == "job-2")
        #expect(shelf.log.place(ofLine: 1_000_000).number == 5_001)
        #expect(shelf.lines(from: 3_000).first?.text != "line 3000", "which is gone, so this test can fail")
    }

    @Test("an index that is missing, torn, empty, of zeros, of noise or of another log never shows a wrong line")
    func wrong() throws {
        let shelf = makeShelf()
        let index = "\(shelf.path).index"
        let right = try Data(contentsOf: URL(filePath: index))
        #expect(right.count == 4 * 24)
        let other = Shelf()
        other.write(4_999, from: 2)
        let foreign = try Data(contentsOf: URL(filePath: "\(other.path).index"))
        var shifted = right
        shifted.replaceSubrange(0..<24, with: right[24..<48])
        let wrong: [(Comment, Data?)] = [
            ("missing", nil), ("empty", Data()), ("torn", right.prefix(50)), ("torn early", right.prefix(23)),
            ("zeros", Data(count: 96)), ("noise", Data(repeating: 0xA5, count: 96)), ("another log's", foreign),
            ("in the wrong order", shifted), ("too long", right + Data(count: 24)),
            ("half of it zeros", right.prefix(48) + Data(count: 48)),
        ]
        for (comment, bytes) in wrong {
            if let bytes { try bytes.write(to: URL(filePath: index)) } else { unlink(index) }
            expectRight(shelf, comment)
        }
    }

    @Test("an index that is wrong or behind is right again when the log goes on")
    func repaired() throws {
        let right = makeShelf()
        right.write(1_000, by: "job-3", from: Self.count + 1)
        let expected = try Data(contentsOf: URL(filePath: "\(right.path).index"))
        for bytes in [nil, Data(count: 96), expected.prefix(30), expected + Data(count: 240)] {
            let shelf = makeShelf()
            let index = "\(shelf.path).index"
            if let bytes { try bytes.write(to: URL(filePath: index)) } else { unlink(index) }
            shelf.write(1_000, by: "job-3", from: Self.count + 1)
            #expect(try Data(contentsOf: URL(filePath: index)) == expected)
        }
    }

    @Test("a log that was cut is counted anew")
    func cut() throws {
        let shelf = makeShelf()
        let writer = shelf.writer("job-3")
        _ = writer.append(record("more"), at: Instant(milliseconds: 1))
        let end = shelf.log.place(ofLine: 2_001).offset
        #expect(truncate(shelf.path, off_t(end + 3)) == 0)
        _ = writer.append(record("line 2001"), at: Instant(milliseconds: 1))
        #expect(shelf.lines(from: 2_000).map(\.text) == ["line 2000", "line 2001"])
        #expect(shelf.lines(from: 2_000).map(\.job) == ["job-1", "job-3"])
    }

    @Test("a short log has none")
    func short() {
        let shelf = Shelf()
        shelf.write(1_023)
        #expect(access("\(shelf.path).index", F_OK) != 0)
        #expect(shelf.lines(from: 1_023).map(\.text) == ["line 1023"])
    }
}
