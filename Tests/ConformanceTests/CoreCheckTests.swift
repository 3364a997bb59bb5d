import Foundation
import PluginProtocol
import Processes
import Testing
import Workspaces

@testable import Conformance

private let jobId = "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"

/// A process that got one job and wrote what `output` holds, as if it had been run.
private func recording(_ output: some Sequence<UInt8>, exit: Exit = .code(0)) -> Recording {
    var recording = Recording(probe: "test", lifecycle: .oneShot)
    let type = ActionTypeIdentifier(category: "Build", owner: "Custom", provider: "P", version: "1")
    let context = JobData.PipelineContext(
        pipelineName: "p", stageName: "s", actionName: "a", actionExecutionId: "e")
    let job = Job(
        jobId: jobId, workspace: Job.Workspace(root: "/workspace"), host: Job.Host(name: "h", version: "1"),
        data: JobData(actionTypeId: type, pipelineContext: context))
    let fixture = Fixture(
        name: "f", traits: [.succeeds], actionType: type, operation: .run, configuration: [:], inputArtifacts: [:],
        outputArtifacts: [], expect: .init(status: .succeeded, outputVariables: [:], outputArtifacts: [:]), setup: [],
        teardown: [], needsNetwork: false, timeoutSeconds: 30)
    recording.errands = [.init(job: job, fixture: fixture, at: .zero)]
    var (offset, lines) = (0, Array(output).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false))
    let rest = lines.removeLast()
    for (bytes, ending) in lines.map({ ($0, Line.Ending.newline) }) + (rest.isEmpty ? [] : [(rest, .unterminated)]) {
        let line = Line(stream: .output, offset: offset, bytes: Array(bytes), ending: ending)
        recording.hear(Recording.Heard(line, jobIds: [jobId]))
        offset += bytes.count + 1
    }
    recording.exit = exit
    return recording
}

extension Recording {
    fileprivate mutating func hear(_ heard: Heard) {
        entries.append(.init(at: .zero, what: .heard(heard)))
        if heard.message?.body.isTerminal == true { errands[0].terminalAt = .zero }
    }

    /// The rules that it breaks of those that are judged in every run.
    fileprivate var broken: Set<String> { Set(Check.everyRun.flatMap { $0.findings(in: self) }.map(\.rule)) }
}

private func message(_ type: String, _ members: String = "") -> String {
    "{\"protocol\":\"penstock/1\",\"type\":\"\(type)\",\"jobId\":\"\(jobId)\"\(members)}"
}

private let success = message("jobSuccessResult") + "\n"
private let refusal = message(
    "jobFailureResult", ",\"failureDetails\":{\"type\":\"JobFailed\",\"message\":\"The door is shut\"}")

private let vectors = spec.appending(path: "vectors")

private func names(in folder: String, _ choose: (String) -> Bool) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: vectors.appending(path: folder).path)
    return (names ?? []).filter(choose).sorted()
}

