import Engine
import Jansson
import Pipelines
import Scenarios
import Testing

@Suite("Stubs")
struct StubTests {
    private func stubs(_ document: JSON, where chosen: (ActionPlace) -> Bool = { _ in true }) throws -> [String: Stub] {
        let (book, findings) = StubBook.read(document, for: shop)
        try #require(findings.isEmpty, "\(findings)")
        return shop.stubs(answering: [book], where: chosen)
    }

    private func action(_ stub: Stub?) throws -> ActionStub {
        guard case .action(let stub) = try #require(stub) else { throw Unexpected() }
        return stub
    }

    private struct Unexpected: Error {}

    @Test(
        "a pattern matches within a name, case and all",
        arguments: [
            ("all", 6), ("*/*", 6), ("Build/*", 3), ("*/Fetch", 1), ("Build/L?nt", 1), ("Build/L?", 0), ("B*d/*e*", 2),
            ("build/*", 0), ("Build/Compil", 0), ("*/*a*a*", 0), ("S*e/F*h", 1), ("Build/Compile", 1), ("?????/*", 3),
        ])
    func patterns(text: String, count: Int) throws {
        let pattern = try #require(ActionPattern(text))
        #expect(shop.places.filter(pattern.matches).count == count)
        #expect((pattern.fault(in: shop) == nil) == (count > 0))
    }

