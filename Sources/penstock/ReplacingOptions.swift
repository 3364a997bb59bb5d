import ArgumentParser
import Pipelines
import Runner

/// What a run is given and what stands in for its actions, as `run` and `plan` take it.
struct ReplacingOptions: ParsableArguments {
    @Option(
        name: .customLong("source"),
        help: ArgumentHelp("A directory in place of a source action.", valueName: "action=dir"))
    var sources: [Pair] = []

    @OptionGroup var stubbing: StubOptions

    @Option(name: .customLong("variable"), help: ArgumentHelp("A pipeline variable's value.", valueName: "name=value"))
    var variables: [Pair] = []

    /// Everything that can be wrong with it is said; unknown variables are ignored, with a word.
    func choices(for pipeline: Pipeline) throws -> Preview.Choices {
        variables.warnOfUnknown(in: pipeline)
        let directories = try sources.directories(for: pipeline)
        return .init(
            variables: try variables.values(of: "--variable"), sourceDirectories: directories,
            stubs: try stubbing.stubs(of: pipeline, sources: directories))
    }
}