@Suite("What is judged in every run")
struct CoreCheckTests {
    @Test(
        "a bad vector, written by a plugin, breaks the rule of its name and no other",
        arguments: names(in: "bad") { !$0.hasPrefix("MAN") })
    func bad(name: String) throws {
        var recording = recording(Array(try Data(contentsOf: vectors.appending(path: "bad/\(name)"))))
        // A vector is one message, and whether a result comes is no matter of it.
        recording.faults = [.noJob]
        let others = ["LOG-02", "PRG-01", "CNT-01", "CNT-02"]
        let rule = String(name.prefix(6))
        #expect(recording.broken.subtracting(others) == Set([rule]).subtracting(others))
        if others.contains(rule) { #expect(recording.wrongLines.map(\.violation.rule) == [rule]) }
    }

    @Test(
        "a good vector breaks nothing",
        arguments: names(in: "good") { name in
            ["cancel", "cases", "job-", "manifest", "result"].allSatisfy { !name.hasPrefix($0) }
        })
    func good(name: String) throws {
        var recording = recording(Array(try Data(contentsOf: vectors.appending(path: "good/\(name)"))))
        recording.faults = [.noJob]
        if name.hasPrefix("jobAbandonedResult") { recording.errands[0].isCancelled = true }
        // The longest message of a failure is a long one, and no good one.
        #expect(recording.broken.subtracting(["RES-13"]) == [])
    }

    @Test("there are vectors") func present() { #expect(names(in: "bad") { _ in true }.count > 80) }

    static let lines: [(String, String)] = [
        ("FRM-01", "Hello\n"), ("FRM-01", "{\n  \"protocol\": \"penstock/1\",\n  \"type\": \"acknowledge\"\n}\n"),
        ("FRM-02", "\u{FEFF}Hello\n"), ("FRM-03", "\(message("acknowledge"))\r\n"),
        ("FRM-04", "\(message("acknowledge").dropLast())"), ("FRM-04", "{\"protocol\":\"penstock/1\",\"ty"),
        ("FRM-08", "{\"protocol\":\"penstock/1\",\"type\":\"progress\",\"x\":NaN}\n"),
        ("FRM-07", "{\"protocol\":\"penstock/1\",\"type\":\"progress\",\"type\":\"log\"}\n"),
        ("FRM-06", "{\"protocol\":\"penstock/1\",\"x\":\(String(repeating: "[", count: 40))\n"),
        ("MSG-02", "{\"protocol\":\"penstock\\/1\",\"type\":\"jobSuccessResult\",\"jobId\":7}\n"),
        (
            "MSG-02", "{\"protocol\":\"penstock/1\",\"type\":\"acknowledge\",\"jobId\":\"\",\"x\":\"\(jobId)\"}\n"
        ),
    ]

    @Test("a line that no host minds is still a breach, and of one rule", arguments: lines)
    func unnoticed(rule: String, text: String) {
        // The result comes first, so that an unterminated line is the last one; that it is late is another matter.
        #expect(recording((success + text).utf8).broken.subtracting(["RES-04"]) == [rule])
    }

    @Test(
        "a line of more than 1 MiB breaks FRM-05, whatever stands in it", arguments: ["Hello", message("acknowledge")])
    func overlong(text: String) {
        var recording = recording(success.utf8)
        let line = Line(stream: .output, offset: 200, bytes: Array(text.utf8), ending: .overlong(totalBytes: 1 << 20))
        recording.hear(Recording.Heard(line, jobIds: [jobId]))
        #expect(recording.broken == ["FRM-05"])
    }

    static let progress = message("progress", ",\"executionDetails\":{\"summary\":\"half\"}")
    static let (head, tail) = (String(progress.prefix(30)), String(progress.dropFirst(30)))

    @Test(
        "FRM-09 is found where two writers mix, and explains all of it",
        arguments: [
            "\(head)\(progress)\n\(tail)\n", "\(head)\(head)\(tail)\(tail)\n", "\(head)\n\(tail)\n",
            "\(head)\(progress)\n\(message("acknowledge"))\n\(tail)\n",
        ])
    func interrupted(text: String) { #expect(recording((text + success).utf8).broken == ["FRM-09"]) }

    @Test("FRM-08 and not FRM-09 is two whole messages on one line")
    func twoOnALine() {
        #expect(recording((Self.progress + Self.progress + Self.progress + "\n" + success).utf8).broken == ["FRM-08"])
    }

    @Test(
        "what was cut off by the kit is not held against the plugin", arguments: [Recording.Fault.killed, .cancelled])
    func cutOff(fault: Recording.Fault) {
        var recording = recording(message("jobSuccessResult").dropLast().utf8, exit: .signal(15))
        recording.faults = [fault]
        #expect(recording.broken == [])
    }
}

@Suite("Results and ends that are judged in every run")
struct ResultCheckTests {
    @Test("RES-01: no result, with the exit and the last words")
    func noResult() {
        var recording = recording("".utf8, exit: .code(3))
        recording.hear(
            Recording.Heard(Line(stream: .error, offset: 0, bytes: Array("Oops".utf8), ending: .newline), jobIds: []))
        let finding = Check.everyRun.flatMap { $0.findings(in: recording) }.first { $0.rule == "RES-01" }
        #expect(finding?.evidence == "no terminal message came; it exited with status 3; its log ends with: \"Oops\"")
    }

    @Test("RES-01 is not what the kit brought about", arguments: Recording.Fault.allCases)
    func excused(fault: Recording.Fault) {
        var recording = recording("".utf8, exit: .signal(9))
        recording.faults = [fault]
        #expect(!recording.broken.contains("RES-01"))
    }

    @Test("RES-01 is not what RES-02 says, nor what is wrong with the result that came")
    func explained() {
        var late = recording("".utf8)
        late.errands[0].isOverdue = true
        #expect(late.broken == [])
        let refused = recording((message("jobSuccessResult", ",\"outputVariables\":{\"A\":1}") + "\n").utf8)
        #expect(refused.broken == ["RES-07"])
    }

    @Test("RES-01 is found beside FRM-04 where the result is cut off")
    func cutOff() { #expect(recording(success.dropLast(9).utf8).broken == ["RES-01", "FRM-04"]) }

    @Test("RES-03 is a second result, RES-04 anything else after the first")
    func afterwards() {
        #expect(recording((success + refusal + "\n").utf8).broken == ["RES-03"])
        #expect(recording((success + message("acknowledge") + "\n").utf8).broken == ["RES-04"])
    }

    @Test("RES-05: success and then a failing exit", arguments: [Exit.code(3), .signal(11)])
    func exit(exit: Exit) {
        var recording = recording(success.utf8, exit: exit)
        #expect(recording.broken == ["RES-05"])
        recording.faults = [.killed]
        #expect(recording.broken == [])
    }

    @Test(
        "RES-13: a message that helps nobody",
        arguments: [
            "failed", "Error!", "error: error", "  File \"a.py\", line 3, in main", "    at main (/app/x.js:10:7)",
            "Traceback (most recent call last):\n  File \"a.py\", line 3", "x.rb:3:in `run'", "\n",
        ])
    func unhelpful(message: String) { #expect(fault(ofFailureMessage: message) != nil) }

    @Test(
        "RES-13: a message that helps",
        arguments: [
            "Project shop is unknown", "設定が見つかりません", "KeyError: Name",
            "Traceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'Name'", "exit 3",
        ])
    func helpful(message: String) { #expect(fault(ofFailureMessage: message) == nil) }

    @Test("LIF-05: it lingers after its result, and not where there is none")
    func lingers() {
        for (output, rules) in [(success, Set(["LIF-05"])), ("", [])] {
            var recording = recording(output.utf8, exit: .signal(15))
            (recording.lingered, recording.faults) = (true, [.killed])
            #expect(recording.broken == rules)
        }
    }

    @Test("LIF-06 and LIF-07: what is left behind, by name and number")
    func leftBehind() {
        var recording = recording(success.utf8)
        recording.survivors = [ProcessTree.Process(pid: 12, arguments: ["sleep", "9"])]
        #expect(recording.broken == ["LIF-07"])
        recording.openPipes = [.error]
        let findings = Check.everyRun.flatMap { $0.findings(in: recording) }
        #expect(findings.map(\.rule) == ["LIF-06"])
        #expect(findings[0].evidence.contains("standard error") && findings[0].evidence.contains("12 (\"sleep 9\")"))
        recording.faults = [.cancelled]
        #expect(recording.broken == [])
    }

    @Test("CAN-02: given up without a cancel, also if the kit's signal comes later")
    func abandoned() {
        var recording = recording((message("jobAbandonedResult") + "\n").utf8)
        #expect(recording.broken == ["CAN-02"])
        recording.entries.append(.init(at: .seconds(5), what: .done("SIGTERM, because the time is over")))
        #expect(recording.broken == ["CAN-02"])
        recording.entries.reverse()
        #expect(recording.broken == [])
    }
}
