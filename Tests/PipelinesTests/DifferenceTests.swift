import Jansson
import Pipelines
import Testing

struct DifferenceTests {
    private func differences(_ one: JSON, _ other: JSON) -> [String] {
        Pipeline.read(one).pipeline.differences(from: Pipeline.read(other).pipeline).map {
            "\($0.name): \($0.one ?? "nothing") | \($0.other ?? "nothing")"
        }
    }

    @Test func `What is the same has no differences, and the order of configuration keys is none`() {
        #expect(differences(sample, sample) == [])
    }

    @Test func `A value is told by its place, in which stages and actions stand by their names`() {
        let other = sample.with("stages[2].actions[0].configuration.BucketName", "beta").with("executionMode", "QUEUED")
            .with("stages[2].actions[0].configuration.ObjectKey", "x")
        #expect(
            differences(sample, other) == [
                "executionMode: SUPERSEDED | QUEUED",
                "stages[Deploy].actions[Ship].configuration.BucketName: www | beta",
                "stages[Deploy].actions[Ship].configuration.ObjectKey: nothing | x",
            ])
    }

    @Test func `A stage more moves no other, and stages in another order are told once`() {
        let approve = stage("Approve", [action("Ask", "Approval/AWS/Manual/1")])
        let more = sample.with("stages[3]", approve)
        #expect(
            differences(sample, more).allSatisfy { $0.hasPrefix("stages[Approve].") && $0.contains(": nothing | ") })
        #expect(!differences(sample, more).isEmpty)
        let turned = more.with("stages[2]", approve).with("stages[3]", stage("Deploy", [deploy]))
        #expect(
            differences(more, turned) == [
                "stages (order): Source,Build,Deploy,Approve | Source,Build,Approve,Deploy"
            ])
    }

    @Test func `ACT-5: that a secret is another is told, and not what it is`() {
        let gitHub = action(
            "Checkout", "Source/ThirdParty/GitHub/1",
            [
                "configuration": ["Owner": "a", "Repo": "b", "Branch": "main", "OAuthToken": "token-1"],
                "outputArtifacts": [["name": "Src"]],
            ])
        let one = sample.with("stages[0].actions[0]", gitHub)
        let other = one.with("stages[0].actions[0].configuration.OAuthToken", "token-2")
        #expect(
            differences(one, other) == ["stages[Source].actions[Checkout].configuration.OAuthToken: **** | ****"])
        #expect(!differences(one, sample).joined().contains("token"))
    }

    @Test func `Names that are not unique fall back to positions`() {
        let twice = sample.with("stages[2]", stage("Build", [deploy]))
        #expect(differences(twice, twice) == [])
        let other = twice.with("stages[2].actions[0].configuration.BucketName", "beta")
        #expect(differences(twice, other) == ["stages[2].actions[Ship].configuration.BucketName: www | beta"])
    }
}
