import Definitions
import Jansson
import Pipelines
import Testing

struct YAMLTests {
    private func parse(_ text: String) throws(DocumentError) -> JSON {
        try parseDocument(Array(text.utf8), file: "x.yaml")
    }

    @Test func `Plain scalars have the values of the core schema, quoted ones are strings`() throws {
        #expect(
            try parse("[1, -7, 0, 2.5, true, False, null, ~, yes, on, '1', \"true\", !!str 1, text]") == [
                1, -7, 0, .real(2.5), true, false, .null, .null, "yes", "on", "1", "true", "1", "text",
            ] as JSON)
    }

    @Test(arguments: [
        "012345678901", "1.10", "1e3", "0x1F", "+1", "1_000", "99999999999999999999", ".5", "1.", ".inf", "2026-01-02",
        "1.2.3",
    ])
    func `A number that would be written otherwise stays the text that it is`(text: String) throws {
        #expect(try parse("a: \(text)") == ["a": .string(text)])
    }

    @Test func `Block scalars keep their lines, and stars in texts stay stars`() throws {
        let text = """
            script: |
              ls *.js **/*.swift
              case $x in *b) echo *b ;; esac
            glob: src/**/*.c
            quoted: "*a *b"
            single: '*a'
            """
        #expect(
            try parse(text) == [
                "script": "ls *.js **/*.swift\ncase $x in *b) echo *b ;; esac\n", "glob": "src/**/*.c",
                "quoted": "*a *b",
                "single": "*a",
            ])
    }

    @Test func `Anchors and aliases are put in, and an alias means the latest anchor before it`() throws {
        let text = """
            first: &a {k: [1, 2]}
            second: [*a, x]
            third: &a last
            fourth: *a
            """
        #expect(
            try parse(text) == [
                "first": ["k": [1, 2]], "second": [["k": [1, 2]], "x"], "third": "last", "fourth": "last",
            ])
    }

    @Test func `A definition in YAML is the same as in JSON, with its numbers and booleans in the configuration`()
        throws
    {
        let definition = try DefinitionFile.parse(Array(yaml.utf8), file: "pipeline.yaml")
        #expect(definition.findings == [])
        #expect(definition.pipeline.stages[0].actions[0].configuration["PollForSourceChanges"] == "false")
        #expect(definition.pipeline.stages[1].actions[0].configuration["ProjectName"] == "0042")
        let again = try DefinitionFile.parse(definition.pipeline.json.serialized, file: "pipeline.json")
        #expect(again.pipeline == definition.pipeline && again.findings == [])
    }

    @Test func `Findings of a file are told all at once, with their paths`() throws {
        let broken = yaml.replacingLine("name: Out", with: "nam: Out").replacingLine("runOrder: 1", with: "runOrder: 0")
        let definition = try DefinitionFile.parse(Array(broken.utf8), file: "pipeline.yaml")
        #expect(
            definition.findings.map { "\($0.rule) \($0.path)" } == [
                "ACT-1 stages[1].actions[0].outputArtifacts[0].name",
                "ACT-1 stages[1].actions[0].outputArtifacts[0].nam",
                "ACT-3 stages[0].actions[0].runOrder",
            ])
    }
}

private let yaml = """
    pipeline:
      name: shop
      pipelineType: V2
      stages:
        - name: Source
          actions:
            - name: Checkout
              actionTypeId: {category: Source, owner: AWS, provider: CodeCommit, version: 1}
              runOrder: 1
              configuration: {RepositoryName: shop, BranchName: main, PollForSourceChanges: false}
              outputArtifacts: [{name: Src}]
        - name: Build
          actions:
            - name: Compile
              actionTypeId:
                category: Build
                owner: AWS
                provider: CodeBuild
                version: "1"
              configuration:
                ProjectName: 0042
              inputArtifacts:
                - name: Src
              outputArtifacts:
                - name: Out
    """

extension String {
    fileprivate func replacingLine(_ line: String, with other: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { text in
            text.hasSuffix(line) ? text.dropLast(line.count) + other : text
        }.joined(separator: "\n")
    }
}
