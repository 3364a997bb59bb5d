import Foundation
import Jansson
import PluginHost
import Settings
import Testing

@Suite("Secrets of the settings")
struct SecretTests {
    private func settings(_ secrets: String, awsProgram: String? = nil) throws -> Settings {
        try Settings(
            JSON(parsing: #"{"secrets":\#(secrets)}"#), path: "s.yaml", providers: [], awsProgram: awsProgram)
    }

    /// What the failure says; it must not be a success.
    private func problem(_ settings: Settings, _ request: SecretRequest) throws -> String {
        do {
            let value = try settings.secret(request)
            Issue.record("read: \(value ?? "nil")")
            return ""
        } catch {
            return error.message
        }
    }

    /// A program of this test's own.
    private func withScript<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
        let path = FileManager.default.temporaryDirectory.appending(path: "secret \(UUID().uuidString)").path
        try "#!/bin/bash\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o755)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test("a command's output is the secret; it is run without a shell, and with our environment")
    func command() throws {
        let settings = try settings(
            #"{"a":{"command":["printf","%s\n%s\n","$HOME; `id` é",""]},"b":{"command":["/usr/bin/env"]}}"#)
        #expect(try settings.secret(SecretRequest("a")) == "$HOME; `id` é\n")
        #expect(try settings.secret(SecretRequest("b"))?.contains("PATH=") == true)
    }

    @Test(
        "a command that fails is told without what it printed",
        arguments: [
            ("echo hunter2; echo hunter2 >&2; exit 3", "ended with exit code 3"),
            ("echo hunter2; kill -9 $$", "was ended by signal 9"),
            ("echo hunter2; exec sleep 1000", "did not end within 1 s, and is killed"),
            ("echo hunter2; sleep 1000 & sleep 1000", "did not end within 1 s, and is killed"),
            ("head -c 70000 /dev/zero", "printed more than 65536 bytes"),
            ("exit 0", "printed nothing"), (#"printf '\377hunter2'"#, "is no text in UTF-8"),
        ])
    func failures(script: String, message: String) throws {
        try withScript(script) { path in
            let settings = try settings(#"{"a":{"command":["\#(path)"],"timeoutSeconds":1}}"#)
            let problem = try problem(settings, SecretRequest("a"))
            #expect(problem.hasPrefix("secret a: ") && problem.contains(message), "\(problem)")
            #expect(!problem.contains("hunter2"))
        }
    }

    @Test("a program that leaves something behind is not waited for, and what it left is killed")
    func leftovers() throws {
        try withScript(#"sleep 1000 & echo $! > "$0.pid"; echo value"#) { path in
            defer { unlink("\(path).pid") }
            let settings = try settings(#"{"a":{"command":["\#(path)"],"timeoutSeconds":60}}"#)
            #expect(try settings.secret(SecretRequest("a")) == "value")
            let pid = try String(contentsOfFile: "\(path).pid", encoding: .utf8).dropLast()
            // A signal takes its moment; the time limit is only for a test that fails.
            let end = ContinuousClock.now + .seconds(30)
            func runs() -> Bool {
                let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z "
                return !state.contains(") Z ") && !state.contains(") X ")
            }
            while runs(), ContinuousClock.now < end { sched_yield() }
            #expect(!runs(), "it is killed")
        }
    }

    @Test("a program that is not there is named")
    func missing() throws {
        let settings = try settings(#"{"a":{"command":["no-such-program"]},"b":{"command":["/no/such"]}}"#)
        #expect(try problem(settings, SecretRequest("a")) == "secret a: there is no program no-such-program")
        #expect(try problem(settings, SecretRequest("b")) == "secret b: there is no program /no/such")
    }

    @Test("who only looks runs no program")
    func lookedAt() throws {
        let settings = try settings(#"{"a":{"command":["/no/such"]},"b":{"aws":{}},"c":{"environment":"PATH"}}"#)
            .lookedAt
        #expect(try settings.secret(SecretRequest("a")) == nil && settings.secret(SecretRequest("b")) == nil)
        #expect(try settings.secret(SecretRequest("c"))?.isEmpty == false)
        #expect(try problem(settings, SecretRequest("d")).contains("has no secret d"))
    }

    @Test("AWS is asked by the program that is installed for it, with what the settings say and the reference asks")
    func aws() throws {
        try withScript(#"printf '{"value": %s}' "$(jq -c . | jq -Rs .)""#) { path in
            let settings = try settings(
                #"""
                {"key":{"command":["echo","s3cret-key"]},
                 "prod/*":{"aws":{"region":"eu-west-1"}},
                 "prod/shop/*":{"aws":{"service":"ssm","endpoint":"http://localhost:1","accessKeyId":"id",
                   "secretAccessKey":{"secret":"key"}}},
                 "one":{"aws":{"id":"other"}}}
                """#, awsProgram: path)
            func asked(_ request: SecretRequest) throws -> JSON {
                try JSON(parsing: #require(try settings.secret(request)))
            }
            #expect(
                try asked(SecretRequest("prod/db", version: "v1"))
                    == ["service": "secretsmanager", "id": "prod/db", "region": "eu-west-1", "version": "v1"])
            #expect(
                try asked(SecretRequest("prod/shop/db", service: .systemsManager))
                    == [
                        "service": "ssm", "id": "prod/shop/db", "endpoint": "http://localhost:1", "accessKeyId": "id",
                        "secretAccessKey": "s3cret-key",
                    ])
            #expect(try asked(SecretRequest("one", service: .systemsManager)) == ["service": "ssm", "id": "other"])
            #expect(
                try problem(settings, SecretRequest("prod/shop/db", service: .secretsManager))
                    .contains("is asked of secretsmanager, and the settings keep it in ssm"))
            #expect(
                try problem(settings, SecretRequest("pro", service: .secretsManager))
                    .hasSuffix(#"Add to it:"# + "\n" + #"secrets: {"pro": {aws: {region: …}}}"#))
        }
    }

    @Test(
        "an answer that is none is told",
        arguments: [
            (#"echo '{"error":"AccessDenied: no"}'; exit 1"#, "secretsmanager of AWS: AccessDenied: no"),
            ("echo x", "gave no answer"), ("exit 7", "ended with exit code 7"),
            (#"printf '{"value":"%070000d"}' 1"#, "it is larger than 65536 bytes"),
        ])
    func badAnswers(script: String, message: String) throws {
        try withScript(script) { path in
            let settings = try settings(#"{"a":{"aws":{}}}"#, awsProgram: path)
            #expect(try problem(settings, SecretRequest("a")).contains(message))
        }
        #expect(try problem(settings(#"{"a":{"aws":{}}}"#), SecretRequest("a")).contains("install Penstock again"))
    }

    @Test("a version is asked for only where there are some")
    func versions() throws {
        let settings = try settings(#"{"a":{"environment":"PATH"}}"#)
        #expect(
            try problem(settings, SecretRequest("a", version: "1")).contains("only a secret from {aws: …} has versions")
        )
    }

    @Test("a member of a secret that is JSON is taken, and a missing one told without the secret")
    func members() throws {
        let request = SecretRequest("a", jsonKey: "user")
        #expect(try request.part(of: #"{"user":"x","n":1}"#) == "x")
        #expect(try SecretRequest("a", jsonKey: "n").part(of: #"{"n":{"b":1}}"#) == #"{"b":1}"#)
        #expect(try SecretRequest("a").part(of: "hunter2") == "hunter2")
        for whole in ["hunter2", #"["hunter2"]"#, #"{"hunter2":"x"}"#, #"{"user":null}"#] {
            do {
                _ = try request.part(of: whole)
                Issue.record("taken")
            } catch {
                #expect(error.message.hasPrefix("secret a: has no member user") && !error.message.contains("hunter2"))
            }
        }
    }

    @Test(
        "what is wrong is named by its path",
        arguments: [
            (#"{"a":{"file":"/x","environment":"X"}}"#, "secrets.a must have exactly one of"),
            (#"{"a":{"command":[]}}"#, "secrets.a.command must name a program"),
            (#"{"a":{"command":"pass"}}"#, "secrets.a.command must be a list, found a string"),
            (#"{"a":{"command":["x"],"timeoutSeconds":0}}"#, "secrets.a.timeoutSeconds must be"),
            (#"{"a":{"file":"/x","timeoutSeconds":5}}"#, #"secrets.a.timeoutSeconds belongs to a "command""#),
            (#"{"a/*":{"file":"/x"}}"#, #"secrets.a/* must be from "aws", because its name stands for many"#),
            (#"{"a/*":{"aws":{"id":"x"}}}"#, #"secrets.a/* must have no "id""#),
            (#"{"a":{"aws":{"service":"kms"}}}"#, "secrets.a.aws.service must be secretsmanager or ssm"),
            (#"{"a":{"aws":{"accessKeyId":"x"}}}"#, #"secrets.a.aws must have both "accessKeyId""#),
            (#"{"a":{"aws":{"regoin":"x"}}}"#, #"secrets.a.aws.regoin is not a known key; did you mean "region"?"#),
            (
                #"{"a":{"aws":{"accessKeyId":"x","secretAccessKey":{"secret":"b"}}}}"#,
                "secrets.a.aws.secretAccessKey.secret names no secret of these settings: b"
            ),
            (
                #"{"a":{"aws":{"accessKeyId":"x","secretAccessKey":{"secret":"a"}}}}"#,
                "secrets.a.aws.secretAccessKey.secret must not be kept in AWS: a"
            ),
        ])
    func wrong(json: String, message: String) throws {
        do {
            _ = try settings(json)
            Issue.record("accepted")
        } catch let error as JSONTypeError {
            #expect(error.description.contains(message), "\(error)")
        }
    }
}
