import ArgumentParser
import Engine
import Pipelines
import PluginHost
import Runner
import Store

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a pipeline to its end.",
        discussion: """
            Ctrl-C waits for the actions that run and stops; a second one gives them up. `penstock resume` goes on \
            with what was stopped, or interrupted in any other way.
            """)

    @Argument(help: "A pipeline definition, JSON or YAML, as create-pipeline takes it.")
    var definition: String

    @OptionGroup var replacing: ReplacingOptions

    @Option(help: ArgumentHelp("Stop when this stage has succeeded.", valueName: "stage"))
    var stopAfter: String?

    @Option(help: "How actions are kept from this machine: bubblewrap, or none.")
    var sandbox: SandboxChoice = .bubblewrap

    @OptionGroup var running: RunningOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(definition, "the name of a definition") }

    func run() async throws {
        let wiring = try Wiring(common)
        let pipeline = try load(wiring)
        // Everything that can be wrong is looked at before the state directory is touched.
        let choices = try replacing.choices(for: pipeline)
        let store = try wiring.store(.writing)
        let start = Start(
            execution: ExecutionID(randomUUID()), pipelineVersion: try await store.save(pipeline),
            trigger: .init(type: "StartPipelineExecution", detail: userName()),
            variables: choices.variables, sourceDirectories: choices.sourceDirectories,
            stopAfterStage: stopAfter, sandbox: sandbox.rawValue, stubs: choices.stubs)
        let conduct = Conduct(common, running)
        let runner = try await wiring.runner(sandbox, width: running.jobs, news: conduct.news)
        let driver = try await Driver.starting(
            start, of: pipeline, journal: store, handler: runner, circumstance: circumstance, observe: conduct.observe)
        try await conduct.end(driver, runner)
    }

    /// The pipeline, when nothing speaks against running it here.
    private func load(_ wiring: Wiring) throws -> Pipeline {
        let pipeline = try loadPipeline(
            definition, wiring.installation, isReplaced: try replacing.stubbing.isReplaced(besides: replacing.sources),
            needsPlugins: true, check: replacing.stubbing.check)
        if let stopAfter, !pipeline.stages.contains(where: { $0.name == stopAfter }) {
            let names = pipeline.stages.map(\.name).joined(separator: ", ")
            throw Answer(.usage, "--stop-after \(stopAfter): no such stage; there are \(names)")
        }
        return pipeline
    }
}
