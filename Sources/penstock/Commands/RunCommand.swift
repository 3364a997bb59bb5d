import ArgumentParser
import Definitions
import Engine
import Glibc
import Pipelines
import PluginHost
import PluginProtocol
import Runner
import Store

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a pipeline to its end.",
        discussion: """
            Ctrl-C waits for the actions that run and stops; a second one gives them up. `penstock resume` goes on \
            with what was stopped, or interrupted in any other way.
            """)

    @Argument(help: "A pipeline definition as create-pipeline takes it, or a CloudFormation template; JSON or YAML.")
    var definition: String

    @Option(
        name: .customLong("source"),
        help: ArgumentHelp("A directory in place of a source action.", valueName: "action=dir"))
    var sources: [Pair] = []

    @Option(name: .customLong("variable"), help: ArgumentHelp("A pipeline variable's value.", valueName: "name=value"))
    var variables: [Pair] = []

    @Option(help: ArgumentHelp("Stop when this stage has succeeded.", valueName: "stage"))
    var stopAfter: String?

    @Option(help: "How actions are kept from this machine: bubblewrap, or none.")
    var sandbox: SandboxChoice = .bubblewrap

    @OptionGroup var choice: TemplateOptions
    @OptionGroup var running: RunningOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(definition, "the name of a definition") }

    func run() async throws {
        let wiring = try Wiring(common)
        let file = try load(wiring)
        let pipeline = file.pipeline
        warnOfUnknownVariables(pipeline)
        // Everything that can be wrong is looked at before the state directory is touched.
        let (variables, directories) = (
            try penstock.values(variables, "--variable"), try sourceDirectories(of: pipeline)
        )
        let lastStage = try lastStage(of: file)
        let store = try wiring.store(.writing)
        let start = Start(
            execution: ExecutionID(randomUUID()), pipelineVersion: try await store.save(pipeline),
            trigger: .init(type: "StartPipelineExecution", detail: userName()),
            variables: variables, sourceDirectories: directories,
            stopAfterStage: lastStage, sandbox: sandbox.rawValue)
        let conduct = Conduct(common, running)
        let runner = try await wiring.runner(sandbox, width: running.jobs, news: conduct.news)
        let driver = try await Driver.starting(
            start, of: pipeline, journal: store, handler: runner, circumstance: circumstance, observe: conduct.observe)
        try await conduct.end(driver, runner)
    }

    /// The pipeline, when nothing speaks against running it here.
    private func load(_ wiring: Wiring) throws -> DefinitionFile {
        let file = try choice.load(definition, catalogue: wiring.actionTypes)
        let said = Set(file.findings.map(\.path))
        let findings = file.findings + whatCannotRun(file.pipeline, wiring).filter { !said.contains($0.path) }
        guard findings.isEmpty else {
            // A plugin that is missed may be one whose manifest cannot be read.
            let problems = findings.contains { $0.rule == "ACT-2" } ? wiring.catalogue.problems.map(\.description) : []
            let lines = findings.map { "\(definition): \($0)" } + problems
            throw Answer(.no, lines.joined(separator: "\npenstock: "))
        }
        if let stopAfter, !file.pipeline.stages.contains(where: { $0.name == stopAfter }) {
            let names = file.pipeline.stages.map(\.name).joined(separator: ", ")
            throw Answer(.usage, "--stop-after \(stopAfter): no such stage; there are \(names)")
        }
        if let origin = file.origin {
            try refuseMissingParameters(origin)
            if !common.quiet { origin.tell(definition) }
        }
        return file
    }

    /// As CloudFormation does. Roles and stores are not used here, and secrets come from the settings.
    private func refuseMissingParameters(_ origin: TemplateOrigin) throws {
        var names: Set<String> = []
        for placeholder in origin.placeholders where placeholder.isActedUpon {
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
        guard
            let disabled = stages.firstIndex(where: { name in
                file.origin?.disabledTransitions.contains { $0.stage == name } ?? false
            })
        else { return stopAfter }
        let transition = file.origin?.disabledTransitions.first { $0.stage == stages[disabled] }
        let reason = "the template disables the transition into \(stages[disabled]) (\(transition?.reason ?? ""))"
        guard disabled > 0 else { throw Answer(.no, "\(definition): nothing can run: \(reason)") }
        if let stopAfter, let wanted = stages.firstIndex(of: stopAfter), wanted < disabled { return stopAfter }
        complain("\(definition): stops after \(stages[disabled - 1]): \(reason)")
        return stages[disabled - 1]
    }

    private func whatCannotRun(_ pipeline: Pipeline, _ wiring: Wiring) -> [Finding] {
        var findings: [Finding] = []
        for (index, stage) in pipeline.stages.enumerated() {
            if stage.beforeEntry != nil || stage.onSuccess != nil || stage.onFailure != nil {
                findings.append(
                    Finding(
                        path: "stages[\(index)]", rule: "CND-1",
                        message: "stage \(stage.name) has conditions, which this version does not run: remove them"))
            }
            for (position, action) in stage.actions.enumerated() where action.type != .manualApproval {
                let id = ActionTypeIdentifier(action.type)
                guard wiring.catalogue.plugin(for: id) == nil, !isReplaced(action) else { continue }
                findings.append(
                    Finding(
                        path: "stages[\(index)].actions[\(position)].actionTypeId", rule: "ACT-2",
                        message: "\(wiring.catalogue.explanation(of: id)). Install one and name its folder by --plugins"
                    ))
            }
        }
        return findings
    }

    private func isReplaced(_ action: Action) -> Bool { sources.contains { $0.name == action.name } }

    private func sourceDirectories(of pipeline: Pipeline) throws -> [String: String] {
        let directories = try penstock.values(sources, "--source")
        let actions = Set(pipeline.stages.flatMap(\.actions).filter { $0.type.category == "Source" }.map(\.name))
        for (action, directory) in directories {
            guard actions.contains(action) else {
                let names = actions.sorted().joined(separator: ", ")
                throw Answer(.usage, "--source \(action)=\(directory): no such source action; there are \(names)")
            }
            var status = stat()
            guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw Answer(.usage, "--source \(action)=\(directory): is not a directory")
            }
        }
        return directories.mapValues(absolute)
    }

    /// Unknown names are ignored (VAR-5); that they are is worth a word.
    private func warnOfUnknownVariables(_ pipeline: Pipeline) {
        let names = pipeline.variables.map(\.name)
        for variable in variables where !names.contains(variable.name) {
            let there = names.isEmpty ? "none" : names.joined(separator: ", ")
            complain("--variable \(variable.name): is ignored; the pipeline's variables are \(there)")
        }
    }
}

/// - Throws: `Answer` for a name that is given twice.
func values(_ pairs: [Pair], _ option: String) throws -> [String: String] {
    try Dictionary(grouping: pairs, by: \.name).mapValues { same in
        guard same.count == 1 else { throw Answer(.usage, "\(option) \(same[0].name): is given twice") }
        return same[0].value
    }
}

/// `NAME=VALUE`
struct Pair: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equal = argument.firstIndex(of: "="), equal > argument.startIndex else { return nil }
        name = String(argument[..<equal])
        value = String(argument[argument.index(after: equal)...])
    }
}
