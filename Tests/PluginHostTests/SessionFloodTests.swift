import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

@Suite("The session of a job: floods")
struct SessionFloodTests {
    private func progress(_ percent: Int) -> PluginMessage.Body {
        .progress(Progress(executionDetails: .init(percentComplete: percent)))
    }

    private func told(_ effects: [PluginSession.Effect]) -> [Int] {
        effects.compactMap {
            if case .tell(.progress(let progress)) = $0 { progress.executionDetails.percentComplete } else { nil }
        }
    }

    @Test("more than 100 messages a second: progress is told four times a second, the latest (LOG-04)")
    func coalescing() {
        var story = SessionStory()
        for number in 0..<150 { story.say(progress(number % 100)) }
        #expect(told(story.effects).count == 100)
        #expect(
            story.apply(.fired(.rate, after: .milliseconds(250))) == [
                .tell(.progress(Progress(executionDetails: .init(percentComplete: 49)))),
                .set(.rate, .milliseconds(250)),
            ])
        for number in 0..<30 { #expect(story.say(progress(number)).isEmpty) }
        #expect(told(story.apply(.fired(.rate, after: .milliseconds(250)))) == [29])
        #expect(story.say(progress(60)).isEmpty)
        #expect(told(story.apply(.fired(.rate, after: .milliseconds(250)))) == [60])
        #expect(story.apply(.fired(.rate, after: .milliseconds(250))).isEmpty)
        #expect(
            story.say(progress(70)) == [
                .set(.rate, .milliseconds(250)),
                .tell(.progress(Progress(executionDetails: .init(percentComplete: 70)))),
            ])
    }

    @Test("progress that is held is told before the end")
    func heldAtEnd() {
        var story = SessionStory()
        for number in 0..<102 { story.say(progress(number % 100)) }
        story.say(.done)
        #expect(told(story.effects).last == 1)
    }

    @Test("more than 100,000 messages exceed the limit (LimitExceeded)")
    func messages() {
        var story = SessionStory()
        let bytes = PluginMessage(jobId: jobId, body: .acknowledge).json.serialized
        let line = Line(stream: .output, offset: 0, bytes: bytes, ending: .newline)
        for _ in 0..<100_000 { _ = story.session.apply(.line(line)) }
        #expect(story.session.conversation.judgement == .open)
        story.apply(.line(line))
        story.exit(.signal(15))
        #expect(story.failure?.hostCode == .limitExceeded)
        #expect(story.failure?.message.contains("limit: 100000 messages; measured: 100001") == true)
    }

    @Test("10,000 stray lines are logged, the others counted")
    func strayLines() {
        var story = SessionStory()
        for _ in 0..<10_005 { story.print("x") }
        story.exit(.code(0))
        #expect(story.log.count { $0.source == .stdout } == 10_000)
        #expect(story.log.last?.text == "10005 stray lines on stdout, of which 10000 are logged")
    }

    @Test("a log is truncated at 64 MiB with a marker, and the rest is counted")
    func logSize() {
        var story = SessionStory()
        let text = Array(repeating: UInt8(97), count: (16 << 10) - SessionLog.recordBytes)
        let line = Line(stream: .error, offset: 0, bytes: text, ending: .newline)
        for _ in 0..<4096 { _ = story.session.apply(.line(line)) }
        #expect(story.apply(.line(line)).count == 1)
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
        #expect(story.apply(.line(line)).isEmpty)
        story.exit(.code(0))
        #expect(story.log.last?.text == "2 lines of log, 32732 bytes of text, were dropped")
    }

    @Test("empty lines fill a log too, for each is a whole record in it")
    func emptyLines() {
        var story = SessionStory()
        let text = Array(repeating: UInt8(97), count: (16 << 10) - SessionLog.recordBytes)
        for _ in 0..<4095 {
            _ = story.session.apply(.line(Line(stream: .error, offset: 0, bytes: text, ending: .newline)))
        }
        for _ in 0..<(16 << 10) / SessionLog.recordBytes { #expect(story.line("", .error).count == 1) }
        story.line("", .error)
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
    }

    @Test("of lines that come together those that fit are logged, the marker stands there, and the others are counted")
    func logSizeOfJoinedLines() {
        var story = SessionStory()
        let line = String(repeating: "a", count: 32 - SessionLog.recordBytes)
        let lines = Array(repeating: line, count: 1_024).joined(separator: "\n")
        for _ in 0..<2_047 { #expect(story.line(lines, .error).count == 1) }
        story.line(Array(repeating: line, count: 1_000).joined(separator: "\n"), .error)
        let effects = story.line("\(lines)\nlast", .error)
        #expect(effects.count == 25, "24 lines and the marker")
        #expect(story.log.last?.text == "the log is truncated here: it reached its limit of 67108864 bytes")
        #expect(story.session.conversation.log.tail.suffix(2) == [line, "last"], "a failure quotes the real end")
        story.exit(.code(0))
        #expect(story.log.last?.text == "1001 lines of log, 14004 bytes of text, were dropped")
    }

    @Test("lines that come together are those that would have come one by one, masked over their ends (HST-13)")
    func joinedLines() {
        let text = "one\r\n\ntwo\rhun\nter2\n\u{1B}[31mred\u{0}\n \nhun"
        var (together, apart) = (
            SessionStory(secrets: ["Token": "hun\nter2"]), SessionStory(secrets: ["Token": "hun\nter2"])
        )
        together.line(text, .error)
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            apart.line(String(Substring(line)), .error)
        }
        #expect(together.log.flatMap(\.lines).map(\.text) == ["one", "", "two\r***", "\u{1B}[31mred\u{0}", " "])
        together.exit(.code(0))
        apart.exit(.code(0))
        #expect(together.log.flatMap(\.lines) == apart.log.flatMap(\.lines))
        #expect(together.log.last?.text == "hun")
    }

    @Test("run-time secrets have a limit, for each costs memory")
    func masks() {
        var story = SessionStory()
        story.say(.mask(Mask(value: String(repeating: "a", count: 70_000))))
        story.exit(.signal(15))
        #expect(story.failure?.hostCode == .limitExceeded)
        #expect(story.failure?.message.contains("limit: 65536 bytes; measured: 70000") == true)
    }
}
