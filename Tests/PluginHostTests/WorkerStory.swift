import Jansson
import PluginProtocol
import Processes
import Testing

@testable import PluginHost

/// A worker under test, and all the effects that it had.
struct WorkerStory {
    var session: WorkerSession
    var effects: [WorkerSession.Effect] = []

    init(seats: Int = 8, heartbeatSeconds: Int? = nil, idleTime: Duration = .seconds(300)) {
        session = WorkerSession(plugin: "acme", seats: seats, heartbeatSeconds: heartbeatSeconds, idleTime: idleTime)
    }

    @discardableResult
    mutating func apply(_ input: WorkerSession.Input) -> [WorkerSession.Effect] {
        let new = session.apply(input)
        effects += new
        return new
    }

    /// A job from its wish to the worker, as far as the worker takes it; a process is started for it.
    @discardableResult
    mutating func dispatch(
        _ id: String, action: String? = nil, secrets: [String: String] = [:], timeoutSeconds: Int = 60
    ) -> [WorkerSession.Effect] {
        var new = apply(.wanted(id, action: action ?? "action of \(id)"))
        guard new.contains(.admit(id)) else { return new }
        new += apply(
            .handed(testJob(id, action: action, timeoutSeconds: timeoutSeconds), Masker(secrets: secrets)))
        if new.last == .start { new += apply(.started(reportsStatus: false)) }
        return new
    }

    @discardableResult
    mutating func say(_ id: String, _ body: PluginMessage.Body) -> [WorkerSession.Effect] {
        print(PluginMessage(jobId: id, body: body).json.text)
    }

    @discardableResult
    mutating func print(_ text: String, _ stream: Processes.Stream = .output) -> [WorkerSession.Effect] {
        apply(.line(Line(stream: stream, offset: 0, bytes: Array(text.utf8), ending: .newline)))
    }

    @discardableResult
    mutating func finish(_ id: String) -> [WorkerSession.Effect] { say(id, .done) + apply(.settled) }

    @discardableResult
    mutating func exit(_ exit: Exit) -> [WorkerSession.Effect] {
        var new = apply(.exited(exit))
        for stream in session.openStreams { new += apply(.ended(stream)) }
        return new + apply(.released)
    }

    func verdict(_ id: String) -> Verdict? {
        let all = effects.compactMap { effect -> Verdict? in
            if case .end(id, let verdict) = effect { verdict } else { nil }
        }
        #expect(all.count <= 1, "a job ends once")
        return all.first
    }

    func failure(_ id: String) -> Failure? { if case .failed(let failure)? = verdict(id) { failure } else { nil } }

    func log(_ id: String) -> [String] {
        effects.compactMap { if case .tell(id, .log(let record)) = $0 { record.text } else { nil } }
    }
}

func testJob(_ id: String, action: String? = nil, code: String = "", timeoutSeconds: Int = 60) -> Job {
    Job(
        jobId: id, timeoutSeconds: timeoutSeconds, workspace: .init(root: "/"),
        host: .init(name: "core", version: "1"),
        data: JobData(
            actionTypeId: .init(category: "Deploy", owner: "Custom", provider: "Acme", version: "1"),
            configuration: ["Run": code],
            pipelineContext: .init(
                pipelineName: "p", stageName: "s", actionName: "a",
                actionExecutionId: action ?? "action of \(id)")))
}

let (idA, idB, idC) = (
    "aaaaaaaa-54a5-4a5c-9c2e-2b1f3c4d5e6f", "bbbbbbbb-54a5-4a5c-9c2e-2b1f3c4d5e6f",
    "cccccccc-54a5-4a5c-9c2e-2b1f3c4d5e6f"
)

/// What the worker is told.
func cancel(_ id: String, _ reason: CancelReason, _ seconds: Int = 10) -> WorkerSession.Effect {
    .send(.cancel(Cancel(jobId: id, reason: reason, graceSeconds: seconds)))
}
