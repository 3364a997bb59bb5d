import Foundation
import Jansson
import Processes
import Testing

@testable import Conformance

@Suite("Secrets in what a plugin says and leaves")
struct SecretTests {
    private static let value = #"Rös'lein/+ "rot" \auf der&Heide"#
    private let value = Self.value

    private func told(_ value: String? = nil, also open: String = "nothing") -> Told {
        Told(configuration: ["Token": value ?? self.value, "Open": open], secretKeys: ["Token"])
    }

    @Test("a secret in the log breaks SEC-01, and the finding does not repeat it")
    func log() {
        var told = told()
        told.log("Signing with \(value)")
        #expect(told.broken("SEC") == ["SEC-01"])
        let findings = told.recording.findings.filter { $0.rule == "SEC-01" }
        #expect(findings.count == 1)
        #expect(!findings.contains { $0.evidence.contains("rot") })
    }

    @Test("a secret in the message of a log message breaks SEC-01")
    func logMessage() {
        var told = told()
        told.say("log", ["level": "info", "message": .string("with \(value)")])
        #expect(told.broken("SEC") == ["SEC-01"])
    }

    @Test("a secret that the limit of a line has cut is found: SEC-01")
    func cut() {
        var told = told()
        told.hear(Array("Signing with \(value.prefix(9))".utf8), on: .error, .split)
        told.log(String(value.dropFirst(9)))
        #expect(told.broken("SEC") == ["SEC-01"])
    }

    private static let places: [(String, [String: JSON])] = [
        ("progress", ["executionDetails": ["summary": .string(value)]]),
        ("jobSuccessResult", ["outputVariables": ["Copy": .string("=\(value)")]]),
        ("jobSuccessResult", ["continuationToken": .string("id \(value)")]),
        ("jobSuccessResult", ["continuationToken": .string(#"{"key":\#(JSON.string(value).text)}"#)]),
        ("jobFailureResult", ["failureDetails": ["type": "JobFailed", "message": .string("not with \(value)")]]),
    ]

    @Test(
        "a secret where others read results breaks SEC-03",
        arguments: places)
    func results(type: String, members: [String: JSON]) {
        var told = told()
        told.say(type, members)
        #expect(told.broken("SEC") == ["SEC-03"])
    }

    @Test(
        "an encoded secret in the log breaks SEC-05 alone",
        arguments: [
            Data("a\(value)".utf8).base64EncodedString(), Data("ab\(value)bc".utf8).base64EncodedString(),
            Data(value.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_"),
            "R%C3%B6s%27lein%2F%2B%20%22rot%22%20%5Cauf%20der%26Heide",
            "R%c3%b6s%27lein/%2b+%22rot%22+%5cauf+der%26Heide",
            JSON.string(value).text, #""R\u00f6s'lein\/+ \"rot\" \\auf der&Heide""#,
            "'" + value.replacing("'", with: #"'\''"#) + "'",
        ])
    func encoded(text: String) {
        var told = told()
        told.log("Sent: \(text)!")
        #expect(told.broken("SEC") == ["SEC-05"])
    }

    @Test("each line of a secret breaks SEC-05, and all of them together SEC-01")
    func lines() {
        let key = "-----first line-----\nsecond line of it\n"
        var (single, whole) = (told(key), told(key))
        single.log("> second line of it <")
        #expect(single.broken("SEC") == ["SEC-05"])
        for line in key.split(separator: "\n") { whole.log(String(line)) }
        #expect(whole.broken("SEC") == ["SEC-01"])
    }

    @Test("a secret left in the workspace breaks SEC-02, and SEC-05 when it is encoded; one in the inputs neither")
    func workspace() throws {
        func broken(_ path: String, _ content: String) throws -> Set<String> {
            try withFolder { folder in
                let file = URL(filePath: "\(folder)/\(path)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(content.utf8).write(to: file)
                var told = told()
                told.recording.errands[0].remains.all = Snapshot(of: folder)
                return told.broken("SEC")
            }
        }
        #expect(try broken("home/.netrc", "password \(value)") == ["SEC-02"])
        #expect(try broken("tmp/token", Data(value.utf8).base64EncodedString()) == ["SEC-05"])
        #expect(try broken("in/App/token", value) == [])
        #expect(try broken("out/List/listing.txt", "nothing") == [])
    }

    @Test("a mask message may name a secret; a short value, or one that is no secret elsewhere, is passed over")
    func allowed() {
        var (mask, short, open) = (told(), told("abc"), told("release", also: "the release branch"))
        mask.say("mask", ["value": .string(value)])
        short.log("abc")
        open.log("release")
        for told in [mask, short, open] { #expect(told.broken("SEC") == []) }
    }

    @Test("what is left outside of the workspace breaks SEC-07")
    func strewn() {
        var told = told()
        told.recording.strewn = ["/tmp/greeted"]
        #expect(told.broken("SEC") == ["SEC-07"])
    }
}
