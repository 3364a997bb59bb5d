import Foundation
import Glibc
import Jansson
import Testing

/// Long and odd enough for every encoding to differ.
private let password = #"pa55 w/"ord" é?&x"#
private let token = "tok-8f2b61c09d"

@Suite("Secrets by reference (VAR-9)")
struct SecretTests {
    /// `db` is JSON from a program, `api` a file.
    private func site() throws -> Site {
        let site = try Site()
        let document = JSON.object(["user": "shop", "password": .string(password)]).text
        try site.write("#!/bin/sh\ncat <<'END'\n\(document)\nEND\n", to: "vault", mode: 0o700)
        try site.write("\(token)\n", to: "api", mode: 0o600)
        let secrets = "secrets: {db: {command: [\(site.place("vault"))]}, api: {file: \(site.place("api"))}}\n"
        try site.write(contents(site.place("settings.yaml"))! + secrets, to: "settings.yaml")
        return site
    }

    /// Says its secret in many ways.
    private func telling(_ end: String) -> JSON {
        let script = """
            printf '%s\\n' "$token"; printf %s "$token" | base64 -w0; echo; printf 'x%s' "$token" | base64 -w0; echo
            jq -rn --arg t "$token" '$t|@uri, @json'; echo "stray $token" >&3
            send '"type":"log","level":"info","message":'"$(jq -n --arg t "$token" '$t')"
            send '"type":"progress","executionDetails":{"summary":'"$(jq -n --arg t "$token" '$t')}"
            echo "$(get .secretConfigurationKeys[0]) is secret"; \(end)
            """
        return action(
            "Tell", type: "Build/Custom/Peek",
            configuration: [
                "Script": .string(script),
                "Token": "postgres://u:{{resolve:secretsmanager:db:SecretString:password}}@h?k={{secret:api}}",
            ], in: ["Code"], out: ["App"])
    }

    private func definition(_ end: String) -> JSON {
        pipeline(
            source, Stage("Tell", telling(end)),
            Stage(
                "Print",
                commands(
                    "Print", #"[ "$URL" = "$EXPECTED" ] || [ -n "$URL" ]"#,
                    #"printf '%s\n' "<$URL>" "$URL" | tee -a $HOME/x"#,
                    more: ["environmentVariables": [["name": "URL", "value": "https://x:{{secret:api}}@h"]]])))
    }

    /// Every form of a secret that no file of the state may hold.
    private func forms(of secret: String) throws -> [[UInt8]] {
        let bytes = Array(secret.utf8)
        var forms = [bytes, Array(JSON.string(secret).text.utf8.dropFirst().dropLast())]
        forms.append(Array(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!.utf8))
        for alignment in 0...2 {
            let text = Data([UInt8](repeating: 0, count: alignment) + bytes).base64EncodedString()
            forms.append(Array(text.utf8.dropFirst(4).dropLast(4)))
        }
        return forms
    }

    /// Looks into every file of the state directory, the database and its journal too.
    private func expectNoSecret(_ site: Site, _ location: SourceLocation = #_sourceLocation) throws {
        let files = try #require(FileManager.default.enumerator(atPath: site.state)).compactMap { $0 as? String }
        #expect(files.contains("penstock.db") && files.contains { $0.hasSuffix(".log") }, sourceLocation: location)
        for file in files {
            guard let data = FileManager.default.contents(atPath: "\(site.state)/\(file)") else { continue }
            for form in try forms(of: password) + forms(of: token) {
                let isThere = data.withUnsafeBytes { holds($0, form) }
                #expect(!isThere, "\(file) holds \(String(decoding: form, as: UTF8.self))", sourceLocation: location)
            }
        }
    }

    private func expectNoSecret(in text: String, _ location: SourceLocation = #_sourceLocation) throws {
        for form in try forms(of: password) + forms(of: token) {
            #expect(!text.contains(String(decoding: form, as: UTF8.self)), sourceLocation: location)
        }
    }

    @Test("the plugin has the secret, the state directory never, after success")
    func success() async throws {
        let site = try site()
        // The plugin itself says whether it has the right one, and tells no more of it.
        try site.write("postgres://u:\(password)@h?k=\(token)", to: "signs/expected")
        let end = "[ \"$token\" = \"$(cat \(site.signs)/expected)\" ] && echo the same; echo x > out/App/f; succeed"
        let outcome = try await site.run(definition(end))
        #expect(outcome.code == 0 && outcome.text.contains("| the same"), "\(outcome)")
        #expect(outcome.text.contains("| postgres://u:***@h?k=***") && outcome.text.contains("| <***>"))
        #expect(outcome.text.contains("| Token is secret"))
        try expectNoSecret(in: outcome.description)
        try expectNoSecret(site)
        let shown = try await site.penstock("show", try await site.execution(), "--format", "json").text
        try expectNoSecret(in: shown)
    }

    @Test("nor after a failure, whose message has it, and whose workspace is kept and looked into")
    func failure() async throws {
        let site = try site()
        let end = #"fail "$(jq -n --arg t "$token" '$t' | sed 's/^"//; s/"$//')""#
        let outcome = try await site.run(definition(end), "--keep-failed")
        #expect(outcome.code == 1 && outcome.text.contains("postgres://u:***@h?k=***"), "\(outcome)")
        try expectNoSecret(in: outcome.description)
        try expectNoSecret(site)
        let shell = try await site.start(["shell", try await site.execution(), "Tell", "--", "cat", "tmp/job.json"])
            .outcome()
        #expect(shell.text.contains(#""Token":"***""#), "\(shell)")
        try expectNoSecret(in: shell.description)
        try expectNoSecret(site)
    }

