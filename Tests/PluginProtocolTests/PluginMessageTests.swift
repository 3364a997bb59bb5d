import Jansson
import PluginProtocol
import Testing

private func json(_ rest: String) throws -> JSON {
    try JSON(parsing: #"{"protocol":"penstock/1","jobId":"j","# + rest + "}")
}

private func text(_ count: Int) -> String { String(repeating: "a", count: count) }

private func success(_ rest: String) -> String { #""type":"jobSuccessResult","# + rest }

private func failure(_ rest: String) -> String { #""type":"jobFailureResult","failureDetails":"# + rest }

private func variables(count: Int) -> String {
    success(#""outputVariables":{"# + (0..<count).map { #""k\#($0)":"v""# }.joined(separator: ",") + "}")
}

@Suite("A message of a plugin")
struct PluginMessageTests {
    @Test(
        "is read, and written back as it was",
        arguments: [
            #""type":"acknowledge""#, #""type":"mask","value":"s3cret""#, #""type":"jobAbandonedResult""#,
            #""type":"jobAbandonedResult","executionDetails":{"summary":"stopped"}"#,
            #""type":"progress","executionDetails":{}"#,
            #""type":"progress","executionDetails":{"summary":"s","percentComplete":100,"externalExecutionId":"d-1"}"#,
            #""type":"progress","executionDetails":{"percentComplete":0},"currentRevision":{"revision":"abc"}"#,
            #""type":"log","level":"notice","message":"","time":1795420800.5"#,
            success(#""outputVariables":{"Url-1@x_":"https://…"},"executionDetails":{"externalExecutionId":"d"}"#),
            success(#""continuationToken":"t","continueAfterSeconds":3600"#),
            success(
                #""currentRevision":{"revision":"r","changeIdentifier":"c","created":1.5,"revisionSummary":"s"}"#),
            success(#""cursor":"c","changes":[{"revision":"r","branch":"b","tag":"t","files":["f"],"author":"a"}]"#),
            failure(#"{"type":"RevisionOutOfSync","message":"gone","externalExecutionId":"d"}"#),
        ])
    func roundTrip(rest: String) throws {
        let json = try json(rest)
        let message = try PluginMessage(json)
        #expect(message.jobId == "j")
        #expect(message.json == json)
    }

    @Test(
        "that breaks a rule is refused by the rule's id",
        arguments: [
            ("MSG-01", #""type":"job""#), ("MSG-03", #""level":"info""#),
            ("MSG-03", #""type":"progress""#), ("MSG-03", #""type":"progress","executionDetails":"half""#),
            ("PRG-01", #""type":"progress","executionDetails":{"percentComplete":12.5}"#),
            ("PRG-01", #""type":"progress","executionDetails":{"percentComplete":101}"#),
            ("PRG-01", #""type":"progress","executionDetails":{"percentComplete":-1}"#),
            ("RES-12", #""type":"progress","executionDetails":{"summary":""}"#),
            ("RES-12", #""type":"progress","executionDetails":{"summary":"\#(text(2049))"}"#),
            ("RES-12", #""type":"progress","executionDetails":{"externalExecutionId":"\#(text(1501))"}"#),
            ("RES-12", #""type":"progress","executionDetails":{},"currentRevision":{"revision":"\#(text(1501))"}"#),
            ("RES-12", success(#""currentRevision":{"revision":"r","changeIdentifier":"\#(text(101))"}"#)),
            ("RES-12", success(#""currentRevision":{"revision":"r","revisionSummary":"\#(text(2049))"}"#)),
            ("RES-12", success(#""currentRevision":{"revision":"r","created":"yesterday"}"#)),
            // Digits of another script, and numbers that no clock has: neither may end the host.
            ("RES-12", success(#""currentRevision":{"revision":"r","created":"2026-11-23T08:00:00+٠١:٠٠"}"#)),
            ("RES-12", success(#""currentRevision":{"revision":"r","created":1e300}"#)),
            ("RES-12", success(#""currentRevision":{"revision":"r","created":-9007199254740991}"#)),
            ("RES-12", success(#""currentRevision":{"changeIdentifier":"c"}"#)),
            ("LOG-02", #""type":"log","level":"FATAL!!","message":"m""#), ("LOG-02", #""type":"log","level":"info""#),
            ("LOG-02", #""type":"log","level":"info","message":"\#(text(16385))""#),
            ("MSG-03", #""type":"log","level":"info","message":"m","time":"noon""#),
            ("MSG-03", #""type":"mask""#), ("MSG-03", #""type":"mask","value":7"#),
            ("RES-07", success(#""outputVariables":{"n":7}"#)), ("RES-07", success(#""outputVariables":["n"]"#)),
            ("RES-08", success(#""outputVariables":{"a.b":"v"}"#)), ("RES-08", success(#""outputVariables":{"":"v"}"#)),
            ("RES-08", success(#""outputVariables":{"\#(text(129))":"v"}"#)),
            ("RES-08", success(#""outputVariables":{"a":"\#(text(122_880))"}"#)), ("RES-08", variables(count: 51)),
            // VAR-8
            ("CNT-01", success(#""continuationToken":"t","outputVariables":{"a":"b"}"#)),
            ("CNT-02", success(#""continuationToken":"""#)),
            ("CNT-02", success(#""continuationToken":"\#(text(2049))""#)),
            ("MSG-03", success(#""continueAfterSeconds":0"#)), ("MSG-03", success(#""continueAfterSeconds":3601"#)),
            ("MSG-03", success(#""cursor":"\#(text(2049))""#)), ("RES-12", success(#""changes":[{}]"#)),
            ("MSG-03", failure(#""a string""#)), ("MSG-03", #""type":"jobFailureResult""#),
            ("RES-06", failure(#"{"type":"Oops","message":"m"}"#)), ("RES-06", failure(#"{"message":"m"}"#)),
            ("RES-09", failure(#"{"type":"JobFailed"}"#)), ("RES-09", failure(#"{"type":"JobFailed","message":""}"#)),
            ("RES-09", failure(#"{"type":"JobFailed","message":"\#(text(5001))"}"#)),
        ])
    func refusals(rule: String, rest: String) throws {
        let json = try json(rest)
        let error = #expect(throws: RuleViolation.self) { try PluginMessage(json) }
        #expect(error?.rule == rule, "\(rest.prefix(80)): \(error.map { "\($0)" } ?? "")")
    }

    @Test(
        "is read at the very limit of each field",
        arguments: [
            success(#""outputVariables":{"a":"\#(text(122_879))"}"#), variables(count: 50),
            success(#""continuationToken":"\#(text(2048))""#),
            #""type":"log","level":"info","message":"\#(text(16384))""#,
            failure(#"{"type":"JobFailed","message":"\#(text(5000))"}"#),
            #""type":"progress","executionDetails":{"summary":"\#(text(2048))","externalExecutionId":"\#(text(1500))"}"#,
        ])
    func limits(rest: String) throws {
        let json = try json(rest)
        #expect(throws: Never.self) { try PluginMessage(json) }
    }

    @Test("may have members that nobody knows, and null for absent ones")
    func unknownMembers() throws {
        let message = try PluginMessage(
            json(#""type":"jobSuccessResult","x-a":1,"future":{"a":[]},"executionDetails":null"#))
        #expect(message.body == .jobSuccessResult(JobSuccessResult()))
    }

    @Test(
        "tells an instant as RFC 3339 text or as seconds",
        arguments: [
            (#""1970-01-01T00:00:00Z""#, 0.0), (#""2026-11-23T08:00:00.25Z""#, 1_795_420_800.25),
            (#""2026-11-23T10:00:00+02:00""#, 1_795_420_800), (#""2024-02-29T23:59:60-01:30""#, 1_709_256_600),
            ("1795420800", 1_795_420_800), ("1.5", 1.5),
        ])
    func instants(text: String, seconds: Double) throws {
        let message = try PluginMessage(json(#""type":"log","level":"info","message":"m","time":\#(text)"#))
        #expect(message.body == .log(Log(level: .info, message: "m", time: Timestamp(seconds: seconds))))
    }

    @Test("that has too large output variables names the largest (RES-08)")
    func largestVariable() throws {
        let json = try json(success(#""outputVariables":{"small":"v","big":"\#(text(130_000))"}"#))
        let error = #expect(throws: RuleViolation.self) { try PluginMessage(json) }
        #expect(
            error?.problem == "must have at most 122880 bytes in all, found 130009; the largest is big with 130000")
    }
}
