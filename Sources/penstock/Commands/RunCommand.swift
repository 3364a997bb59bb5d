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

    @Argument(help: "A pipeline definition, JSON or YAML, as create-pipeline takes it.")
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

    @OptionGroup var running: RunningOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(definition, "the name of a definition") }

    func run() async throws {
        let wiring = try Wiring(common)
        let pipeline = try load(wiring)
        warnOfUnknownVariables(pipeline)
        // Everything that can be wrong is looked at before the state directory is touched.
        let (variables, directories) = (try values(variables, "--variable"), try sourceDirectories(of: pipeline))
        let store = try wiring.store(.writing)
        let start = Start(
            execution: ExecutionID(randomUUID()), pipelineVersion: try await store.save(pipeline),
            trigger: .init(type: "StartPipelineExecution", detail: userName()),
            variables: variables, sourceDirectories: directories,
            stopAfterStage: stopAfter, sandbox: sandbox.rawValue)
        let conduct = Conduct(common, running)
        let runner = try await wiring.runner(sandbox, width: running.jobs, news: conduct.news)
        let driver = try await Driver.starting(
            start, of: pipeline, journal: store, handler: runner, circumstance: circumstance, observe: conduct.observe)
        try await conduct.end(driver, runner)
    }

    /// The pipeline, when nothing speaks against running it here.
    private func load(_ wiring: Wiring) throws -> Pipeline {
        let file = try DefinitionFile.load(definition, catalogue: wiring.actionTypes)
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
        return file.pipeline
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
        let directories = try values(sources, "--source")
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

    private func values(_ pairs: [Pair], _ option: String) throws -> [String: String] {
        try Dictionary(grouping: pairs, by: \.name).mapValues { same in
            guard same.count == 1 else { throw Answer(.usage, "\(option) \(same[0].name): is given twice") }
            return same[0].value
        }
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
