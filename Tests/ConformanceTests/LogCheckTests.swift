import Jansson
import Processes
import Testing

@testable import Conformance

@Suite("Logs, progress and tokens")
struct LogCheckTests {
    @Test("LOG-01: a long line, or bytes that are no text")
    func text() {
        var (long, binary, good) = (Told(), Told(), Told())
        long.hear(Array(repeating: 0x61, count: 16383), on: .error, .split)
        long.log("aaa")
        binary.hear([0x80, 0xff], on: .error)
        good.log("Zoë is greeted")
        #expect(long.broken("LOG") == ["LOG-01"])
        #expect(binary.broken("LOG") == ["LOG-01"])
        #expect(good.broken("LOG") == [])
    }

    @Test("LOG-01: a character that is cut in two is no fault where a long line or the process was cut")
    func cut() {
        var (split, ended) = (Told(), Told())
        split.hear([0x61, 0xc3], on: .error, .split)
        split.hear([0xab], on: .error)
        ended.hear([0xc3], on: .error, .unterminated)
        ended.recording.faults = [.killed]
        #expect(split.recording.findings.filter { $0.rule == "LOG-01" }.count == 1)
        #expect(ended.broken("LOG") == [])
    }

    @Test("LOG-02: a level or a length of its own")
    func members() {
        var (level, length) = (Told(), Told())
        level.say("log", ["level": "FATAL", "message": "all is lost"])
        length.say("log", ["level": "info", "message": .string(String(repeating: "a", count: 16385))])
        for told in [level, length] { #expect(told.broken("LOG", "MSG", "RES-0") == ["LOG-02", "RES-01"]) }
    }

    @Test("LOG-03: a failure that says nothing; a log line or a sentence is enough")
    func silence() {
        func broken(_ message: String, logging line: String?) -> Set<String> {
            var told = Told()
            if let line { told.log(line) }
            told.say("jobFailureResult", ["failureDetails": ["type": "JobFailed", "message": .string(message)]])
            return told.broken("LOG")
        }
        #expect(broken("x", logging: nil) == ["LOG-03"])
        #expect(broken("x", logging: " ") == ["LOG-03"])
        #expect(broken("x", logging: "the door is shut") == [])
        #expect(broken("the door is shut", logging: nil) == [])
    }

    @Test("LOG-04: many messages for long or at once; a burst is none, nor what comes after the kit has held the pipe")
    func flood() {
        func broken(_ count: Int, every span: Duration, held: Bool = false) -> Set<String> {
            var told = Told()
            if held { told.recording.entries.append(.init(at: .zero, what: .done("reads its output no more"))) }
            for _ in 0..<count {
                told.say("acknowledge")
                told.at += span
            }
            return told.broken("LOG")
        }
        #expect(broken(1000, every: .milliseconds(5)) == ["LOG-04"])
        #expect(broken(400, every: .zero) == ["LOG-04"])
        #expect(broken(300, every: .zero) == [])
        #expect(broken(1000, every: .milliseconds(11)) == [])
        #expect(broken(400, every: .zero, held: true) == [])
    }

    private func told(_ percents: JSON...) -> Told {
        var told = Told()
        for percent in percents { told.say("progress", ["executionDetails": ["percentComplete": percent]]) }
        told.say("jobSuccessResult")
        return told
    }

    @Test("PRG-01 and PRG-02: percentages are integers from 0 to 100 that do not decrease")
    func percentages() {
        #expect(told(.integer(101)).broken("PRG") == ["PRG-01"])
        #expect(told(.real(12.5)).broken("PRG") == ["PRG-01"])
        #expect(told(.integer(50), .integer(20)).broken("PRG") == ["PRG-02"])
        #expect(told(.integer(0), .integer(50), .integer(50), .integer(100)).broken("PRG") == [])
    }

    @Test("CNT-01 and CNT-02: a token stands alone and has 1 to 2048 characters")
    func tokens() {
        func broken(_ members: [String: JSON]) -> Set<String> {
            var told = Told()
            told.say("jobSuccessResult", members)
            return told.broken("CNT")
        }
        #expect(broken(["continuationToken": "t", "outputVariables": ["A": "b"]]) == ["CNT-01"])
        #expect(broken(["continuationToken": ""]) == ["CNT-02"])
        #expect(broken(["continuationToken": .string(String(repeating: "t", count: 2049))]) == ["CNT-02"])
        #expect(broken(["continuationToken": .string(String(repeating: "t", count: 2048))]) == [])
    }
}
