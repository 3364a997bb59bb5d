import Glibc
import Jansson
import Testing

extension BadInputTests {
    // MARK: Artifacts

    @Test(
        "an output that cannot be taken fails its action by name, and nothing of it is kept (HST-14)",
        arguments: [
            ("rmdir out/App", "output artifact App: ", "JobFailed"),
            ("ln -s /etc/passwd out/App/leak", "leak", "PermissionError"),
            ("ln -s ../../../etc out/App/up", "up", "PermissionError"),
            ("mkfifo out/App/pipe", "pipe", "PermissionError"),
        ])
    func badOutput(script: String, message: String, code: String) async throws {
        let site = try Site()
        let outcome = try await site.run(
            pipeline(
                source, Stage("Build", action("Make", script, out: ["App"])),
                Stage("End", action("Use", "true", in: ["App"]))))
        #expect(outcome.code == 1, "\(outcome)")
        let error = try #require(try await site.shown().action("Make")["error"])
        #expect(
            error["code"] == .string(code) && error["message"]?.stringValue?.contains("output artifact App: ") == true)
        #expect(error["message"]?.stringValue?.contains(message) == true, "\(error.text)")
        #expect(try await site.shown().action("Make")["artifacts"] == nil)
        try await site.expectNothingLeft()
    }

    @Test("a source directory that holds what no artifact may is refused by name")
    func badSource() async throws {
        let site = try Site()
        try site.makeFolder(site.place("work"))
        try #require(mkfifo(site.place("work/pipe"), 0o644) == 0)
        let outcome = try await site.run(pipeline(source, Stage("End", approval("Ok"))), "--source", "Fetch=work")
        #expect(
            outcome.code == 1 && outcome.text.contains("output artifact Code: ") && outcome.text.contains("pipe"),
            "\(outcome)")
    }

    @Test(
        "an input artifact that is gone from the store or was changed in it fails the action that needs it",
        arguments: ["rm", "damage"])
    func badInput(what: String) async throws {
        let site = try Site()
        let definition = pipeline(source, Stage("Build", action("Use", "cat in/Code/file", in: ["Code"])))
        #expect(try await site.run(definition, "--stop-after", "Source").code == 4)
        let script = what == "rm" ? "rm -f {} +" : "sh -c 'for f; do chmod u+w $f; echo evil > $f; done' x {} +"
        let damage = "find state/artifacts/blobs -type f -exec \(script)"
        #expect(try await site.launch(["/bin/bash", "-c", damage]).outcome().code == 0)
        let outcome = try await site.resume()
        #expect(outcome.code == 1 && !outcome.text.contains("| evil"), "\(outcome)")
        let error = try #require(try await site.shown().action("Use")["error"])
        #expect(
            error["code"] == "RevisionUnavailable"
                && error["message"]?.stringValue?.hasPrefix("input artifact Code: ") == true, "\(error.text)")
        try await site.expectNothingLeft()
    }

    // MARK: Secrets

    @Test("secrets appear nowhere, however they are said (HST-13)")
    func secrets() async throws {
        let site = try Site()
        let (token, key) = ("tok-3f9a!77 zq", "key \"with\" quotes")
        try site.write("\(key)\n", to: "key")
        try site.write("\nsecrets: {deploy-key: {file: \(site.place("key"))}}\n", to: "more.yaml")
        try site.write(contents(site.place("settings.yaml"))! + contents(site.place("more.yaml"))!, to: "settings.yaml")
        let say = """
            echo "$token"; echo "$token" | base64; echo "$token" | jq -R .; printf '%s' "${token:0:7}"; sleep 0.1; echo "${token:7}"; \
            fail "no entry with $token"
            """
        let definition = pipeline(
            source,
            Stage(
                "Use",
                action(
                    "Tell", type: "Build/Custom/Peek", configuration: ["Script": .string(say), "Token": .string(token)]),
                commands(
                    "Print", "echo \"<$KEY>\"; echo \"$KEY\" | base64; echo \"<$PLAIN>\"",
                    more: [
                        "environmentVariables": [
                            ["name": "KEY", "value": "deploy-key", "type": "SECRETS_MANAGER"],
                            ["name": "PLAIN", "value": "seen"],
                        ]
                    ])))
        let human = try await site.run(definition)
        let json = try await site.run(definition, "--format", "json")
        let id = try await site.execution()
        let places =
            [
                human.description, json.description, try await site.penstock("show", id).text,
                try await site.penstock("logs", id).text,
                try await site.penstock("show", id, "--format", "json").text,
            ] + names(in: "\(site.state)/logs/\(id)").compactMap { contents("\(site.state)/logs/\(id)/\($0)") }
        #expect(human.code == 1 && human.text.contains("***") && human.text.contains("<seen>"), "\(human)")
        #expect(places.count == 8, "with the logs of three actions")
        for place in places {
            for secret in [token, key, "dG9rLTNmOWEhNzcgen", "a2V5IFwid2l0aFwi", "a2V5ICJ3aXRo", #"key \"with\""#] {
                #expect(!place.contains(secret), "\(secret) is in \(place)")
            }
        }
    }

    @Test(
        "a secret that is not there is given as the lines to add, one that cannot be read as the reason",
        arguments: [
            ("", "has no secret deploy-key. Add to it:\nsecrets: {\"deploy-key\": {file: /PATH/OF/THE/SECRET}}"),
            (
                "secrets: {deploy-key: {file: /no/such/file}}",
                "secret deploy-key: cannot read /no/such/file: No such file"
            ),
            (
                "secrets: {deploy-key: {environment: NO_SUCH}}",
                "secret deploy-key: the environment variable NO_SUCH is not set"
            ),
        ])
    func missingSecret(settings: String, message: String) async throws {
        let site = try Site()
        try site.write(contents(site.place("settings.yaml"))! + settings + "\n", to: "settings.yaml")
        let outcome = try await site.run(
            pipeline(
                source,
                Stage(
                    "Use",
                    commands(
                        "Print", "true",
                        more: [
                            "environmentVariables": [["name": "KEY", "value": "deploy-key", "type": "SECRETS_MANAGER"]]
                        ]))))
        #expect(outcome.code == 1 && outcome.text.contains("ConfigurationError ("), "\(outcome)")
        #expect(outcome.text.contains(message), "\(outcome)")
    }
}
