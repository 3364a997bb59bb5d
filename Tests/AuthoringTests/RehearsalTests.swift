import Conformance
import Foundation
import PluginHost
import PluginProtocol
import Testing

@testable import Authoring

/// Transcripts of conversations, without running anything.
private struct Told {
    let folder: Folder
    let steps: [Recording]

    private static let job = """
        {"protocol":"penstock/1","type":"job","jobId":"j","operation":"run","attempt":1,"timeoutSeconds":60,\
        "cancelGraceSeconds":5,"secretConfigurationKeys":["Token"],"workspace":{"root":"/workspace","tmp":"tmp"},\
        "host":{"name":"h","version":"1","features":[]},"data":{"actionTypeId":{"category":"Test","owner":"Custom",\
        "provider":"P","version":"1"},"actionConfiguration":{"configuration":{"Name":"x","Token":"s3cret-value"}},\
        "pipelineContext":{"pipelineName":"p","stage":{"name":"s"},"action":{"name":"a","actionExecutionId":"e"}}}}
        """

    /// - Parameter said: lines of standard output without protocol and jobId, or of standard error after `!`.
    init(_ said: [String], exit: String = "\"status\":0", header: String = "\"probe\":\"rehearsal\"", job: String = job)
        throws
    {
        folder = try Folder()
        var lines = [
            "{\"note\":\"t\",\"case\":\"c\",\(header)}", #"{"from":"host","event":"start"}"#,
            #"{"from":"host","message":\#(job)}"#,
        ]
        for text in said {
            if text.hasPrefix("!") {
                lines.append(#"{"from":"plugin","stream":"stderr","line":"\#(text.dropFirst())"}"#)
            } else if text == "SIGTERM" {
                lines.append(#"{"from":"host","event":"signal","signal":"SIGTERM","at":0.5}"#)
            } else {
                lines.append(#"{"from":"plugin","message":{"protocol":"penstock/1","jobId":"j",\#(text)}}"#)
            }
        }
        lines.append(#"{"from":"plugin","event":"exit",\#(exit)}"#)
        try folder.write(lines.joined(separator: "\n"), to: "t.jsonl")
        steps = try Recording.read("\(folder.path)/t.jsonl")
    }

    var verdict: Verdict? { steps.last?.pastConversation(with: "plugin")?.verdict }
    var path: String { "\(folder.path)/t.jsonl" }
}

private let success = #""type":"jobSuccessResult","outputVariables":{"A":"1"}"#

@Suite("A rehearsal")
struct RehearsalTests {
    @Test("the verdict is the host's own")
    func verdicts() throws {
        #expect(try Told([success]).verdict.map { if case .succeeded = $0 { true } else { false } } == true)
        for (said, exit, code) in [
            ([], "\"status\":0", HostCode.noResult), ([], "\"signal\":\"SIGSEGV\"", .signalled),
            ([success], "\"status\":1", .exitAfterSuccess),
        ] {
            guard case .failed(let failure)? = try Told(said, exit: exit).verdict else {
                Issue.record("\(exit) is a failure")
                continue
            }
            #expect(failure.hostCode == code, "\(failure)")
        }
        guard case .abandoned(.user, _)? = try Told(["SIGTERM", #""type":"jobAbandonedResult""#]).verdict else {
            Issue.record("a cancel that was asked for is no failure")
            return
        }
        guard
            case .continues(_, "t", 7)? = try Told([
                #""type":"jobSuccessResult","continuationToken":"t","continueAfterSeconds":7"#
            ]).verdict
        else {
            Issue.record("a token means that it goes on")
            return
        }
    }

    @Test("a conversation is told line by line; secrets are not, and text that is no message is named as such")
    func narration() throws {
        let told = try Told([
            #""type":"progress","executionDetails":{"summary":"Half","percentComplete":50}"#, "!to the log",
            #""type":"log","level":"info","message":"m""#, #""type":"mask","value":"abcdef""#, "SIGTERM",
            #""type":"nonsense""#, success,
        ])
        var narrator = Narrator()
        let lines = told.steps[0].entries.flatMap { narrator.lines(for: $0) }.map { $0.dropFirst(9) }
        #expect(
            lines
                == [
                    "→ job run Test/Custom/P/1", "    Name = x", "    Token = ****", "← progress  50 %  Half",
                    "  │ to the log",
                    "← log info  m", "← mask ****", "→ SIGTERM", lines[8], "← jobSuccessResult", "  exit status 0",
                ].map { $0[...] })
        #expect(lines[8].hasPrefix("← wrong message, type ") && lines[8].contains("MSG-01"), "\(lines[8])")
        #expect(!lines.contains { $0.contains("s3cret") || $0.contains("abcdef") })
    }

    @Test("a record is read as it was written, with its plugin, inputs and outputs")
    func record() throws {
        let folder = try Folder()
        let told = try Told([success])
        var record = try Record(reading: told.path)
        #expect(record.plugin == nil && record.outputs == nil && record.fixture == "c")
        (record.plugin, record.version, record.inputs) = ("p", "1", ["App": "/a b"])
        record.outputs = ["Out": ["x": "12"]]
        try folder.write(record.text, to: "r")
        let again = try Record(reading: "\(folder.path)/r")
        #expect(again.plugin == "p" && again.version == "1" && again.inputs == ["App": "/a b"])
        #expect(again.outputs == ["Out": ["x": "12"]] && again.fixture == "c")
        #expect(again.steps.map(\.entries) == record.steps.map(\.entries))
    }

    @Test("what is no transcript, holds no job or speaks another protocol is refused with its line")
    func foreign() throws {
        let folder = try Folder()
        let other = try Told([success])
        let text = try String(contentsOfFile: other.path, encoding: .utf8)
        for (content, problem) in [
            ("hello", "line 1 is no part of a transcript"),
            (
                text.replacing("penstock/1", with: "penstock/2"),
                "line 3 speaks \"penstock/2\"; only penstock/1 can be played here"
            ),
            (
                #"{"note":"n"}"# + "\n" + #"{"from":"host","event":"start"}"#,
                "no job is in it, so there is nothing to play"
            ),
            ("", "tells of no process"),
        ] {
            try folder.write(content, to: "t")
            let error = #expect(throws: UnreadableInput.self) { try Record(reading: "\(folder.path)/t") }
            #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
        }
        #expect(throws: UnreadableInput.self) { try Record(reading: "\(folder.path)/absent") }
    }

    @Test("a comparison shows what was and what is, in order; the log alone makes no difference")
    func comparison() throws {
        let progress = #""type":"progress","executionDetails":{"summary":"S"}"#
        let then = try Told([progress, "!old", success]).steps
        let same = Comparison(then, try Told([progress, "!new", success]).steps, plugin: "p", outputs: nil)
        #expect(same.isSame && same.parts == [.init(title: "log", lines: ["- old", "+ new"])])
        let other = Comparison(
            then, try Told(["!old", success.replacing("\"1\"", with: "\"2\""), progress]).steps, plugin: "p",
            outputs: ["O": ["f": "12"]])
        #expect(!other.isSame && other.text.hasSuffix("Not the same as it was."))
        #expect(other.parts.map(\.title).contains("messages") && other.parts.last?.lines == ["- O/f  12"])
        let lost = Comparison(then, try Told([]).steps, plugin: "p", outputs: [:])
        #expect(lost.parts.contains { $0.title == "verdict" && $0.lines.count == 2 && $0.lines[0] == "- Succeeded" })
    }

    @Test("a fingerprint changes with content, mode, name and depth, and not with .git")
    func fingerprint() throws {
        let folder = try Folder()
        try folder.write("1", to: "a/b")
        var last = Fingerprint(of: folder.path)
        #expect(Fingerprint(of: folder.path) == last)
        for change in [("22", "a/b"), ("", "c"), ("", "d/e")] {
            try folder.write(change.0, to: change.1)
            #expect(Fingerprint(of: folder.path) != last)
            last = Fingerprint(of: folder.path)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: "\(folder.path)/c")
        #expect(Fingerprint(of: folder.path) != last)
        last = Fingerprint(of: folder.path)
        try folder.write("", to: ".git/index")
        #expect(Fingerprint(of: folder.path) == last)
    }
}