    @Test("what is no pattern is none", arguments: ["", "Build", "/", "a/", "/b", "a/b/c", "All", "a//b"])
    func noPatterns(text: String) { #expect(ActionPattern(text) == nil) }

    @Test("a pattern of many stars ends soon")
    func manyStars() throws {
        let pattern = try #require(ActionPattern("a/" + String(repeating: "*a", count: 50) + "b"))
        let long = String(repeating: "a", count: 100)
        #expect(!pattern.matches(ActionPlace(stage: "a", action: Action(name: long, type: .manualApproval))))
    }

    @Test("a stub makes every declared artifact, and every variable that the definition refers to")
    func byItself() throws {
        let stubs = try stubs([:])
        #expect(stubs.keys.sorted() == shop.places.map(\.description).sorted())
        let succeeds = ActionStub.Outcome.succeeds(
            outputVariables: ["Pages": "stub-Built.Pages"],
            files: [
                "App": ["stub.txt": "The artifact App, made by a stub of Build/Compile.\n"],
                "Docs": ["stub.txt": "The artifact Docs, made by a stub of Build/Compile.\n"],
            ])
        #expect(try action(stubs["Build/Compile"]) == ActionStub(succeeds))
        #expect(stubs["Approve/Ask"] == .approval(.answers(.approved, summary: "", afterSeconds: 0)))
    }

    @Test("the stub of a Compute action has the variables that it declares, and no others (ACT-9)")
    func compute() throws {
        var pipeline = shop
        pipeline.stages[1].actions[0].type.category = "Compute"
        pipeline.stages[1].actions[0].outputVariables = ["Size"]
        let stub = try action(pipeline.stubs(answering: []) { _ in true }["Build/Compile"])
        guard case .succeeds(let variables, _) = stub.outcome else { throw Unexpected() }
        #expect(variables == ["Size": "stub-Built.Size"])
    }

    @Test("what the file gives counts, and what it does not is there too")
    func given() throws {
        let stubs = try stubs([
            "Build/Compile": ["outputVariables": ["Size": 3, "Ok": true], "files": ["App": ["a/b": "x"]]]
        ])
        guard case .succeeds(let variables, let files) = try action(stubs["Build/Compile"]).outcome else {
            throw Unexpected()
        }
        #expect(variables == ["Size": "3", "Ok": "true", "Pages": "stub-Built.Pages"])
        #expect(files["App"] == ["a/b": "x"] && files["Docs"]?.count == 1)
    }

    @Test("an exact name counts before a pattern, and a more precise pattern before a vaguer one")
    func precedence() throws {
        let stubs = try stubs([
            "all": ["delaySeconds": 1], "Build/*": ["delaySeconds": 2], "Build/M*": ["delaySeconds": 3],
            "Build/Compile": ["delaySeconds": 4],
        ])
        let delays = try ["Deploy/Ship", "Build/Lint", "Build/Measure", "Build/Compile"].map {
            try action(stubs[$0]).delaySeconds
        }
        #expect(delays == [1, 2, 3, 4])
    }

    @Test("a later book counts before an earlier one, but for an earlier exact name")
    func books() throws {
        let earlier = StubBook.read(["Build/Compile": ["delaySeconds": 1], "Build/*": ["delaySeconds": 2]], for: shop)
        let later = StubBook.read(["all": ["delaySeconds": 3]], for: shop)
        let stubs = shop.stubs(answering: [earlier.book, later.book]) { _ in true }
        #expect(try action(stubs["Build/Compile"]).delaySeconds == 1)
        #expect(try action(stubs["Build/Lint"]).delaySeconds == 3)
    }

    @Test("only what is chosen has a stub")
    func chosen() throws {
        #expect(try stubs([:]) { $0.stage == "Deploy" }.keys.sorted() == ["Deploy/Ship"])
    }

    @Test(
        "what is wrong in a file of stubs is said with its place and what may be meant",
        arguments: [
            (["Bild/*": [:]], "Bild/* matches no action; did you mean \"Build/*\"?"),
            (["Build/Compil": [:]], "did you mean \"Build/Compile\"?"),
            (["Quux/*": [:]], "there are Source/Fetch, Build/Compile,"),
            (["Build": [:]], "Build must be \"all\" or STAGE/ACTION"),
            (["all": ["delay": 1]], "all.delay is not a known key; known are delaySeconds"),
            (["all": ["delaySecond": 1]], "did you mean \"delaySeconds\"?"),
            (["all": ["delaySeconds": "1"]], "must be an integer, found a string"),
            (["all": ["delaySeconds": -1]], "must be from 0 to 5184000"),
            (["all": 3], "all must be an object, found an integer"),
            ([1], "the document must be an object, found a list"),
            (["Deploy/Ship": ["approval": "approved"]], "does not apply: the pattern matches no approval"),
            (["Approve/Ask": ["files": [:]]], "does not apply: the pattern matches only approvals"),
            (["all": ["approval": "aproved"]], "did you mean \"approved\"?"),
            (["all": ["fail": ["type": "Jobfailed"]]], "did you mean \"JobFailed\"?"),
            (["all": ["fail": ["type": "Rejected"]]], "there are JobFailed, ConfigurationError"),
            (["all": ["fail": ["message": ""]]], "must have 1 to 5000 characters"),
            (["all": ["fail": [:], "files": [:]]], "all.files cannot be beside fail"),
            (["all": ["outputVariables": ["a b": "c"]]], "is no name of a variable"),
            (["all": ["outputVariables": ["a": .real(1.5)]]], "must be a string, found a real number"),
            (["all": ["outputVariables": ["a": [1]]]], "must be a string, found a list"),
            (["all": ["files": ["Apps": [:]]]], "names no output artifact: \"Apps\"; did you mean \"App\"?"),
            (["Deploy/Ship": ["files": ["App": [:]]]], "names no output artifact: \"App\"; there are none"),
            (["all": ["files": ["App": ["/a": "x"]]]], "must be a path below the artifact's folder"),
            (["all": ["files": ["App": ["a/../b": "x"]]]], "must be a path below the artifact's folder"),
            (["all": ["files": ["App": ["a": "x", "a/b": "y"]]]], "is a file, and a folder for a/b"),
            (["all": ["files": ["App": "x"]]], "must be an object, found a string"),
            (["B*/Lint": ["delaySeconds": 1], "Buil?/L*": ["delaySeconds": 2]], "both match Build/Lint"),
        ] as [(JSON, String)])
    func findings(document: JSON, message: String) {
        let findings = StubBook.read(document, for: shop).findings.map(\.description)
        #expect(findings.contains { $0.contains(message) }, "\(findings)")
    }

    @Test("all that is wrong is said at once, and not more than anyone reads")
    func many() {
        let wrong = StubBook.read(["X/Y": [:], "all": ["a": 1, "delaySeconds": "x"]], for: shop)
        #expect(wrong.findings.count == 3)
        let keys = Dictionary(uniqueKeysWithValues: (0..<5_000).map { ("S\($0)/x", JSON.object([:])) })
        #expect(StubBook.read(.object(keys), for: shop).findings.count == 100)
    }

    @Test("a start that was recorded before there were stubs has none")
    func oldRecords() throws {
        let start = Start(
            execution: ExecutionID("e"), pipelineVersion: 1, trigger: .init(type: "t", detail: ""), sandbox: "none",
            stubs: ["a/b": .approval(.expires(afterSeconds: nil))])
        let json = try JSON(encoding: start)
        #expect(try json.decoded() as Start == start)
        guard case .object(var members) = json else { throw Unexpected() }
        #expect(members.removeValue(forKey: "stubs") != nil)
        #expect(try (JSON.object(members).decoded() as Start).stubs == [:])
    }
}
