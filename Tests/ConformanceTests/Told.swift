import Foundation
import Jansson
import PluginProtocol
import Processes

@testable import Conformance

/// A run of one job, written down by hand: what a plugin said and left, without a process.
struct Told {
    static let jobId = "6b7a1c1e-6a0b-4f3e-9d7e-1a2b3c4d5e6f"
    var recording = Recording(probe: "fixtures", lifecycle: .oneShot)
    /// When the next thing happens.
    var at = Duration.zero
    private var offsets: [Processes.Stream: Int] = [:]

    init(
        configuration: [String: String] = [:], secretKeys: [String] = [], outputs: [String: [String]] = [:]
    ) {
        let type = ActionTypeIdentifier(category: "Build", owner: "Custom", provider: "Told", version: "1")
        let data = JobData(
            actionTypeId: type, configuration: configuration,
            pipelineContext: JobData.PipelineContext(
                pipelineName: "p", stageName: "s", actionName: "a", actionExecutionId: "e"),
            outputArtifacts: outputs.keys.sorted().map { JobData.Artifact(name: $0, path: "out/\($0)") })
        let job = Job(
            jobId: Self.jobId, secretConfigurationKeys: secretKeys, workspace: Job.Workspace(root: "/workspace"),
            host: Job.Host(name: "told", version: "1"), data: data)
        let fixture = Fixture(
            name: "case", traits: [.succeeds], actionType: type, operation: .run, configuration: configuration,
            inputArtifacts: [:], outputArtifacts: outputs.keys.sorted(),
            expect: Fixture.Expectation(status: .succeeded, outputVariables: [:], outputArtifacts: outputs), setup: [],
            teardown: [], needsNetwork: false, timeoutSeconds: 30)
        recording.errands = [Recording.Errand(job: job, fixture: fixture, at: .zero)]
        recording.exit = .code(0)
    }

    mutating func say(_ type: String, _ members: [String: JSON] = [:]) {
        let envelope: [String: JSON] = [
            "protocol": "penstock/1", "type": .string(type), "jobId": .string(Self.jobId),
        ]
        hear(JSON.object(members.merging(envelope) { $1 }).serialized, on: .output)
    }

    mutating func log(_ text: String) { hear(Array(text.utf8), on: .error) }

    mutating func hear(_ bytes: [UInt8], on stream: Processes.Stream, _ ending: Line.Ending = .newline) {
        let line = Line(stream: stream, offset: offsets[stream, default: 0], bytes: bytes, ending: ending)
        offsets[stream, default: 0] += bytes.count + 1
        let heard = Recording.Heard(line, jobIds: [Self.jobId])
        recording.entries.append(Recording.Entry(at: at, what: .heard(heard)))
        if heard.message?.body.isTerminal == true { recording.errands[0].terminalAt = at }
    }

    /// Rules of these groups that it breaks.
    func broken(_ groups: String...) -> Set<String> {
        Set(recording.findings.map(\.rule).filter { rule in groups.contains { rule.hasPrefix($0) } })
    }
}

/// A folder that is there while something is done with it.
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}
