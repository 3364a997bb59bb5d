import ArgumentParser
import Engine
import Store

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Says in what two executions differ.",
        discussion: """
            Source revisions, artifacts by digest, variables of the pipeline and of its actions, and the definition, place \
            by place. They may be of different pipelines. Exit code 0 whether they differ or not.
            """)

    @Argument(help: "An execution's id, or its first characters.")
    var one: String

    @Argument(help: "Another's.")
    var other: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try common.history()
        let one = try await store.find(self.one).execution
        let other = try await store.find(self.other).execution
        let types = Installation(common.plugins).actionTypes
        let comparison = Comparison(of: one, with: other, catalogue: types)
        common.show(ShownComparison(one: one, other: other, comparison: comparison))
    }
}
