import Testing

@testable import Authoring

@Suite("A new plugin")
struct NewPluginTests {
    @Test(
        "the provider is made of the name",
        arguments: [("hello", "Hello"), ("acme-deploy", "AcmeDeploy"), ("a_b-c", "ABC"), ("x2", "X2")])
    func provider(name: String, provider: String) throws {
        #expect(try NewPlugin(name: name, category: "Build").provider == provider)
    }

    @Test(
        "MAN-01, MAN-03: what is no name, category or provider is refused with its value and the limit",
        arguments: [
            ("", "Build", nil, "\"\" is no name of a plugin: 1 to 64 of 0-9 A-Z a-z _ and -"),
            ("../x", "Build", nil, "\"../x\" is no name of a plugin"),
            ("hällo", "Build", nil, "\"hällo\" is no name of a plugin"),
            (String(repeating: "a", count: 65), "Build", nil, "1 to 64"),
            ("hello", "build", nil, "--category build: must be one of Source, Build, "),
            ("hello", "Buil", nil, "; did you mean Build?"),
            ("hello", "Build", "My Provider", "\"My Provider\" is no provider: 1 to 35 of "),
            (String(repeating: "a", count: 36), "Build", nil, "; name one with --provider"),
            ("--", "Build", nil, "\"\" is no provider"),
        ])
    func refusals(name: String, category: String, provider: String?, problem: String) {
        let error = #expect(throws: InvalidNewPlugin.self) {
            try NewPlugin(name: name, category: category, provider: provider)
        }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }
}
