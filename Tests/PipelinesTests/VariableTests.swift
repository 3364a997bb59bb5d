import Pipelines
import Testing

struct VariableTests {
    private let values = ["Src.CommitId": "abc", "Src.Trick": "#{Src.CommitId}", "a@b-c_d.9": "mark"]

    private func resolve(_ text: String) throws(UnresolvedVariable) -> String {
        try VariableTemplate(text).resolved { values[$0.description] }
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("#{Src.CommitId}", "abc"),
        ("v-#{Src.CommitId}-#{Src.CommitId}.zip", "v-abc-abc.zip"),
        ("#{a@b-c_d.9}", "mark"), ("ü#{Src.CommitId}ß", "üabcß"),
    ])
    func `VAR-1: references are replaced wherever they stand in a text`(text: String, expected: String) throws {
        #expect(try resolve(text) == expected)
    }

    @Test func `VAR-1: what was put in is not scanned again`() throws {
        #expect(try resolve("#{Src.Trick}") == "#{Src.CommitId}")
        #expect(try resolve("#{Src#{Src.Trick}}") == "#{Src#{Src.CommitId}}")
    }

    @Test(arguments: [
        "#", "#{", "#{}", "#{a}", "#{a.}", "#{.a}", "#{a.b.c}", "#{a b.c}", "#{ a.b }", "#{a.b", "# {a.b}", "${a.b}",
        "#{a.é}",
    ])
    func `VAR-1: what is no reference stays as it is`(text: String) throws {
        #expect(VariableTemplate(text).references == [])
        #expect(try resolve(text) == text)
    }

    @Test func `VAR-1: what was surely meant as a reference is told to the validator`() {
        #expect(VariableTemplate("#{a} #{ a.b } #{1 + x} #{a.b.c} #{").malformed == ["#{a}", "#{ a.b }", "#{a.b.c}"])
    }

    @Test func `VAR-3: a value that is not there is named with its place`() {
        let type = ActionTypeID(category: "Compute", owner: "AWS", provider: "Commands", version: "1")
        let action = Action(name: "Run", type: type, commands: ["true", "echo #{Src.Nothing}"])
        #expect(throws: UnresolvedVariable(reference: .init(namespace: "Src", key: "Nothing"), path: "commands[1]")) {
            try action.resolved { values[$0.description] }
        }
        #expect(throws: UnresolvedVariable(reference: .init(namespace: "Src", key: "Nothing"))) {
            try resolve("#{Src.Nothing}")
        }
    }

    @Test func `VAR-1: configuration, commands and environment variables are resolved, names are not`() throws {
        let reference = "#{Src.CommitId}"
        let action = Action(
            name: reference, type: .manualApproval, configuration: ["A": reference, reference: "x"],
            commands: ["echo \(reference)"], environmentVariables: [.init(name: "E", value: reference)])
        let resolved = try action.resolved { values[$0.description] }
        #expect(resolved.name == reference)
        #expect(resolved.configuration == ["A": "abc", reference: "x"])
        #expect(resolved.commands == ["echo abc"])
        #expect(resolved.environmentVariables == [.init(name: "E", value: "abc")])
        #expect(
            action.templates.map(\.path) == [
                "configuration.#{Src.CommitId}", "configuration.A", "commands[0]", "environmentVariables[0].value",
            ])
    }
}
