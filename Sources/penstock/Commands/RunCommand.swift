import ArgumentParser
import Definitions
import Engine
import Pipelines
import PluginHost
import Runner
import Store
import Workspaces

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a pipeline to its end.",
        discussion: """
            Ctrl-C waits for the actions that run and stops; a second one gives them up. `penstock resume` goes on \
            with what was stopped, or interrupted in any other way. What --keep-failed keeps holds whatever the plugin \
            wrote, secrets included; `penstock shell` looks into it.
            """)

    @Argument(help: "A pipeline definition as create-pipeline takes it, or a CloudFormation template; JSON or YAML.")
    var definition: String

    @OptionGroup var replacing: ReplacingOptions

    @Option(help: ArgumentHelp("Stop when this stage has succeeded.", valueName: "stage"))
    var stopAfter: String?

    @OptionGroup var sandboxing: SandboxOption
    @OptionGroup var choice: TemplateOptions
    @OptionGroup var running: RunningOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(definition, "the name of a definition") }

    func run() async throws {
        let wiring = try Wiring(common)
        let file = try load(wiring)
        let pipeline = file.pipeline
        // Everything that can be wrong is looked at before the state directory is touched.
        let choices = try replacing.choices(for: pipeline)
        let lastStage = try lastStage(of: file)
        let store = try wiring.store(.writing)
        let sandbox = try await wiring.sandbox(sandboxing)
        let version = try await store.save(pipeline, at: now())
        let start = Start(
            execution: ExecutionID(randomUUID()), pipelineVersion: version,
            trigger: .init(type: "StartPipelineExecution", detail: userName()),
            variables: choices.variables, sourceDirectories: choices.sourceDirectories,
            stopAfterStage: lastStage, sandbox: sandbox.profile.rawValue, stubs: choices.stubs)
        let conduct = Conduct(common, running)
        let runner = try await wiring.runner(sandbox, running.width, news: conduct.news)
        let driver = conduct.driver(try await store.state(of: pipeline, version: version), store, runner)
        try await driver.start(start)
        try await conduct.end(start.execution, driver, runner)
    }

    /// The pipeline, when nothing speaks against running it here.
    private func load(_ wiring: Wiring) throws -> DefinitionFile {
        let isReplaced = try replacing.stubbing.isReplaced(besides: replacing.sources)
        let file = try choice.loadFaultless(
            definition, wiring.installation, isReplaced: isReplaced, needsPlugins: true,
            check: replacing.stubbing.check)
        if let stopAfter, !file.pipeline.stages.contains(where: { $0.name == stopAfter }) {
            let names = file.pipeline.stages.map(\.name).joined(separator: ", ")
            throw Answer(.usage, "--stop-after \(stopAfter): no such stage; there are \(names)")
        }
        if let origin = file.origin {
            try refuseMissingParameters(origin, file.pipeline.replacedPaths(isReplaced))
            if !common.quiet { origin.tell(definition) }
        }
        return file
    }

    /// As CloudFormation does. Roles and stores are not used here, and secrets come from the settings.
    private func refuseMissingParameters(_ origin: TemplateOrigin, _ replaced: [String]) throws {
        var names: Set<String> = []
        for placeholder in origin.placeholders where placeholder.isActedUpon {
            if replaced.contains(where: placeholder.path.hasPrefix) { continue }
            for case .parameter(let name, isSecret: false) in placeholder.references { names.insert(name) }
        }
        if names.isEmpty { return }
        let advice = names.sorted().map { "--parameter \($0)=VALUE" }.joined(separator: " ")
        throw Answer(.usage, "\(definition): its actions need parameters that have no value; give \(advice)")
    }

    /// The stage to stop after: that of `--stop-after`, or the one before a transition that the template disables,
    /// whichever comes first.
    private func lastStage(of file: DefinitionFile) throws -> String? {
        let stages = file.pipeline.stages.map(\.name)
        let transitions = file.origin?.disabledTransitions ?? []
        guard let disabled = stages.firstIndex(where: { name in transitions.contains { $0.stage == name } }),
            let transition = transitions.first(where: { $0.stage == stages[disabled] })
        else { return stopAfter }
        let reason = "the template disables the transition into \(transition.stage) (\(transition.reason))"
        guard disabled > 0 else { throw Answer(.no, "\(definition): nothing can run: \(reason)") }
        if let stopAfter, let wanted = stages.firstIndex(of: stopAfter), wanted < disabled { return stopAfter }
        complain("\(definition): stops after \(stages[disabled - 1]): \(reason)")
        return stages[disabled - 1]
    }
}
