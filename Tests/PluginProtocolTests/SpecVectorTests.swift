import Foundation
import Jansson
import PluginProtocol
import Testing

private let vectors = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "spec/vectors")

private func names(in folder: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: vectors.appending(path: folder).path)
    return names.map { $0.sorted() } ?? []
}

private func bytes(of name: String) throws -> [UInt8] { Array(try Data(contentsOf: vectors.appending(path: name))) }

/// What a host takes the first line for that is no blank: `message`, `stray`, `truncated`, or the rule that it breaks.
private func judgement(of text: [UInt8]) -> String {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let last = lines.removeLast()
    let jobIds: Set = ["6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"]
    let classes =
        lines.map { LineClass($0, ending: .newline, jobIds: jobIds) }
        + (last.isEmpty ? [] : [LineClass(last, ending: .endOfStream, jobIds: jobIds)])
    let judgements = classes.map {
        switch $0 {
        case .blank: "blank"
        case .message: "message"
        case .stray: "stray"
        case .truncated: "truncated"
        case .protocolError(_, let violation): violation.rule
        }
    }
    // Of a text of several lines the one that names the job.
    return judgements.first { $0 != "stray" && $0 != "blank" } ?? judgements.first ?? "blank"
}

@Suite("The vectors of the specification")
struct SpecVectorTests {
    /// What the kit alone reads.
    private static let otherDocuments = ["cases", "result"]

    private struct Exceptions: Decodable {
        var hostTakesAs: [String: String]
    }

    @Test("are there")
    func present() { #expect(names(in: "good").count >= 50 && names(in: "bad").count >= 100) }

    @Test("that are good are read", arguments: names(in: "good"))
    func good(name: String) throws {
        let text = try bytes(of: "good/\(name)")
        let kind = String(name.prefix { $0 != "-" })
        switch kind {
        case "manifest": _ = try Manifest(parsing: text)
        case "job", "cancel":
            let message = try HostMessage(JSON(parsing: text))
            #expect(try HostMessage(JSON(parsing: message.line)) == message)
        case let kind where Self.otherDocuments.contains(kind): _ = try JSON(parsing: text)
        default:
            #expect(judgement(of: text) == "message")
            let message = try PluginMessage(JSON(parsing: text))
            #expect(try PluginMessage(JSON(parsing: message.json.serialized)) == message)
            #expect(kind == "line" || message.json["type"] == .string(kind))
        }
    }

    @Test(
        "that are bad manifests are refused by their rule and no other",
        // What breaks MAN-10 is a list of cases.
        arguments: names(in: "bad").filter { $0.hasPrefix("MAN") && !$0.hasPrefix("MAN-10") })
    func badManifest(name: String) throws {
        let text = try bytes(of: "bad/\(name)")
        let error = #expect(throws: InvalidManifest.self) { try Manifest(parsing: text) }
        #expect(Set(error?.violations.map(\.rule) ?? []) == [String(name.prefix(6))])
    }

    @Test(
        "that are bad lines are refused by their rule, but for the exceptions",
        arguments: names(in: "bad").filter { !$0.hasPrefix("MAN") })
    func badLine(name: String) throws {
        let exceptions = try JSONDecoder().decode(Exceptions.self, from: Data(try bytes(of: "exceptions.json")))
        let expected = exceptions.hostTakesAs[name] ?? String(name.prefix(6))
        #expect(judgement(of: try bytes(of: "bad/\(name)")) == expected)
    }

    @Test("name MSG-02 where a message has no jobId")
    func noJobId() throws {
        let json = try JSON(parsing: try bytes(of: "bad/MSG-02-no-job-id.json"))
        let error = #expect(throws: RuleViolation.self) { try PluginMessage(json) }
        #expect(error?.rule == "MSG-02")
    }
}
