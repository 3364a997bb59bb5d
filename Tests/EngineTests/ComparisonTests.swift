import Engine
import Pipelines
import Testing

@Suite("Comparison of executions")
struct ComparisonTests {
    private let declared = [
        "stage Source: Checkout ns=Src -> Code", "stage Build: Compile Code ns=Built -> App",
        "stage Deploy: Ship App Target=#{variables.Where}", "variable Where=test",
    ]

    /// Two that went through, after whatever else is said before each.
    private func story(_ before: [String] = [], between: [String] = [], compiled: String = "Size=1") -> Story {
        var story = Story()
        let first = ["start", "succeed Checkout @r1 Author=ann", "succeed Compile Size=1", "succeed Ship"]
        let second = [
            "start e2", "e2: succeed Checkout @r2 Author=bob", "e2: succeed Compile \(compiled)", "e2: succeed Ship",
        ]
        for command in declared + before + first + between + second { _ = story.perform(command) }
        return story
    }

    private func words(_ differences: [Difference<String>]) -> [String] {
        differences.map { "\($0.name): \($0.one ?? "-") \($0.other ?? "-")" }
    }

    @Test("one and itself do not differ")
    func same() {
        let execution = story().executions[0]
        #expect(Comparison(of: execution, with: execution).isEmpty)
    }

    @Test("revisions, digests, variables of the pipeline and of actions are compared")
    func differences() {
        let story = story(between: ["given Where=prod"], compiled: "Size=2 Extra=x")
        let comparison = Comparison(of: story.executions[0], with: story.executions[1])
        #expect(comparison.revisions.map { "\($0.name) \($0.one!.id) \($0.other!.id)" } == ["Code r1 r2"])
        #expect(
            words(comparison.artifacts) == [
                "App: digest-of-App e2-digest-of-App", "Code: digest-of-Code e2-digest-of-Code",
            ])
        #expect(
            words(comparison.variables) == [
                "Built.Extra: - x", "Built.Size: 1 2", "Src.Author: ann bob", "variables.Where: test prod",
            ])
        #expect(comparison.definition == [] && comparison.versions == nil && !comparison.isEmpty)
    }

    @Test("of two versions the definitions are compared, as each was bound to its own (EXE-1)")
    func versions() {
        let change = ["stage Deploy: Ship App Target=elsewhere", "declare"]
        let story = story(between: change)
        let comparison = Comparison(of: story.executions[0], with: story.executions[1])
        #expect(comparison.versions == Difference(name: "version", one: 1, other: 2))
        #expect(
            words(comparison.definition) == [
                "stages[Deploy].actions[Ship].configuration.Target: #{variables.Where} elsewhere"
            ])
    }

    @Test("before a stage only what a rollback of it takes over counts (RBK-1)")
    func rollback() throws {
        var story = story()
        let (one, other) = (story.executions[0], story.executions[1])
        let preview = Comparison(of: other, with: one, before: "Build")
        #expect(words(preview.artifacts) == ["Code: e2-digest-of-Code digest-of-Code"])
        #expect(words(preview.variables) == ["Src.Author: bob ann"])
        _ = story.perform("rollback Deploy to e as back")
        let back = try #require(story.executions.first { $0.id.text == "back" })
        let fulfilled = Comparison(of: back, with: one, before: "Deploy")
        #expect(fulfilled.isEmpty, "the rollback has what its target had: \(fulfilled)")
    }

    @Test("what never got so far has less")
    func unfinished() {
        var story = story()
        _ = story.perform("start e3")
        let comparison = Comparison(of: story.executions[0], with: story.executions[2])
        #expect(words(comparison.artifacts) == ["App: digest-of-App -", "Code: digest-of-Code -"])
        #expect(comparison.revisions.map(\.other) == [nil])
    }
}
