import Foundation
import Jansson
import PluginHost
import PluginProtocol
import Settings
import Testing

@Suite("Settings")
struct SettingsTests {
    private func settings(_ json: String) throws -> Settings {
        try Settings(JSON(parsing: json), path: "s.yaml", providers: ["CodeCommit", "Local"])
    }

    @Test("grants are read, and a path may stand without its list")
    func grants() throws {
        let settings = try settings(
            #"{"grants":{"git":{"network":true,"environment":["A"],"hostPaths":{"r":"/a","s":["/b","/c"]}}}}"#)
        #expect(
            settings.grants(of: "git")
                == Grants(network: true, environment: ["A"], hostPaths: ["r": ["/a"], "s": ["/b", "/c"]]))
        #expect(settings.grants(of: "other") == Grants())
    }

    @Test("the entry that an action names is found, and a missing one is answered with the lines to add")
    func entries() throws {
        let settings = try settings(#"{"CodeCommit":{"repositories":{"shop":{"url":"/srv/shop.git"}}}}"#)
        let entry = try settings.entry(provider: "CodeCommit", collection: "repositories", key: "shop")
        #expect(entry.value == ["url": "/srv/shop.git"])
        #expect(entry.secrets.isEmpty)
        do {
            _ = try settings.entry(
                provider: "CodeCommit", collection: "repositories", key: "shopp",
                members: [
                    .init(name: "url", required: true, description: "where it is"),
                    .init(name: "user", required: false, description: "who"),
                ])
            Issue.record("found")
        } catch {
            #expect(error.message.contains("the settings file s.yaml says nothing about shopp (it has \"shop\")"))
            #expect(error.message.contains(#"CodeCommit: {repositories: {"shopp": {url: …}}}"#))
            #expect(error.message.hasSuffix("\n  url: where it is\n  user (optional): who"))
        }
        do {
            _ = try Settings.none.entry(provider: "P", collection: "c", key: "k")
            Issue.record("found")
        } catch {
            #expect(error.message.contains("there is no settings file, so it says nothing about k"))
        }
    }

    @Test("a secret that an entry refers to stands in its place, and is known as one")
    func secretsInEntries() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data("s3cret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let settings = try settings(
            #"""
            {"secrets":{"a":{"file":"\#(file.path)"}},
             "Local":{"targets":{"t":{"list":[1,{"key":{"secret":"a"}}],"secret":"plain","other":{"secret":"b"}},
                                 "u":{"key":{"secret":"a"},"secret":"plain"},"v":{"to":["CHOOSE: where"]}}}}
            """#)
        let entry = try settings.entry(provider: "Local", collection: "targets", key: "u")
        #expect(entry.value == ["key": "s3cret", "secret": "plain"])
        #expect(entry.secrets == ["a": "s3cret"])
        for (key, text) in [
            ("t", "the settings file s.yaml has no secret b. Add to it:\nsecrets: {\"b\": {file:"),
            (
                "v",
                #"the settings file s.yaml still says "CHOOSE: where" at Local.targets.v.to[0]: put the value there"#
            ),
        ] {
            do {
                _ = try settings.entry(provider: "Local", collection: "targets", key: key)
                Issue.record("found")
            } catch {
                #expect(error.message.contains(text), "\(error.message)")
            }
        }
    }

    @Test("what the plugin does not know or lacks is named, and so is a collection that is nearly the right one")
    func members() throws {
        let settings = try settings(
            #"{"Local":{"targets":{"a":{"pth":"/a"},"b":{"keep":1}},"secrets":{}},"CodeCommit":{"repository":{}}}"#)
        let members = [
            ProviderSettings.Member(name: "path", required: true, description: "where"),
            .init(name: "keep", required: false, description: "how many"),
        ]
        for (provider, collection, key, text) in [
            ("Local", "targets", "a", "s.yaml has Local.targets.a.pth, which means nothing: did you mean \"path\"?"),
            ("Local", "targets", "b", "s.yaml lacks Local.targets.b.path: where"),
            ("CodeCommit", "repositories", "x", "says nothing about x (it has \"CodeCommit.repository\")"),
        ] {
            do {
                _ = try settings.entry(provider: provider, collection: collection, key: key, members: members)
                Issue.record("found")
            } catch {
                #expect(error.message.contains(text), "\(error.message)")
            }
        }
    }

    @Test("a secret whose file is still to be chosen says so")
    func chosen() throws {
        let settings = try settings(#"{"secrets":{"a":{"file":"CHOOSE: the path"}}}"#)
        do {
            _ = try settings.secret(SecretRequest("a"))
            Issue.record("read")
        } catch {
            #expect(error.message.contains(#"secret a: the settings still say "CHOOSE: the path""#))
        }
    }

    @Test(
        "what is wrong is named by its path",
        arguments: [
            (
                #"{"grants":{"git":{"netwrok":true}}}"#,
                "grants.git.netwrok is not a known key; did you mean \"network\"?"
            ),
            (#"{"grants":{"git":{"network":"yes"}}}"#, "grants.git.network must be true or false, found a string"),
            (
                #"{"grants":{"git":{"hostPaths":{"r":[1]}}}}"#,
                "grants.git.hostPaths.r[0] must be a string, found an integer"
            ),
            (#"{"grant":{}}"#, "grant is not a known provider; did you mean \"grants\"?"),
            (#"{"Codecommit":{}}"#, "Codecommit is not a known provider; did you mean \"CodeCommit\"?"),
            (#"{"CodeCommit":{"repositories":[]}}"#, "CodeCommit.repositories must be an object, found a list"),
            (
                #"{"CodeCommit":{"repositories":{"a":"/x"}}}"#,
                "CodeCommit.repositories.a must be an object, found a string"
            ),
            (#"{"secrets":{"a":{}}}"#, #"secrets.a must have exactly one of "file", "environment", "command", "aws""#),
            ("[]", "the document must be an object, found a list"),
        ])
    func wrong(json: String, message: String) throws {
        do {
            _ = try settings(json)
            Issue.record("accepted")
        } catch let error as JSONTypeError {
            #expect(error.description == message)
        }
    }

    @Test("a secret is read when it is asked for, without its last line feed; an unknown one is answered with lines")
    func secrets() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data("s3cret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let settings = try settings(
            #"{"secrets":{"a":{"file":"\#(file.path)"},"b":{"file":"/nowhere"},"c":{"environment":"PENSTOCK_NOT_SET"}}}"#
        )
        #expect(try settings.secret(SecretRequest("a")) == "s3cret")
        for (name, words) in [
            ("b", "cannot read /nowhere: No such file"), ("c", "PENSTOCK_NOT_SET is not set"),
            ("d", #"secrets: {"d": {file: /PATH/OF/THE/SECRET}}"#),
        ] {
            do {
                _ = try settings.secret(SecretRequest(name))
                Issue.record("read \(name)")
            } catch {
                #expect(error.message.contains(words))
            }
        }
    }
}
