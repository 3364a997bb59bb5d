import Jansson
import PluginProtocol
import Testing

private let id = "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"

private func classify(_ line: String, _ ending: LineEnding = .newline) -> LineClass {
    LineClass(Array(line.utf8), ending: ending, jobIds: [id])
}

private func rule(_ line: LineClass) -> String {
    switch line {
    case .blank: "blank"
    case .message: "message"
    case .stray: "stray"
    case .truncated: "truncated"
    case .protocolError(let jobId, let violation): jobId == id ? violation.rule : "wrong job"
    }
}

private func message(_ rest: String) -> String { #"{"protocol":"penstock/1","jobId":"\#(id)",\#(rest)}"# }

@Suite("A line of a plugin's standard output")
struct LineClassTests {
    @Test(
        "is a message, stray text or a protocol error (section 4.1)",
        arguments: [
            ("", "blank"), ("\r", "blank"), ("  \t", "blank"),
            (message(#""type":"acknowledge""#), "message"),
            (message(#""type":"acknowledge""#) + "\r", "message"),
            ("  " + message(#""type":"acknowledge""#), "message"),
            ("Starting…", "stray"), ("{\"level\":\"info\"}", "stray"), ("[1,2]", "stray"), ("{not json", "stray"),
            (#"{"protocol":"penstock/1","type":"acknowledge","jobId":"6B7A"}"#, "stray"),
            (#"{"protocol":"penstock/1","type":"acknowledge"}"#, "stray"),
            ("working on \(id)", "FRM-01"), (#"{"jobId":"\#(id)","type":"acknowledge"}"#, "FRM-01"),
            (#"["\#(id)"]"#, "FRM-01"),
            (message(#""type":"acknowledge","type":"log""#), "FRM-07"),
            (message(#""type":"acknowledge","#), "FRM-08"), (message(#""type":"acknowledge","x":NaN"#), "FRM-08"),
            (message(#""type":"acknowledge","x":"\ud800""#), "FRM-08"),
            (message(#""type":"acknowledge","x":9007199254740992"#), "FRM-08"),
            (message(#""type":"acknowledge","x":[{"y":-9007199254740992}]"#), "FRM-08"),
            (message(#""type":"acknowledge","x":-9007199254740991"#), "message"),
            (message(#""type":"acknowledge","x":99999999999999999999"#), "FRM-08"),
            (message("\"type\":\"acknowledge\",\"x\":\"a\tb\""), "FRM-08"),
            ("\u{FEFF}" + message(#""type":"acknowledge""#), "FRM-02"),
            (message(#""type":"acknowledge""#) + message(#""type":"acknowledge""#), "FRM-08"),
            (message(#""type":"jobDone""#), "MSG-01"), (message(#""type":7"#), "MSG-01"),
            (message(#""x":7"#), "MSG-03"),
            (#"{"protocol":"penstock/2","jobId":"\#(id)","type":"acknowledge"}"#, "MSG-03"),
        ])
    func classes(line: String, expected: String) { #expect(rule(classify(line)) == expected, "\(line)") }

    @Test("with bytes that are no UTF-8 is a protocol error if it names the job (FRM-02)")
    func latin1() {
        let bytes = Array(message(#""type":"log","level":"info","message":"?""#).utf8).map { $0 == 0x3F ? 0xE9 : $0 }
        #expect(rule(LineClass(bytes, ending: .newline, jobIds: [id])) == "FRM-02")
        #expect(LineClass([0xFF, 0xFE], ending: .newline, jobIds: [id]) == .stray)
    }

    @Test("has at most 1 MiB with its line feed (FRM-05)")
    func length() {
        func padded(to count: Int) -> String {
            let empty = message(#""type":"acknowledge","x":"""#).utf8.count
            return message(#""type":"acknowledge","x":"\#(String(repeating: "a", count: count - empty))""#)
        }
        #expect(rule(classify(padded(to: (1 << 20) - 1))) == "message")
        #expect(rule(classify(padded(to: 1 << 20))) == "FRM-05")
        #expect(rule(classify(message(#""type":"log""#), .overlong(totalBytes: 2 << 20))) == "FRM-05")
        #expect(classify("aaaa", .overlong(totalBytes: 2 << 20)) == .stray)
    }

    @Test("nests at most 32 deep (FRM-06)")
    func depth() {
        func nested(_ depth: Int) -> String {
            let (open, close) = (String(repeating: "[", count: depth), String(repeating: "]", count: depth))
            return message(#""type":"acknowledge","x-y":\#(open)\#(close)"#)
        }
        #expect(rule(classify(nested(31))) == "message")
        #expect(rule(classify(nested(32))) == "FRM-06")
        #expect(rule(classify(nested(600))) == "FRM-06")
    }

    @Test("that ends with the stream counts when it is complete, and else is thrown away (FRM-04)")
    func lastLine() {
        #expect(rule(classify(message(#""type":"acknowledge""#), .endOfStream)) == "message")
        #expect(classify(String(message(#""type":"acknowledge""#).dropLast(3)), .endOfStream) == .truncated)
        #expect(classify("half a li", .endOfStream) == .stray)
        #expect(rule(classify(message(#""type":"jobDone""#), .endOfStream)) == "MSG-01")
    }

    @Test("says in one sentence what is wrong with it")
    func sentences() {
        guard case .protocolError(_, let violation) = classify(message(#""type":"jobSucessResult""#)) else {
            Issue.record("must be refused")
            return
        }
        #expect(
            violation.description
                == "type must be one of acknowledge, progress, log, mask, jobSuccessResult, jobFailureResult, "
                + "jobAbandonedResult, found \"jobSucessResult\"; did you mean \"jobSuccessResult\"? (MSG-01)")
    }
}
