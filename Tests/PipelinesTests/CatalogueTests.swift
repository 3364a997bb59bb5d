import Pipelines
import Testing

struct CatalogueTests {
    private func type(_ category: String, _ owner: String, _ provider: String) -> ActionTypeID {
        ActionTypeID(category: category, owner: owner, provider: provider, version: "1")
    }

    @Test func `The manual approval is in the catalogue, without artifacts (APR-1)`() throws {
        let approval = try #require(ActionTypeCatalogue.aws[.manualApproval])
        let own = approval.properties.filter(\.isOurs).map(\.name)
        #expect(approval.properties.map(\.name) == ["NotificationArn", "CustomData", "ExternalEntityLink"] + own)
        #expect(own == ["SupersedeWhilePending", "OnExpiry"])
        #expect(approval.properties.allSatisfy { !$0.required })
        #expect(approval.inputArtifacts == 0...0 && approval.outputArtifacts == 0...0)
    }

    @Test func `Secret and required keys are marked`() throws {
        let gitHub = try #require(ActionTypeCatalogue.aws[type("Source", "ThirdParty", "GitHub")])
        #expect(gitHub.properties.filter(\.secret).map(\.name) == ["OAuthToken"])
        #expect(gitHub.properties.filter(\.required).map(\.name) == ["Owner", "Repo", "Branch", "OAuthToken"])
    }

    @Test func `A type of a plugin takes the place of ours`() {
        let id = type("Source", "AWS", "CodeCommit")
        let ours = ActionType(id: id, inputArtifacts: 0...0, outputArtifacts: 1...1)
        #expect(ActionTypeCatalogue.aws.adding([ours])[id] == ours)
    }

    @Test(arguments: [
        ("Source", "ThirdParty", "CodeStarSourceConnection", "Source/AWS/CodeStarSourceConnection/1"),
        ("Source", "AWS", "Codecomit", "Source/AWS/CodeCommit/1"), ("Deploy", "AWS", "Beanstalk", ""),
    ])
    func `An unknown type has near names`(category: String, owner: String, provider: String, near: String) {
        let names = ActionTypeCatalogue.aws.near(type(category, owner, provider)).map(\.description)
        #expect(names == (near.isEmpty ? [] : [near]))
    }
}
