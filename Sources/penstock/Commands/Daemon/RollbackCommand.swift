import ArgumentParser
import Engine
import Jansson
import Pipelines
import Store

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Runs a stage with what an earlier execution had, and prints the new id.")

    @OptionGroup var place: StagePlace
    @Argument(help: "The id of an execution that succeeded in the stage, or its first characters.")
    var target: String
    @Flag(help: "Only say in what it differs from what succeeded in the stage last.")
    var preview = false
    @OptionGroup var plugins: PluginOptions

    func run() async throws {
        if preview { return try await showPreview() }
        let id = try await place.execution(target)
        try await place.tell("RollbackStage", ["targetPipelineExecutionId": id]) { $0.text("pipelineExecutionId") }
    }

    /// From the state directory: no daemon is needed for it.
    private func showPreview() async throws {
        let (pipeline, stage) = (place.pipeline, place.stage)
        let store = try Store(directory: absolute(place.daemon.state), access: .reading)
        guard let stored = try await store.load(pipeline, limits: PipelineLimits()) else {
            throw Answer(.usage, "there is no pipeline \(pipeline)")
        }
        let target = try await store.find(self.target).execution
        guard target.declaration.name == pipeline else {
            throw Answer(.usage, "the execution \(target.id) is one of \(target.declaration.name)")
        }
        do {
            _ = try stored.state.rollback(of: stage, to: target)
        } catch {
            throw Answer(.no, "\(pipeline): \(error)")
        }
        guard let last = try await store.lastSuccess(in: stage, of: pipeline) else {
            throw Answer(.no, "\(pipeline): nothing has succeeded in the stage \(stage)")
        }
        let types = Installation(plugins).actionTypes
        let shown = ShownComparison.preview(rollbackOf: stage, from: last, to: target, catalogue: types)
        print(place.daemon.format == .json ? shown.json.text : shown.human)
    }
}
