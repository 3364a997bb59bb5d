import ArgumentParser
import Engine
import Failpoints
import Pipelines
import Runner
import Store
import Workspaces

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with an execution after a crash, a Ctrl-C or an unanswered approval.",
        discussion: "Actions that were running are run again, under the same action execution id after a crash.")

    @Argument(help: "The execution's id, or its first characters.")
    var execution: String

    @OptionGroup var running: RunningOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wiring = try Wiring(common)
        // Looked for before anything is made, or ended, in a directory that may be another than was meant.
        _ = try await common.history().find(self.execution)
        let store = try wiring.store(.writing)
        let (execution, outbox) = try await store.find(self.execution)
        let sandbox = try wiring.sandbox(execution.sandbox())
        switch execution.status {
        case .succeeded, .failed, .superseded, .cancelled: throw refusal(execution)
        case .inProgress, .stopping, .stopped, .cancelling: break
        }
        let conduct = Conduct(common, running)
        conduct.takeUp(execution)
        let runner = try await wiring.runner(sandbox, running.width, news: conduct.news)
        let state = try await store.state(
            of: execution.declaration, version: execution.start.pipelineVersion, goingOnWith: execution)
        let driver = conduct.driver(state, store, runner)
        try await driver.recover(outbox: outbox)
        reach(.recovered)
        switch execution.status {
        case .stopped, .stopping: try await driver.submit(.resumed(by: userName()), of: execution.id)
        case .inProgress, .cancelling, .succeeded, .failed, .superseded, .cancelled: break
        }
        try await conduct.end(execution.id, driver, runner)
    }

    private func refusal(_ execution: Execution) -> Answer {
        Answer(.no, "\(execution.id): \(Rejection.notResumable(execution.status))")
    }
}

extension Execution {
    /// How its actions are kept from this machine.
    func sandbox() throws -> Sandbox.Profile {
        guard let sandbox = Sandbox.Profile(rawValue: start.sandbox) else {
            throw Answer(
                .usage, "execution \(id) was started with the sandbox \(start.sandbox), which is not known here")
        }
        return sandbox
    }
}

extension Store {
    /// A pipeline of which one execution is driven, and what follows from it; what else is in progress stays as it is.
    func state(
        of pipeline: Pipeline, version: Int, goingOnWith execution: Execution? = nil
    ) async throws -> PipelineState {
        PipelineState(
            restoring: pipeline, version: version, gates: try await gates(of: pipeline.name, version: version),
            executions: [execution].compactMap { $0 }.filter { !$0.status.isOver })
    }

    /// The execution whose id is or begins with `text`.
    func find(_ text: String) async throws -> (execution: Execution, outbox: [Effect]) {
        let records = text.isEmpty ? [] : try await executions(idPrefix: text)
        guard records.count < 2 else {
            let ids = records.map { "\n  \($0.id) \($0.pipeline) \($0.status.name)" }.joined()
            throw Answer(.usage, "\"\(text)\": several executions begin so:\(ids)")
        }
        guard let record = records.first, let found = try await execution(record.id) else {
            throw Answer(.usage, "\"\(text)\": no such execution; `penstock history` lists them")
        }
        return found
    }
}