    @Test("nor after a secret in an output variable, which fails the job")
    func output() async throws {
        let site = try site()
        let end = #"succeed "\"outputVariables\":{\"V\":$(jq -n --arg t "$token" '$t')}""#
        let outcome = try await site.run(definition(end))
        #expect(outcome.code == 1 && outcome.text.contains("SecretInOutput"), "\(outcome)")
        try expectNoSecret(in: outcome.description)
        try expectNoSecret(site)
    }

    @Test(
        "nor when the core is killed with the job in flight, nor after it went on",
        arguments: ["jobSent:2", "resultRead:2"])
    func killed(at moment: String) async throws {
        let site = try site()
        try site.write(definition("echo x > out/App/f; succeed").text, to: "pipeline.json")
        let outcome = try await site.start(["run", "pipeline.json"], environment: ["PENSTOCK_FAILPOINT": moment])
            .outcome()
        try #require(outcome.code == nil, "it is killed at \(moment): \(outcome)")
        try expectNoSecret(site)
        let resumed = try await site.resume()
        #expect(resumed.code == 0, "\(resumed)")
        try expectNoSecret(in: resumed.description)
        try expectNoSecret(site)
    }

    @Test("what a variable brings along is never taken for a reference")
    func injection() async throws {
        let site = try site()
        let tell = #"echo "has: $token""#
        let outcome = try await site.run(
            pipeline(
                source,
                Stage(
                    "Build",
                    action(
                        "Make", #"open={; succeed '"outputVariables":{"V":"{'"$open"'secret:api}}","N":"api"}'"#,
                        more: ["namespace": "Built"])),
                Stage(
                    "Use",
                    action(
                        "Tell", type: "Build/Custom/Peek",
                        configuration: [
                            "Script": .string(tell), "Token": "#{Built.V}#{variables.Given}{{secret:api}} {#{Built.N}",
                        ])), more: ["variables": [["name": "Given"]]]), "--variable", "Given={{secret:db}}")
        #expect(outcome.code == 0 && outcome.text.contains("| has: {{secret:api}}{{secret:db}}*** {api"), "\(outcome)")
        try expectNoSecret(site)
    }

    @Test("a secret that is too short to be masked is told in the log, by its name")
    func short() async throws {
        let site = try site()
        try site.write("abc\n", to: "api")
        let outcome = try await site.run(
            pipeline(
                source,
                Stage(
                    "Use",
                    action(
                        "A", type: "Build/Custom/Peek", configuration: ["Script": "true", "Token": "{{secret:api}}"]))))
        #expect(outcome.code == 0, "\(outcome)")
        let log = try await site.penstock("logs", try await site.execution(), "A").text
        #expect(log.contains("the secret api cannot be masked in the log: it has fewer than 6"), "\(log)")
    }

    @Test("validate and plan know references: the malformed, the unknown, and places where none may stand")
    func findings() async throws {
        let site = try site()
        func validate(_ configuration: [String: JSON], _ more: [String: JSON] = [:]) async throws -> Outcome {
            try site.write(
                pipeline(
                    source, Stage("Use", action("A", type: "Build/Custom/Peek", configuration: configuration)),
                    more: more
                )
                .text, to: "pipeline.json")
            return try await site.penstock("validate", "pipeline.json")
        }
        let bad = try await validate(["Script": "true", "Token": "{{resolve:secretmanager:db}}"])
        #expect(
            bad.code == 1
                && bad.text.contains("stages[1].actions[0].configuration.Token: {{resolve:secretmanager:db}} is no")
                && bad.text.contains("write {{secret:NAME}}, {{resolve:secretsmanager:"), "\(bad)")
        let shown = try await validate(
            ["Script": "true"], ["variables": [["name": "V", "defaultValue": "{{secret:api}}"]]])
        #expect(
            shown.code == 1 && shown.text.contains("variables[0].defaultValue: A secret must not stand here"),
            "\(shown)")
        #expect(try await validate(["Script": "true", "Token": "{{secret:nope}}"]).code == 0)
        unlink(site.place("vault"))
        let plan = try await site.penstock("plan", "pipeline.json")
        #expect(
            plan.code == 1 && plan.text.contains("has no secret nope. Add to it:")
                && plan.text.contains(#"secrets: {"nope": {file: /PATH/OF/THE/SECRET}}"#), "\(plan)")
        // Nothing is run by a plan, so it does not know that this one is gone.
        #expect(try await validate(["Script": "true", "Token": "{{secret:db}}"]).code == 0)
        #expect(try await site.penstock("plan", "pipeline.json").code == 0)
        let run = try await site.start(["run", "pipeline.json"]).outcome()
        #expect(run.code == 1 && run.text.contains("secret db: there is no program \(site.place("vault"))"), "\(run)")
    }
}

private func holds(_ bytes: UnsafeRawBufferPointer, _ form: [UInt8]) -> Bool {
    guard var place = bytes.baseAddress, let first = form.first else { return false }
    let end = place + bytes.count
    while end - place >= form.count, let found = memchr(place, Int32(first), end - place) {
        let start = UnsafeRawPointer(found)
        if end - start >= form.count, memcmp(start, form, form.count) == 0 { return true }
        place = start + 1
    }
    return false
}
