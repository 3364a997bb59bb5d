import ArgumentParser
import Definitions
import Jansson
import Pipelines
import PluginHost
import Runner

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Says what run would do, and everything that is missing for it.",
        discussion: "Nothing is run, made or changed. The sandbox itself is looked at by `penstock doctor`.")

    @Argument(help: "A pipeline definition or a CloudFormation template, JSON or YAML.")
    var definition: String

    @OptionGroup var replacing: ReplacingOptions
    @OptionGroup var choice: TemplateOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try refuseEmpty(definition, "the name of a definition") }

    func run() async throws {
        let wiring = try Wiring(common)
        let file = try choice.loadFaultless(
            definition, wiring.installation, isReplaced: { _ in true })
        let pipeline = file.pipeline
        if !common.quiet { file.origin?.tell(definition) }
        let choices = try replacing.choices(for: pipeline)
        let preview = Preview(
            of: pipeline, choices: choices, catalogue: wiring.catalogue, settings: wiring.settings,
            shippedPlugins: wiring.shippedPlugins, locks: wiring.locks)
        // A plugin that is missed may be one whose manifest cannot be read.
        for problem in wiring.catalogue.problems { complain(problem.description) }
        switch common.format {
        case .json: print(preview.json.text)
        case .human: print(preview.human(quiet: common.quiet))
        }
        throw Answer(preview.lacks.isEmpty ? .yes : .no)
    }
}
